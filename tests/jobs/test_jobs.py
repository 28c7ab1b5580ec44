"""The job queue on both databases: jobs survive a killed process, are retried, and periodic ones run once (O6)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import idp.jobs
from idp.db import Database
from idp.jobs import Jobs, JobsUnavailable
from idp.jobs import store as statements
from tests.backends import Clock, create_tables

pytestmark = pytest.mark.slow


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> tuple[Path, str]:
    """A folder for what the test's processes write, and the database that has the queue."""
    create_tables(database_url, statements.metadata)
    return tmp_path, database_url


@pytest.fixture
def make(store: tuple[Path, str]) -> Iterator[Callable[[], Jobs]]:
    """Makes one more door to the same queue, as another process would have."""
    made: list[tuple[Jobs, Database]] = []

    def make() -> Jobs:
        db = Database(store[1])
        made.append((Jobs(db, time.time), db))
        return made[-1][0]

    yield make
    for jobs, db in made:
        jobs.stop()
        db.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed long ago is looked for at once."""
    monkeypatch.setattr(idp.jobs, "SWEEP_EVERY", 0.5)


def eventually(is_true: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_O6_a_job_is_run_with_its_payload_and_then_gone(make: Callable[[], Jobs]) -> None:
    jobs, done = make(), list[Any]()
    jobs.register("mail", done.append)
    jobs.enqueue("mail", {"to": "ä@example.com", "n": 1})
    assert [(job.name, job.payload, job.state) for job in jobs.pending()] == [
        ("mail", {"to": "ä@example.com", "n": 1}, "waiting")
    ]
    jobs.start()
    eventually(lambda: not jobs.pending())
    assert done == [{"to": "ä@example.com", "n": 1}]


def test_a_job_that_nobody_registered_is_refused(make: Callable[[], Jobs]) -> None:
    with pytest.raises(LookupError, match="typo"):
        make().enqueue("typo", {})


def test_a_delayed_job_waits(make: Callable[[], Jobs]) -> None:
    jobs, done = make(), list[Any]()
    jobs.register("later", lambda _: done.append(time.time()))
    jobs.start()
    due = time.time() + 1.5
    jobs.enqueue("later", {}, delay=1.5)
    assert jobs.pending()[0].due == pytest.approx(due, abs=0.1)
    eventually(lambda: done)
    assert done[0] >= due - 0.01


def test_a_failing_job_is_retried_with_back_off(make: Callable[[], Jobs]) -> None:
    jobs, tried = make(), list[float]()

    def fail(payload: dict[str, Any]) -> None:
        tried.append(time.time())
        if len(tried) < 3:
            raise ValueError("not yet")

    jobs.register("flaky", fail, retries=5, retry_delay=0.6)
    jobs.enqueue("flaky", {})
    jobs.start()
    eventually(lambda: len(tried) == 1 and jobs.pending() and jobs.pending()[0].tries == 1)
    assert jobs.pending()[0].error == "ValueError: not yet"
    eventually(lambda: len(tried) == 3 and not jobs.pending())
    assert tried[1] - tried[0] >= 0.6
    assert tried[2] - tried[1] >= 1.2


def test_O6_a_job_that_used_up_its_tries_stays_visible(make: Callable[[], Jobs]) -> None:
    jobs, tried = make(), list[float]()

    def fail(payload: dict[str, Any]) -> None:
        tried.append(1)
        raise ValueError("never")

    jobs.register("hopeless", fail, retries=1, retry_delay=0)
    id = jobs.enqueue("hopeless", {"app": "crm"})
    jobs.start()
    eventually(lambda: jobs.pending()[0].state == "failed")
    (job,) = jobs.pending()
    assert (job.id, job.payload, job.tries, job.error) == (id, {"app": "crm"}, 2, "ValueError: never")
    assert len(tried) == 2


@pytest.mark.usefixtures("hasty")
def test_what_failed_long_ago_is_forgotten(make: Callable[[], Jobs], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idp.jobs, "KEEP_FAILED", 0.5)
    jobs = make()
    jobs.register("hopeless", lambda _: 1 / 0)
    jobs.enqueue("hopeless", {})
    jobs.start()
    eventually(lambda: not jobs.pending())


def test_a_running_job_is_shown_as_running(make: Callable[[], Jobs]) -> None:
    jobs, gate = make(), threading.Event()
    jobs.register("slow", lambda _: gate.wait(10))
    jobs.enqueue("slow", {})
    jobs.start()
    eventually(lambda: [job.state for job in jobs.pending()] == ["running"])
    gate.set()
    eventually(lambda: not jobs.pending())


def test_each_job_is_run_once_by_several_consumers(make: Callable[[], Jobs]) -> None:
    runs: Counter[int] = Counter()
    several = [make() for _ in range(3)]
    for jobs in several:
        jobs.register("count", lambda payload: runs.update([payload["n"]]))
    for number in range(40):
        several[number % 3].enqueue("count", {"n": number})
    for jobs in several:
        jobs.start()
    eventually(lambda: not several[0].pending(), 30)
    assert runs == Counter(range(40))


@pytest.mark.usefixtures("hasty")
def test_a_job_queued_twice_over_is_run_once(make: Callable[[], Jobs]) -> None:
    """However many look at once and are woken for it, the claim sees to it that one gets it."""
    jobs, runs, gate = make(), list[int](), threading.Event()

    def run(payload: dict[str, Any]) -> None:
        runs.append(1)
        gate.wait(3)

    jobs.register("once", run)
    jobs.enqueue("once", {})
    others = [make() for _ in range(3)]
    for other in others:
        other.register("once", run)
        other.start()
    jobs.start()
    eventually(lambda: runs)
    for other in others:
        other._wake()
    time.sleep(1.5)
    gate.set()
    eventually(lambda: not jobs.pending())
    time.sleep(1.5)
    assert runs == [1]


# -- killed processes ------------------------------------------------------------------------------------------------

PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from idp.db import Database
from idp.jobs import Jobs

folder, url, what = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
jobs = Jobs(Database(url), time.time)

def run(payload):
    with (folder / "started").open("a") as file:
        file.write(f"{payload['n']}\\n")
    time.sleep(60)

jobs.register("work", run, lease=1)
jobs.every("beat", 1, lambda: (folder / "beats").open("a").write(f"{time.time()}\\n"))
if what == "enqueue":
    for number in range(20):
        jobs.enqueue("work", {"n": number}, delay=0.5 if number % 2 else 0)
    os.kill(os.getpid(), signal.SIGKILL)
if what == "run":
    jobs.enqueue("work", {"n": 1})
jobs.start()
time.sleep(60)
"""


