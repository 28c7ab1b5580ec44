"""A real store, a clock that is set by hand, and rings on both."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp.db import Database
from keys import store
from keys.ring import Ring
from keys.rotation import Policy
from keys.sealing import Sealer, create
from tests.backends import Clock, create_tables


@pytest.fixture
def url(tmp_path: Path) -> str:
    """An SQLite file with this room's tables."""
    url = f"sqlite:///{tmp_path / 'keys.db'}"
    create_tables(url, store.metadata)
    return url


@pytest.fixture
def any_url(database_url: str) -> str:
    """A database with this room's tables: SQLite, then PostgreSQL."""
    create_tables(database_url, store.metadata)
    return database_url


@pytest.fixture
def db(url: str) -> Database:
    return Database(url)


@pytest.fixture
def master() -> bytes:
    return os.urandom(32)


@pytest.fixture
def sealer(db: Database, master: bytes, clock: Clock) -> Sealer:
    return create(db, master, clock)


@pytest.fixture
def make_ring(db: Database, sealer: Sealer, clock: Clock) -> Callable[..., Ring]:
    """Rings as processes of their own would have them: own snapshot, same store."""

    def make(**policy: Any) -> Ring:
        times: dict[str, Any] = {"rotate_after": 1000, "publish_before": 100, "token_lifetime_max": 200}
        return Ring(db, sealer, clock, Policy(**{"algs": ("ES256",), **times, **policy}))

    return make


@pytest.fixture
def ring(make_ring: Callable[..., Ring]) -> Ring:
    made = make_ring()
    made.tick()
    return made
