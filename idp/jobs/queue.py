"""huey, and nothing of it outside: the queue, the schedule, the workers, and a key-value store for the ledger.

huey's queue holds only job ids, as JSON (its default, pickle, would run what anybody with access to the store puts in).
"""

from __future__ import annotations

import contextlib
import datetime
import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from huey import Huey
from huey.constants import EmptyData
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import RedisStorage, SqliteStorage

from idp.jobs import Job, JobsUnavailable

NAME = "doorward"
POLL = 1.0  # seconds at most between two looks at an empty queue in a file; Redis tells at once
REDIS_TIMEOUT = 3.0  # seconds for a command; the workers' own wait for a job takes one
STOP_TIMEOUT = 10.0  # seconds that running jobs are given at the end


class _Json(Serializer):  # type: ignore[misc]
    """A huey message as JSON: a task's id, name and time, and the id of our job."""

    def _serialize(self, data: Any) -> bytes:
        eta = data.eta.isoformat() if data.eta else None
        return json.dumps([data.id, data.name, eta, list(data.args)]).encode()

    def _deserialize(self, data: bytes) -> Any:
        id, name, eta, args = json.loads(data)
        return Message(id, name, datetime.datetime.fromisoformat(eta) if eta else None, 0, 0, None, tuple(args), {})


class _Consumer(Consumer):  # type: ignore[misc]
    """huey's consumer without its signal handlers: the process belongs to the server."""

    def _set_signal_handlers(self) -> None:
        pass


def _open(data_dir: Path, state_url: str) -> Huey:
    if state_url:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        pool = redis.ConnectionPool.from_url(
            state_url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0)
        )
        return Huey(NAME, results=False, serializer=_Json(), storage_class=RedisStorage, connection_pool=pool)
    data_dir.mkdir(parents=True, exist_ok=True)
    file = data_dir / "jobs.db"
    file.touch(mode=0o600)
    return Huey(NAME, results=False, serializer=_Json(), storage_class=SqliteStorage, filename=str(file), fsync=True)


class Queue:
    """The verbs that `Jobs` needs. Errors are the store's own; `translated` turns them into `JobsUnavailable`."""

    def __init__(self, data_dir: Path, state_url: str, perform: Callable[[str], None]) -> None:
        self._huey = _open(data_dir, state_url)
        self._store: Any = self._huey.storage
        self._task = self._huey.task(name="perform")(perform)

    # -- the ledger --------------------------------------------------------------------------------------------------

    def save(self, job: Job) -> None:
        """Write a job down."""
        self._store.put_data(f"job:{job.id}", json.dumps(asdict(job)).encode())

    def load(self, id: str) -> Job | None:
        """A job as it was last saved; None when it is done."""
        data = self._store.peek_data(f"job:{id}")
        return None if data is EmptyData else Job(**json.loads(bytes(data)))

    def remove(self, id: str) -> None:
        """A job is done."""
        self._store.delete_data(f"job:{id}")

    def load_all(self) -> tuple[list[Job], dict[str, float]]:
        """Every job, and until when each claimed one is claimed."""
        jobs, claims = [], {}
        for key, data in self._store.result_items().items():
            kind, _, id = key.partition(":")
            if kind == "job":
                jobs.append(Job(**json.loads(bytes(data))))
            elif kind == "claim":
                claims[id] = float(bytes(data))
        return jobs, claims

    def claim(self, id: str, until: float) -> bool:
        """Of any number of workers one gets the job."""
        return bool(self._store.put_if_empty(f"claim:{id}", str(until).encode()))

    def release(self, id: str) -> None:
        """Let go of a claim."""
        self._store.delete_data(f"claim:{id}")

    def claim_slot(self, name: str, slot: int) -> bool:
        """Of any number of processes one gets a period of a periodic job; the last slot's mark is tidied away."""
        data = self._store.peek_data(f"last:{name}")
        last = -1 if data is EmptyData else int(bytes(data))
        if last >= slot or not self._store.put_if_empty(f"slot:{name}:{slot}", b"1"):
            return False
        self._store.put_data(f"last:{name}", str(slot).encode())
        self._store.delete_data(f"slot:{name}:{last}")
        return True

    # -- huey's own --------------------------------------------------------------------------------------------------

    def push(self, id: str, due: float) -> None:
        """Hand a job to the workers at its time (epoch seconds)."""
        eta = datetime.datetime.fromtimestamp(due, datetime.UTC).replace(tzinfo=None)
        task = self._task.s(id)
        if eta > self._huey._get_timestamp():
            task.eta = eta
            self._huey.add_schedule(task)
        else:
            self._huey.enqueue(task)

    def list_queued(self) -> set[str]:
        """The ids of the jobs that wait in huey's queue or schedule."""
        return {task.args[0] for task in (*self._huey.pending(), *self._huey.scheduled())}

    def consume(self, workers: int) -> Callable[[], None]:
        """Start the worker threads; answers how to stop them."""
        consumer = _Consumer(self._huey, workers=workers, periodic=False, max_delay=POLL, shutdown_timeout=STOP_TIMEOUT)
        consumer.start()
        return lambda: consumer.stop(graceful=True)


@contextlib.contextmanager
def translated(opened: Callable[[], Queue]) -> Iterator[Queue]:
    """The opened queue; what goes wrong with its store is `JobsUnavailable`."""
    try:
        yield opened()
    except (sqlite3.Error, OSError) as error:
        raise JobsUnavailable(str(error)) from error
    except Exception as error:
        if type(error).__module__.startswith("redis"):
            raise JobsUnavailable(str(error)) from error
        raise