def spawn(store: tuple[Path, str], what: str) -> subprocess.Popen[bytes]:
    root = str(Path(idp.jobs.__file__).parents[2])
    environ = {**os.environ, "PYTHONPATH": root}
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(store[0]), store[1], what], env=environ)


def test_O6_jobs_queued_by_a_process_killed_since_are_run(store: tuple[Path, str], make: Callable[[], Jobs]) -> None:
    assert spawn(store, "enqueue").wait(30) == -signal.SIGKILL
    jobs, done = make(), list[Any]()
    jobs.register("work", lambda payload: done.append(payload["n"]))
    assert len(jobs.pending()) == 20
    jobs.start()
    eventually(lambda: not jobs.pending(), 30)
    assert sorted(done) == list(range(20))


@pytest.mark.usefixtures("hasty")
def test_O6_a_job_whose_process_was_killed_while_at_it_is_run_again(
    store: tuple[Path, str], make: Callable[[], Jobs]
) -> None:
    process = spawn(store, "run")
    try:
        eventually(lambda: (store[0] / "started").exists(), 30)
    finally:
        process.kill()
        process.wait()
    jobs, done = make(), list[Any]()
    jobs.register("work", done.append)
    jobs.every("beat", 1, lambda: None)
    assert [job.payload for job in jobs.pending() if job.name == "work"] == [{"n": 1}]
    jobs.start()
    eventually(lambda: done, 30)
    assert done == [{"n": 1}]


# -- periodic --------------------------------------------------------------------------------------------------------


def test_O6_a_periodic_job_runs_once_a_period_whoever_serves(store: tuple[Path, str], make: Callable[[], Jobs]) -> None:
    """Two consumers in this process and two more processes."""
    beats = store[0] / "beats"
    begin = int(time.time())
    processes = [spawn(store, "serve") for _ in range(2)]
    try:
        for jobs in (make(), make()):
            jobs.every("beat", 1, lambda: beats.open("a").write(f"{time.time()}\n"))
            jobs.start()
        eventually(lambda: beats.exists() and len(beats.read_text().splitlines()) >= 4, 30)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    count = len(beats.read_text().splitlines())
    assert 4 <= count <= int(time.time()) - begin + 1


def test_a_periodic_job_that_fails_runs_again_in_the_next_period(make: Callable[[], Jobs]) -> None:
    jobs, tried = make(), list[float]()

    def fail() -> None:
        tried.append(time.time())
        raise ValueError("down")

    jobs.every("sync", 1, fail)
    jobs.start()
    eventually(lambda: len(tried) >= 2)
    eventually(lambda: [job.error for job in jobs.pending()] == ["ValueError: down"])


