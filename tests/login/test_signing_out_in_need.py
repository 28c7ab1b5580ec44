"""H3: who signs out where no thread can be made is signed out, and applications are told by the queue."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from idp.login import signout
from idp.login.signout import Notice


@pytest.mark.parametrize("room", [0, 1, 2])
def test_H3_without_room_for_a_thread_those_that_could_not_be_tried_have_not_confirmed(
    monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    pools, submit = list[ThreadPoolExecutor](), ThreadPoolExecutor.submit

    def few(pool: ThreadPoolExecutor, *work: Any) -> Future[Any]:
        pools.append(pool)
        if len(pools) > room:
            raise RuntimeError("can't start new thread")
        return submit(pool, *work)

    monkeypatch.setattr(ThreadPoolExecutor, "submit", few)
    services: Any = SimpleNamespace(jobs=SimpleNamespace(perform=lambda name, payload: None))
    notices = [Notice(str(number), str(number), job="logout") for number in range(2)]
    assert signout._tell(services, notices) == [(one, number < room) for number, one in enumerate(notices)]
    assert pools[0]._shutdown
