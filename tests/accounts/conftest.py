"""A directory in a real database, hashes that are cheap to make, and a list of what was recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from idp.accounts.break_glass import store as break_glass
from idp.accounts.directory import Directory
from idp.accounts.factors import store as factors
from idp.accounts.passwords import Verifier
from idp.accounts.store import metadata
from idp.accounts.tokens import store as tokens
from idp.db import Database
from idp.state.memory import MemoryState
from tests.backends import Clock, create_tables

CHEAP = {"memory_kib": 64, "time_cost": 1}


class Ledger:
    """Takes what the directory reports, as an audit log or as the room of the sessions would."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.ended: list[tuple[str, str]] = []

    def record(self, tx: Any, action: str, detail: Mapping[str, Any]) -> None:
        assert tx is not None
        self.events.append((action, dict(detail)))

    def end(self, tx: Any, person_id: str, why: str) -> None:
        assert tx is not None
        self.ended.append((person_id, why))

    @property
    def actions(self) -> list[str]:
        return [action for action, _ in self.events]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    create_tables(database_url, metadata, factors.metadata, tokens.metadata, break_glass.metadata)
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def directory(db: Database, clock: Clock, ledger: Ledger) -> Directory:
    return Directory(db, clock, ledger.end)


@pytest.fixture
def state(clock: Clock) -> MemoryState:
    return MemoryState(clock)


@pytest.fixture
def verifier() -> Iterator[Verifier]:
    made = Verifier(threads=2, queue=8, **CHEAP)
    yield made
    made.close()