def test_a_periodic_job_that_takes_long_is_not_started_beside_itself(make: Callable[[], Jobs]) -> None:
    jobs, running, most = make(), list[int](), list[int]()

    def run() -> None:
        running.append(1)
        most.append(len(running))
        time.sleep(2.2)
        running.pop()

    jobs.every("long", 1, run)
    jobs.start()
    eventually(lambda: len(most) >= 2)
    assert max(most) == 1


def test_periodic_jobs_leave_nothing_behind(make: Callable[[], Jobs]) -> None:
    jobs, done = make(), list[Any]()
    jobs.every("tick", 0.2, lambda: done.append(1))
    jobs.start()
    eventually(lambda: len(done) >= 5)
    jobs.stop()
    assert len(jobs._db.all(statements.LIST)) == 1
    assert not jobs.pending()


# -- the store -------------------------------------------------------------------------------------------------------


def test_a_queue_that_cannot_be_reached_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for url in (f"sqlite:///{tmp_path}/file/doorward.db", "postgresql://doorward:hunter2@127.0.0.1:1/doorward"):
        jobs = Jobs(Database(url), time.time)
        jobs.register("mail", print)
        with pytest.raises(JobsUnavailable) as caught:
            jobs.enqueue("mail", {})
        assert "hunter2" not in str(caught.value)
        with pytest.raises(JobsUnavailable):
            jobs.pending()


def test_nothing_in_the_store_is_pickled(make: Callable[[], Jobs]) -> None:
    """Who can write to a pickled queue runs code of theirs here."""
    jobs = make()
    jobs.register("mail", print)
    jobs.enqueue("mail", {"to": "ann"})
    jobs.enqueue("mail", {}, delay=60)
    assert [row.payload for row in jobs._db.all(statements.LIST)] == ['{"to": "ann"}', "{}"]


# -- with what causes them -------------------------------------------------------------------------------------------


def test_a_job_is_there_if_and_when_what_causes_it_is(make: Callable[[], Jobs]) -> None:
    jobs, done = make(), list[Any]()
    jobs.register("mail", done.append)
    jobs.start()

    def change(n: int, *, fails: bool) -> None:
        with jobs._db.transaction() as tx:
            jobs.enqueue("mail", {"n": n}, tx=tx)
            time.sleep(0.3)
            assert done == [], "before it is true nobody is told"
            if fails:
                raise RuntimeError("the change did not happen")

    with pytest.raises(RuntimeError, match="did not happen"):
        change(1, fails=True)
    change(2, fails=False)
    eventually(lambda: done == [{"n": 2}] and not jobs.pending())


@pytest.mark.usefixtures("hasty")
def test_a_periodic_job_that_a_process_did_not_know_begins_again(make: Callable[[], Jobs]) -> None:
    """While a release rolls out, the processes of the one before take what they have never heard of."""
    old, new, done = make(), make(), list[int]()
    new.every("new", 1, lambda: done.append(1))
    new._tidy()
    old.start()
    eventually(lambda: [job.state for job in old.pending()] == ["failed"])
    old.stop()
    new.start()
    eventually(lambda: done)


def test_waiting_writes_nothing_and_asks_little(make: Callable[[], Jobs]) -> None:
    jobs, asked = make(), list[str]()
    jobs.register("later", print)
    jobs.enqueue("later", {}, delay=3600)
    jobs._db.observer = asked.append
    jobs.start()
    eventually(lambda: any(not sql.lstrip().startswith("SELECT") for sql in asked))  # it tidies up as it begins
    asked.clear()
    time.sleep(3)
    assert not [sql for sql in asked if not sql.lstrip().startswith("SELECT")]
    assert len(asked) <= 20, "two threads, two reads a second each"


def test_G4_a_process_that_is_replaced_begins_no_further_job(make: Callable[[], Jobs]) -> None:
    """What it still answers may take an hour, and its settings are others than those that hold."""
    old, new, done, gate = make(), make(), list[str](), threading.Event()
    for jobs in (old, new):
        jobs.register("long", lambda _: gate.wait(10))
    old.register("job", lambda _: done.append("old"))
    new.register("job", lambda _: done.append("new"))
    old.enqueue("long", {})
    old.start()
    eventually(lambda: [job.state for job in old.pending()] == ["running"])
    old.leave()  # at once, whatever runs
    assert old.has_left
    time.sleep(0.3)  # what it was about to look for has been looked for
    old.enqueue("job", {})
    time.sleep(0.3)
    assert done == []
    new.start()
    eventually(lambda: done == ["new"])
    gate.set()
    eventually(lambda: new.pending() == [])


