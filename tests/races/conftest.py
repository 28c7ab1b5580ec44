"""One server for all races on the same stores: a process on SQLite, four on SQLite, four on PostgreSQL with Redis."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backends import PostgreSQL, Redis
from tests.server import Server, running

KINDS = {"sqlite-1": (1, False), "sqlite-4": (4, False), "postgresql-redis-4": (4, True)}


@pytest.fixture(scope="package", params=list(KINDS))
def server(request: pytest.FixtureRequest, run_pid: int) -> Iterator[Server]:
    """The provider in as many processes, on these stores. Each test makes its own people and applications."""
    workers, grown = KINDS[request.param]
    storage: dict[str, str] = {}
    cluster: PostgreSQL | None = None
    if grown:
        cluster = request.getfixturevalue("postgresql")
        storage = {"database_url": cluster.url(cluster.create()), "state_url": Redis(run_pid).url}
    with running(run_pid, workers=workers, storage=storage) as server:
        yield server
    if cluster is not None:
        cluster.drop(storage["database_url"].rpartition("/")[2])
