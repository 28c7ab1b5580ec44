"""Background work (logout delivery, mail, clean-up): rows of the database, beside what causes them.

Door: `Jobs`. In-process (`start()`: daemon threads) or in worker processes; any number may serve one database.
Rule: a job is run at least once, whatever is killed when; so it must bear being run again.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from idp.db import Unavailable
from idp.ids import new_id
from idp.jobs import clocks, store
from idp.jobs.patience import Patience
from idp.tracing import spans

if TYPE_CHECKING:
    from idp.db import Database, Transaction

logger = logging.getLogger(__name__)

MAX_RETRY_DELAY = 3600.0  # seconds; the back-off doubles up to it
KEEP_FAILED = 30 * 86400.0  # seconds that a job which used up its tries stays visible
SWEEP_EVERY = 30.0  # seconds between two looks for those that failed longer ago
POLL = 1.0  # seconds at most between two looks for what other processes queued
REST = 4.0  # seconds without a database until the next try
RESERVE = 6  # threads at most that begin one after the other while all before them wait for somebody
STOP_TIMEOUT = 10.0  # seconds that running jobs are given at the end
PERIODIC = store.PERIODIC

Handler = Callable[[dict[str, Any]], object]


class JobsUnavailable(Exception):
    """The queue cannot be reached; nothing was queued."""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work. `due` in epoch seconds; `tries` counts failures; `error` is the last one's."""

    id: str
    name: str
    payload: dict[str, Any]
    due: float
    tries: int = 0
    error: str = ""
    state: Literal["waiting", "running", "failed"] = "waiting"


@dataclass(frozen=True, slots=True)
class Standing:
    """How many jobs of one name are in one state. `due`: the soonest, epoch seconds; None: their tries are used up."""

    name: str
    state: Literal["waiting", "running", "failed"]
    many: int
    due: float | None


@dataclass(frozen=True, slots=True)
class _Work:
    run: Handler
    retries: int = 0
    retry_delay: float = 0.0
    lease: float = 60.0


