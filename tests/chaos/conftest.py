"""Stores that a test may break: nobody else uses them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backends import PostgreSQL, Redis, start_postgresql


@pytest.fixture(scope="package")
def own_postgresql(run_pid: int) -> PostgreSQL:
    """A cluster that can be stopped."""
    return start_postgresql(run_pid)


@pytest.fixture
def own_postgresql_url(own_postgresql: PostgreSQL) -> str:
    """An empty database on it."""
    return own_postgresql.url(own_postgresql.create())


@pytest.fixture
def own_redis(run_pid: int) -> Iterator[Redis]:
    """A Redis that can be stopped."""
    server = Redis(run_pid)
    yield server
    server.thaw()
    server.stop()
