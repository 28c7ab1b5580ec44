"""O1: fifty writers in four processes on PostgreSQL, with sealers and a sweeper between them, keep the chain whole."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp.audit import Event, record, repeat
from idp.audit.chain import proofs, retaining, sealing, verifying
from idp.db import Database
from idp.ids import new_id
from tests.audit.conftest import KEY, open_record
from tests.backends import Clock

PROCESSES, THREADS, EACH = 4, 13, 12  # 52 writers


def _run_all(works: list[Callable[[], None]]) -> None:
    failures: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # it must fail the process, not only the thread
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _write(db: Database, writer: int) -> None:
    for number in range(EACH):
        undone = number % 5 == 4
        now = time.time() - (30.0 if number % 7 == 3 else 0.0)  # its transaction began long ago
        event = Event("thing:done", person_id=f"u{writer}", detail={"n": number}, id=new_id(now))
        try:
            with db.transaction() as tx:
                record(tx, event, now)
                if undone:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            continue
        if number % 6 == 0:
            repeat(db, event.id, 3, now)
    db.close()


def _process(url: str, process: int, started: Any) -> None:
    db = Database(url)
    proofs.prove_with(db, KEY)
    done = threading.Event()
    started.wait()

    def seal() -> None:
        while not done.is_set():
            sealing.seal(db, time.time(), many=40)
            done.wait(0.02)
        db.close()

    def write() -> None:
        try:
            _run_all([lambda n=n: _write(db, process * THREADS + n) for n in range(THREADS)])  # type: ignore[misc]
        finally:
            done.set()

    _run_all([seal, write])


def _keep_whole(url: str, processes: int) -> None:
    made = open_record(url, Clock())
    forked = multiprocessing.get_context("spawn")
    started = forked.Barrier(processes)
    children = [forked.Process(target=_process, args=(url, number, started)) for number in range(processes)]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    assert [child.exitcode for child in children] == [0] * processes
    while sealing.seal(made.db, time.time()):
        pass
    verdict = verifying.verify(made.db)
    assert verdict.is_whole, verdict.findings[:3]
    written = processes * THREADS * (EACH - EACH // 5)
    assert (verdict.events, verdict.waiting, verdict.before_the_chain) == (written, 0, 0)
    assert retaining.sweep(made.db, time.time() + 86400.0, days=0.5, many=100_000) == written
    assert verifying.verify(made.db).is_whole
    made.db.close()


@pytest.mark.slow
def test_o1_fifty_writers_in_four_processes_on_postgresql_keep_the_chain_whole(postgresql_url: str) -> None:
    _keep_whole(postgresql_url, PROCESSES)


@pytest.mark.slow
def test_o1_writers_in_two_processes_on_sqlite_keep_the_chain_whole(tmp_path: Path) -> None:
    _keep_whole(f"sqlite:///{tmp_path}/record.db", 2)
