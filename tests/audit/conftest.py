"""A record of its own, and a hand in its database that has no key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, text

import idp.audit.streaming.store  # noqa: F401  all tables stand beside the events
from idp.audit import Event, record
from idp.audit import store as audit_store
from idp.audit.chain import heads, proofs, sealing, verifying
from idp.audit.chain.findings import Finding, Verdict
from idp.db import Database
from tests.backends import Clock, create_tables

KEY = bytes(range(32))


@dataclass
class Record:
    """A record of events that can be sealed, verified and tampered with."""

    db: Database
    clock: Clock

    def write(self, many: int = 1, *, sealed: bool = True, **about: Any) -> list[str]:
        """Write events, a second apart, and seal them as one segment; answers their ids."""
        before = {row.id for row in self.rows("SELECT id FROM events")}
        with self.db.transaction() as tx:
            for number in range(many):
                self.clock.advance(1)
                told = {"action": "thing:done", "person_id": f"u{number}", "address": "203.0.113.9", **about}
                record(tx, Event(detail={"number": number, "name": "Ärzte"}, **told), self.clock())
        if sealed:
            assert sealing.seal(self.db, self.clock(), many=10_000)
        return [row.id for row in self.rows("SELECT id FROM events ORDER BY id") if row.id not in before]

    def rows(self, sql: str, **values: Any) -> list[Any]:
        """What somebody with the database's password reads."""
        return self._by_hand(sql, values, lambda found: list(found.fetchall()))

    def by_hand(self, sql: str, **values: Any) -> None:
        """What somebody with the database's password and no key changes."""
        assert self._by_hand(sql, values, lambda found: found.rowcount), f"nothing changed: {sql}"

    def _by_hand(self, sql: str, values: dict[str, Any], fetch: Callable[[Any], Any]) -> Any:
        engine = create_engine(self.db.url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)
        with engine.begin() as connection:
            return fetch(connection.execute(text(sql), values))

    def verify(self, head: heads.Head | None = None) -> Verdict:
        """The verdict."""
        return verifying.verify(self.db, head)

    def found(self, head: heads.Head | None = None) -> list[Finding]:
        """What is wrong."""
        return list(self.verify(head).findings)

    def head(self) -> heads.Head:
        """The end of the chain."""
        head = heads.find(self.db)
        assert head is not None
        return head


def open_record(url: str, clock: Clock) -> Record:
    """A record in an empty database."""
    create_tables(url, audit_store.metadata)
    db = Database(url)
    proofs.prove_with(db, KEY)
    return Record(db, clock)


@pytest.fixture
def record_of(database_url: str, clock: Clock) -> Iterator[Record]:
    """A record on SQLite, and on PostgreSQL."""
    made = open_record(database_url, clock)
    yield made
    made.db.close()


@pytest.fixture
def chain(tmp_path: Any, clock: Clock) -> Iterator[Record]:
    """A record on SQLite."""
    made = open_record(f"sqlite:///{tmp_path}/record.db", clock)
    yield made
    made.db.close()