class Jobs:
    """The queue in a database. `workers`: threads of this process that serve it."""

    def __init__(self, db: Database, clock: Callable[[], float], *, workers: int = 2) -> None:
        self._db, self._clock, self._workers = db, clock, workers
        self._work: dict[str, _Work] = {}
        self._periods: dict[str, float] = {}
        self._stopping = threading.Event()
        self._woken = threading.Condition()
        self.tracer = spans.Tracer()  # the process's own, where it traces
        self.paused = False  # no job is begun, by this process, while the installation is about to move
        self._news = 0  # how often something was queued in this process
        self._threads: list[threading.Thread] = []
        self._patience = Patience()

    # -- the door ------------------------------------------------------------------------------------------------------

    def register(
        self, name: str, run: Handler, *, retries: int = 0, retry_delay: float = 10.0, lease: float = 60.0
    ) -> None:
        """Say what a job does. An exception of `run` counts as a failure; the wait doubles with each.

        `lease`: seconds after which a job whose process was killed is run by another one; longer than it ever takes.
        """
        self._work[name] = _Work(run, retries, retry_delay, lease)

    def every(self, name: str, seconds: float, run: Callable[[], object], *, lease: float = 60.0) -> None:
        """Run something once in each period, by one of all the processes. A run that fails waits for the next one."""
        self.register(name, lambda _: run(), lease=lease)
        self._periods[name] = seconds

    @property
    def periodic(self) -> tuple[str, ...]:
        """What runs in periods, by name."""
        return tuple(self._periods)

    def enqueue(self, name: str, payload: Mapping[str, Any], delay: float = 0, *, tx: Transaction | None = None) -> str:
        """Queue a job, durably; answers its id. The payload is JSON and carries no secrets.

        `tx`: the transaction that causes it; the job is there if and when that commits.
        Errors: `LookupError` for a name that is not registered, `JobsUnavailable`; with `tx` those of the transaction.
        """
        work = self._work.get(name)
        if work is None:
            raise LookupError(f"no job is registered as {name!r}")
        now = self._clock()
        id, kept = new_id(now), spans.context()
        carried = {**payload, spans.KEY: kept} if kept else dict(payload)
        try:
            (tx or self._db).run(store.ADD, **_row(id, name, json.dumps(carried), work, now + delay))
        except Unavailable as error:
            raise JobsUnavailable(str(error)) from error
        if tx is None:
            self._wake()
        else:
            tx.after_commit(self._wake)  # a worker that looked sooner would find nothing, and rest for a second
        return id

    def perform(self, name: str, payload: Mapping[str, Any]) -> None:
        """Do a registered job here and now, beside the queue. Errors: `LookupError`, and whatever the job raises."""
        self._work[name].run(dict(payload))

    def pending(self) -> list[Job]:
        """Every job that is not done, soonest first; failed ones stay 30 days. Errors: `JobsUnavailable`.

        Of periodic ones those that run, and those whose last run failed.
        """
        now = self._clock()
        try:
            found = [_job(row, now) for row in self._db.all(store.LIST)]
        except Unavailable as error:
            raise JobsUnavailable(str(error)) from error
        shown = (job for job in found if not job.id.startswith(PERIODIC) or job.error or job.state == "running")
        return sorted(shown, key=lambda job: job.due)

    def standing(self) -> list[Standing]:
        """How many jobs are of each name and state; of periodic ones those that are due. Errors: `Unavailable`."""
        return [
            Standing(row.name, "failed" if row.failed else "running" if row.running else "waiting", row.many, row.due)
            for row in self._db.all(store.STANDING, now=self._clock())
        ]

    def forget(self, id: str) -> None:
        """Take a job out of the queue, done or not."""
        self._db.run(store.DONE, job_id=id)

    def start(self, after: float = 0.0) -> None:
        """Serve the queue in daemon threads, `after` seconds from now (a server answers its first request first)."""
        if not self._threads:
            self._stopping.clear()
            self._threads = [
                threading.Thread(target=self._serve, args=(after, number), name=f"jobs {number}", daemon=True)
                for number in range(self._workers)
            ]
            for thread in self._threads:
                thread.start()
            self._begin_reserve(0)

    def leave(self) -> None:
        """Begin no further job, without waiting for those that run: other processes go on with the queue."""
        self._stopping.set()
        self._wake()

    @property
    def has_left(self) -> bool:
        """Whether this process serves the queue no more."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Finish the jobs that are running, for at most ten seconds, and serve no more."""
        self.leave()
        deadline = time.monotonic() + STOP_TIMEOUT
        for thread in self._threads:
            thread.join(max(0.1, deadline - time.monotonic()))
        self._threads = []

    # -- one job -------------------------------------------------------------------------------------------------------

    def _run_next(self, others: int | None = None) -> bool:
        """Run one job that is due; answers whether there was one. `others`: threads beside this one that serve."""
        if self.paused or self.has_left:
            return False
        now, besides = self._clock(), self._besides(others)
        if self._db.one(store.ANY_DUE, now=now, **besides) is None:  # a read, so that waiting writes nothing
            return False
        row = self._db.one(store.CLAIM, durable=False, now=now, **besides)
        if row is None:
            return False
        with self._patience.at(row.name):
            self._run(row)
        return True

    def _run(self, row: Any) -> None:
        work = self._work.get(row.name)
        try:
            if work is None:
                raise LookupError(f"no job is registered as {row.name!r}")
            payload, run = json.loads(row.payload), work.run
            self.tracer.job(row.name, payload.pop(spans.KEY, ""), lambda: run(payload))
        except Exception as error:
            logger.warning("job %s %s failed: %s", row.name, row.id, type(error).__name__)
            self._failed(row, work or _Work(lambda _: None), f"{type(error).__name__}: {error}"[:500])
        else:
            if row.id.startswith(PERIODIC):
                self._put_off(row, self._next_period(row.name), 0, "")
            else:
                self._db.run(store.DONE, durable=False, job_id=row.id)

    def _failed(self, row: Any, work: _Work, error: str) -> None:
        now, tried = self._clock(), row.tries + 1
        if row.id.startswith(PERIODIC) and row.name in self._periods:
            self._put_off(row, self._next_period(row.name), tried, error)
        elif row.tries >= work.retries:
            self._db.run(store.FAILED, job_id=row.id, claim=row.claimed_until, tried=tried, what=error, now=now)
        else:
            self._put_off(row, now + min(work.retry_delay * 2**row.tries, MAX_RETRY_DELAY), tried, error)

    def _put_off(self, row: Any, later: float, tried: int, error: str) -> None:
        self._db.run(store.PUT_OFF, job_id=row.id, claim=row.claimed_until, later=later, tried=tried, what=error)

    def _next_period(self, name: str) -> float:
        period = self._periods.get(name, 60.0)
        return (self._clock() // period + 1) * period

    # -- the threads ---------------------------------------------------------------------------------------------------

    def _serve(self, after: float, number: int) -> None:
        self._stopping.wait(after)
        swept = 0.0
        while not self._stopping.is_set():
            news = self._news
            if self.paused:
                self._stopping.wait(POLL)
                continue
            try:
                if number == 0 and abs(self._clock() - swept) > SWEEP_EVERY:
                    self._tidy()
                    swept = self._clock()
                if not self._run_next():
                    self._rest(news)
            except Exception:
                logger.exception("the job queue cannot be served; trying again")
                self._stopping.wait(REST)

    def _tidy(self) -> None:
        """What failed long ago is forgotten, no job waits for a time that is over, every periodic one has its row."""
        self._db.run(store.SWEEP, before=self._clock() - KEEP_FAILED, many=1000)
        clocks.come_back(self._db, self._clock(), self._periods)
        for name in self._periods:
            self._db.run(store.ADD_ONCE, **_row(PERIODIC + name, name, "{}", self._work[name], self._clock()))

    def _rest(self, news: int) -> None:
        """Until this process queues something, or something that is known of is due, or it is time for a look."""
        row = self._db.one(store.NEXT_DUE, **self._besides())
        wait = POLL if row is None else min(POLL, max(0.01, row.due - self._clock()))
        with self._woken:
            if self._news == news and not self._stopping.is_set():
                self._woken.wait(wait)

    def _besides(self, others: int | None = None) -> dict[str, Any]:
        return store.besides(self._patience.besides(self._workers - 1 if others is None else others))

    # -- in need -------------------------------------------------------------------------------------------------------

    def _begin_reserve(self, number: int) -> None:
        """One that asks the database for nothing until it is needed."""
        if number < RESERVE and len(self._threads) == self._workers + number:
            thread = threading.Thread(target=self._stand_by, args=(number,), name=f"jobs +{number}", daemon=True)
            thread.start()
            self._threads.append(thread)  # where the system gives none there is nothing to wait for at the end

    def _stand_by(self, number: int) -> None:
        """While all before it wait for somebody, run what is none of theirs: those may be of as many names."""
        others = self._workers + number
        while not self._stopping.wait(POLL):
            try:
                while self._patience.is_needed(others) and not self._stopping.is_set():
                    self._begin_reserve(number + 1)
                    if not self._run_next(others):
                        break
            except Exception:
                logger.exception("the job queue cannot be served; trying again")
                self._stopping.wait(REST)

    def _wake(self) -> None:
        with self._woken:
            self._news += 1
            self._woken.notify_all()


def _row(id: str, name: str, payload: str, work: _Work, due: float) -> dict[str, Any]:
    return {"new_id": id, "new_name": name, "new_payload": payload, "new_lease": work.lease, "new_due": due}


def _job(row: Any, now: float) -> Job:
    state: Literal["waiting", "running", "failed"] = "failed" if row.failed_at is not None else "waiting"
    if row.claimed_until is not None and row.claimed_until > now:
        state = "running"
    due = row.due if row.due is not None else row.failed_at
    payload = json.loads(row.payload)
    payload.pop(spans.KEY, None)
    return Job(row.id, row.name, payload, due, row.tries, row.error, state)