def test_H3_what_a_clock_that_was_ahead_has_queued_does_not_wait_until_that_time(store: tuple[Path, str]) -> None:
    """Set back by an hour, it runs what is due, keeps a delay, and takes back what somebody then had claimed."""
    clock, db = Clock(), Database(store[1])
    jobs, done = Jobs(db, clock), []
    for name in ("at once", "claimed"):
        jobs.register(name, lambda payload: done.append(payload["n"]))
    jobs.every("tick", 60, lambda: done.append("tick"))
    jobs.register("later", lambda _: done.append("later"))
    clock.advance(3600)
    jobs._tidy()
    while jobs._run_next():
        pass
    jobs.enqueue("claimed", {"n": 1})
    db.one(statements.CLAIM, now=clock(), **statements.besides())  # by a process that was killed since
    jobs.enqueue("at once", {"n": 2})
    jobs.enqueue("later", {}, delay=600)
    clock.advance(-3600)
    assert not jobs._run_next()
    jobs._tidy()
    while jobs._run_next():
        pass
    assert sorted(map(str, done)) == ["1", "2", "tick", "tick"]
    clock.advance(599)
    jobs._tidy()
    assert "later" not in [done[-1], *(job.name for job in jobs.pending() if job.due <= clock())]
    clock.advance(1)
    while jobs._run_next():
        pass
    assert "later" in done
    db.close()


def test_H3_a_job_that_hangs_leaves_a_thread_to_all_others(
    make: Callable[[], Jobs], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail server that takes the connection and says nothing holds up neither sign-outs nor keys."""
    monkeypatch.setattr("idp.jobs.patience.SLOW_S", 0.05)
    hanging, told, begun = threading.Event(), threading.Event(), []

    def mail(_: dict[str, Any]) -> None:
        begun.append(threading.get_ident())
        hanging.wait(30)

    jobs = make()
    jobs.register("mail", mail)
    jobs.register("sign-out", lambda _: told.set())
    jobs.enqueue("mail", {})
    jobs.start()
    eventually(lambda: begun)
    time.sleep(0.1)  # it counts as one that hangs from here on
    for _ in range(3):
        jobs.enqueue("mail", {})
    jobs.enqueue("sign-out", {})
    assert told.wait(15)
    assert len(begun) == 1
    hanging.set()
    eventually(lambda: len(begun) == 4)


def test_H3_jobs_of_several_names_that_hang_leave_a_thread_to_all_others(
    make: Callable[[], Jobs], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail server and a directory that say nothing hold up neither sign-outs nor sweeps, which go on in periods."""
    monkeypatch.setattr("idp.jobs.patience.SLOW_S", 0.05)
    monkeypatch.setattr("idp.jobs.POLL", 0.1)
    hanging, swept, told, begun = threading.Event(), list[float](), list[int](), Counter[str]()

    def hangs(name: str) -> Callable[[dict[str, Any]], object]:
        def run(_: dict[str, Any]) -> None:
            begun[name] += 1
            hanging.wait(30)

        return run

    jobs, names = make(), [f"slow {number}" for number in range(6)]
    for name in names:
        jobs.register(name, hangs(name))
    jobs.register("sign-out", lambda payload: told.append(payload["n"]))
    jobs.every("sweep", 1, lambda: swept.append(time.monotonic()))
    for _ in range(2):
        for name in names:
            jobs.enqueue(name, {})
    jobs.start()
    eventually(lambda: len(begun) == len(names))
    many = len(swept)
    for number in range(5):
        jobs.enqueue("sign-out", {"n": number})
    eventually(lambda: len(told) == 5 and len(swept) > many + 1)
    assert begun.total() <= len(names) + 1  # two may have begun with one name before it was known to be slow
    assert len(jobs._threads) <= 2 + idp.jobs.RESERVE
    hanging.set()
    eventually(lambda: begun.total() == 2 * len(names))
    jobs.stop()
    assert sorted(told) == [*range(5)]


def test_H3_threads_in_reserve_ask_the_database_for_nothing(make: Callable[[], Jobs]) -> None:
    jobs = make()
    jobs.register("quick", lambda _: None)
    asked: list[str] = []
    one = jobs._db.one

    def noted(*args: Any, **given: Any) -> Any:
        asked.append(threading.current_thread().name)
        return one(*args, **given)

    jobs._db.one = noted  # type: ignore[method-assign]
    jobs.enqueue("quick", {})
    jobs.start()
    eventually(lambda: not jobs.pending())
    time.sleep(1.5)
    assert {"jobs 0", "jobs 1"} >= set(asked) > set()
    assert [thread.name for thread in jobs._threads] == ["jobs 0", "jobs 1", "jobs +0"]
