"""Where an installation keeps its rows: SQLite in its own folder, or PostgreSQL with Redis, made for the bench."""

from __future__ import annotations

import os

from bench.machine import Cores
from tests.backends import PostgreSQL, Redis, start_postgresql

BACKENDS = ("sqlite", "postgresql")
#: As on a real machine: what is committed is on the disk, with memory that fits beside the rest.
_DURABLE = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "256MB", "max_wal_size": "4GB"}


class Stores:
    """Makes storage settings for installations. Servers share the provider's core: a store's work is part of a hop."""

    def __init__(self, backend: str, cores: Cores) -> None:
        self._cluster: PostgreSQL | None = None
        self._redis: list[Redis] = []
        self._cores = cores
        if backend == "postgresql":
            self._on_server_core()
            self._cluster = start_postgresql(os.getpid(), **_DURABLE)
            self._back()

    def new(self) -> dict[str, str]:
        """The environment of one more installation."""
        if self._cluster is None:
            return {}
        self._on_server_core()
        self._redis.append(Redis(os.getpid()))
        self._back()
        return {
            "DOORWARD_DATABASE_URL": self._cluster.url(self._cluster.create()),
            "DOORWARD_STATE_URL": self._redis[-1].url,
        }

    def _on_server_core(self) -> None:
        os.sched_setaffinity(0, {self._cores.server})  # what is started now inherits it

    def _back(self) -> None:
        os.sched_setaffinity(0, set(self._cores.others))
