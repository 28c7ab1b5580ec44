"""Background work (logout delivery, mail, clean-up) in a durable queue: huey over a file of its own, or over Redis.

Door: `Jobs`. In-process (`start()` is a daemon thread) or in worker processes; any number may serve one queue.
Rule: a job is run at least once, whatever is killed when; so it must bear being run again.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from idp.jobs.queue import Queue  # imports huey: 300 ms that the cold start does without

logger = logging.getLogger(__name__)

MAX_RETRY_DELAY = 3600.0  # seconds; the back-off doubles up to it
KEEP_FAILED = 30 * 86400.0  # seconds that a job which used up its tries stays visible
RECOVER_EVERY = 30.0  # seconds between two looks for jobs that were lost with a process
GRACE = 10.0  # seconds that a job may be late before it counts as lost

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
class _Work:
    run: Handler
    retries: int = 0
    retry_delay: float = 0.0
    lease: float = 60.0


class Jobs:
    """`data_dir` holds the embedded queue; with a `state_url` the queue is in that Redis."""

    def __init__(self, data_dir: Path, state_url: str = "", *, workers: int = 2) -> None:
        self._data_dir, self._state_url, self._workers = data_dir, state_url, workers
        self._work: dict[str, _Work] = {}
        self._periods: dict[str, float] = {}
        self._slots: dict[str, int] = {}
        self._opening = threading.Lock()
        self._queue: Queue | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    # -- the door ------------------------------------------------------------------------------------------------

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

    def enqueue(self, name: str, payload: Mapping[str, Any], delay: float = 0) -> str:
        """Queue a job, durably; answers its id. The payload is JSON and carries no secrets.

        Errors: `LookupError` for a name that is not registered, `JobsUnavailable`.
        """
        if name not in self._work:
            raise LookupError(f"no job is registered as {name!r}")
        return self._add(Job(secrets.token_hex(12), name, dict(payload), time.time() + delay))

    def perform(self, name: str, payload: Mapping[str, Any]) -> None:
        """Do a registered job here and now, beside the queue. Errors: `LookupError`, and whatever the job raises."""
        self._work[name].run(dict(payload))

    def pending(self) -> list[Job]:
        """Every job that is not done, soonest first; failed ones stay 30 days. Errors: `JobsUnavailable`."""
        with self._translated() as queue:
            return self._list(queue)

    def start(self, after: float = 0.0) -> None:
        """Serve the queue in a daemon thread, `after` seconds from now (a server answers its first request first)."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._serve, args=(after,), name="jobs", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Finish the jobs that are running, for at most ten seconds, and serve no more."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(12)
            self._thread = None

    # -- the ledger: what is to be done, apart from huey's queue, which forgets a job as it hands it out ---------------

    def _opened(self) -> Queue:
        with self._opening:
            if self._queue is None:
                from idp.jobs.queue import Queue

                self._queue = Queue(self._data_dir, self._state_url, self._perform)
            return self._queue

    def _translated(self) -> AbstractContextManager[Queue]:
        from idp.jobs.queue import translated

        return translated(self._opened)

    def _add(self, job: Job) -> str:
        with self._translated() as queue:
            queue.save(job)
            queue.push(job.id, job.due)
        return job.id

    def _list(self, queue: Queue) -> list[Job]:
        jobs, claims = queue.load_all()
        now = time.time()
        running = {id for id, until in claims.items() if until > now}
        shown = (replace(job, state="running") if job.id in running else job for job in jobs)
        return sorted(shown, key=lambda job: job.due)

    # -- one job ---------------------------------------------------------------------------------------------------

    def _perform(self, id: str) -> None:
        """Run a job, unless it is done, or another worker is at it, or it is not due yet."""
        queue = self._opened()
        job = queue.load(id)
        if job is None or job.state == "failed" or job.due > time.time() + 1:
            return
        work = self._work.get(job.name)
        if not queue.claim(id, time.time() + (work.lease if work else 60)):
            return
        if queue.load(id) != job:  # done or put off between the look and the claim
            queue.release(id)
            return
        try:
            if work is None:
                raise LookupError(f"no job is registered as {job.name!r}")
            work.run(job.payload)
        except Exception as error:
            logger.warning("job %s %s failed: %s", job.name, id, type(error).__name__)
            self._put_off(queue, job, work or _Work(lambda _: None), f"{type(error).__name__}: {error}"[:500])
        else:
            queue.remove(id)
            queue.release(id)

    def _put_off(self, queue: Queue, job: Job, work: _Work, error: str) -> None:
        if job.tries >= work.retries:
            queue.save(replace(job, tries=job.tries + 1, error=error, state="failed"))
            queue.release(job.id)
            return
        delay = min(work.retry_delay * 2**job.tries, MAX_RETRY_DELAY)
        later = replace(job, tries=job.tries + 1, error=error, due=time.time() + delay)
        queue.save(later)
        queue.release(job.id)
        queue.push(job.id, later.due)

    # -- the thread ------------------------------------------------------------------------------------------------

    def _serve(self, after: float) -> None:
        self._stopping.wait(after)
        stop_consumer: Callable[[], None] | None = None
        while not self._stopping.is_set():
            try:
                queue = self._opened()
                if stop_consumer is None:
                    stop_consumer = queue.consume(self._workers)
                for name, period in {**self._periods, "": RECOVER_EVERY}.items():
                    self._tick(queue, name, period)
            except Exception:
                logger.exception("the job queue cannot be served; trying again")
                self._stopping.wait(4)
            self._stopping.wait(self._until_next())
        if stop_consumer is not None:
            stop_consumer()

    def _until_next(self) -> float:
        now = time.time()
        return min([5.0, *(period - now % period for period in self._periods.values())]) + 0.01

    def _tick(self, queue: Queue, name: str, period: float) -> None:
        """Once in each period, by the one process that gets its slot: queue the periodic job, or recover lost ones."""
        slot = int(time.time() // period)
        if self._slots.get(name) == slot:
            return
        if queue.claim_slot(name, slot):
            if name:
                self._add_periodic(queue, name)
            else:
                self._recover(queue)
        self._slots[name] = slot

    def _add_periodic(self, queue: Queue, name: str) -> None:
        job = Job(f"every.{name}", name, {}, time.time())
        last = queue.load(job.id)
        if last is None or last.state == "failed":  # else the last run is not over
            self._add(job)

    def _recover(self, queue: Queue) -> None:
        """Queue again what a killed process had taken, and forget what failed long ago."""
        jobs, claims = queue.load_all()
        queued, now = queue.list_queued(), time.time()
        for job in jobs:
            if job.state == "failed":
                if job.due + KEEP_FAILED < now:
                    queue.remove(job.id)
            elif claims.get(job.id, 0) < now and job.due + GRACE < now and job.id not in queued:
                queue.release(job.id)
                queue.push(job.id, job.due)
        for id in claims.keys() - {job.id for job in jobs}:
            if claims[id] < now:
                queue.release(id)
