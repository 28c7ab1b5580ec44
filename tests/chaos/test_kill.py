"""kill -9 of every process at once, under load: what was answered for is there after the next start."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.story import Teller, check, expected_events
from tests.server import Server, running, unique

pytestmark = pytest.mark.slow

THREADS, PEOPLE = 6, 12
TOKENS = {"refresh_grace": 120}
KINDS = ("session:started", "session:ended", "consent:granted", "tokens:revoked", "tokens alive")


def _load(server: Server) -> list[Teller]:
    """People sign in, agree, refresh, revoke and sign out; when enough has been answered all is killed in the midst."""
    app = server.add_client(unique("CRM"))
    asking = server.add_client(unique("Desk"), consent="explicit")
    tellers = []
    for _ in range(THREADS):
        names = [unique("ann") for _ in range(PEOPLE)]
        tellers.append(Teller(server, app, asking, [(name, server.add_person(name).id) for name in names]))
    server.let_go()
    threads = [threading.Thread(target=teller.run, daemon=True) for teller in tellers]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 120
    while min(_answered(tellers)[kind] for kind in KINDS) < 5:
        assert all(thread.is_alive() for thread in threads), server.log
        assert time.monotonic() < deadline, _answered(tellers)
        time.sleep(0.05)
    server.kill()
    for thread in threads:
        thread.join()
    return tellers


def _answered(tellers: list[Teller]) -> Counter[str]:
    """How many stories of each kind have been told."""
    kinds: Counter[str] = Counter()
    for story in [story for teller in tellers for story in teller.stories]:
        kinds.update(action for action, _ in expected_events(story))
        kinds["tokens alive"] += story.alive is True
    return kinds


def _check(server: Server, tellers: list[Teller]) -> Counter[str]:
    """Look at every story; answers how many of each kind there were."""
    events = _events(server)
    for teller in tellers:
        for story in teller.stories:
            check(server, teller.app, teller.asking, story)
            missing = expected_events(story) - events
            assert not missing
    return _answered(tellers)


def _events(server: Server) -> set[tuple[str, str]]:
    told: list[dict[str, Any]] = server.cli_json("audit", "tail", "-n", "100000", "--json")["events"]
    found = set()
    for event in told:
        detail = event["detail"]
        about = {
            "session:started": event["session_id"], "session:ended": event["session_id"],
            "consent:granted": event["person_id"], "tokens:revoked": detail.get("family"),
        }.get(event["action"])  # fmt: skip
        if about:
            found.add((event["action"], about))
    return found


@pytest.mark.parametrize("kind", ["sqlite-2", "postgresql-redis-2"])
def test_what_was_answered_for_survives_kill_9(kind: str, request: pytest.FixtureRequest, run_pid: int) -> None:
    storage = {}
    if kind.startswith("postgresql"):
        redis = request.getfixturevalue("own_redis")
        storage = {"database_url": request.getfixturevalue("own_postgresql_url"), "state_url": redis.url}
    with running(run_pid, workers=2, storage=storage, tokens=TOKENS) as server:
        tellers: list[Teller] = []
        for _ in range(2):  # the second time upon what the first has left
            tellers += _load(server)
            if not storage:
                _check_file(server)
            server.start()
        assert sum((teller.doubts for teller in tellers), Counter())  # the kill came in the midst of something
        kinds = _check(server, tellers)
        assert all(kinds[kind] >= 5 for kind in (*KINDS, *kinds)), kinds
        if not storage:
            _check_file(server)


def _check_file(server: Server) -> None:
    connection = sqlite3.connect(server.folder / "var" / "doorward.db")
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        connection.close()


def test_one_killed_worker_costs_nobody_anything_but_the_request_it_held(run_pid: int) -> None:
    """The others go on, and a new worker takes its place."""
    with running(run_pid, workers=2) as server:
        name = unique("ann")
        server.add_person(name)
        app = server.add_client(unique("CRM"))
        browser = server.browser()
        tokens = server.tokens(app, browser, name)
        children = _children(server)
        assert len(children) == 2
        os.kill(int(children[0]), signal.SIGKILL)
        deadline = time.monotonic() + 20
        while server.listening() < 2 or children[0] in _children(server):
            assert time.monotonic() < deadline, server.log
            time.sleep(0.05)
        for _ in range(20):
            assert server.introspect(app, tokens["access_token"])["active"] is True
            assert server.authorize(browser, app, prompt="none").code


def _children(server: Server) -> list[str]:
    assert server.process is not None
    return Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
