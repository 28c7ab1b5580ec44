"""G5: whether a process lives is answered before anything that waits."""

from __future__ import annotations

import threading
from typing import Any

from idp.serving.connections import Limits
from idp.serving.gate import Gate
from tests.edge.conftest import Asked


def test_G5_who_asks_whether_it_lives_waits_for_nobody_and_nobody_is_forgotten() -> None:
    released, begun = threading.Event(), threading.Semaphore(0)

    class App:
        def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
            begun.release()
            released.wait(30)
            if environ["PATH_INFO"] == "/broken":
                raise RuntimeError("as an application may")
            start_response("204 No Content", [])
            return []

        def answer(self, environ: dict[str, Any]) -> Any:
            return (204, [], b"") if environ["PATH_INFO"] == "/idp/healthz" else None

    gate = Gate(App(), Limits(30, 30, 30, 100, 100), 2)
    slow = [Asked(b"/login", str(port)) for port in range(2)]
    threads = [threading.Thread(target=gate.take, args=(one,)) for one in slow]
    for thread in threads:
        thread.start()
        assert begun.acquire(timeout=30)
    # What only looks like it is no way past the others.
    waiting = [Asked(b"/broken", "7"), Asked(b"/login", "8"), Asked(b"/else/healthz", "9")]
    for one in waiting:
        gate.take(one)  # comes back at once: the thread takes the next head
        assert not one.answered.is_set()
    alive = Asked(b"/idp/healthz", "10")
    gate.take(alive)
    assert (alive.answered.is_set(), alive.status) == (True, 204)
    released.set()
    for one in (*slow, *waiting):
        assert one.answered.wait(30)
    for thread in threads:
        thread.join()
    assert [one.status for one in (*slow, *waiting)] == [204, 204, 500, 204, 204]
    assert gate.busy == set()
    again = Asked(b"/login", "11")
    gate.take(again)
    assert again.status == 204
