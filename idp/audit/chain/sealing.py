"""Sealing: what was written since the last time becomes a segment, which follows the one before.

Events are written by many at once, in transactions that may still roll back; none of them waits. A segment takes what
is there and in none yet, so what was committed late stands in a later one. Any number of processes may seal: one after
another, and a segment's number is given once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

from idp.audit.chain import proofs, store
from idp.db import Conflict, Database

MANY: Final = 500  # events in a segment at most: on SQLite, writers wait that long
EVERY: Final = 30.0  # seconds between two looks for what waits
_MARK = 4  # characters of a MAC


@dataclass(frozen=True, slots=True)
class Segment:
    """One row of the chain. `body`, `chain`, `kept_body`: SHA-256, hex. `since_…`: of the first one only."""

    number: int
    first_id: str
    last_id: str
    count: int
    body: str
    chain: str
    kept: int
    kept_body: str
    marks: str
    sealed_at: float
    since_id: str | None = None
    since_at: float | None = None
    mac: str = ""

    @classmethod
    def of_row(cls, row: Any) -> Segment:
        """From the table."""
        return cls(**row._asdict())

    def mark(self, index: int) -> str:
        """What begins the MAC of the event at this place."""
        return self.marks[index * _MARK : (index + 1) * _MARK]

    def signed(self, key: bytes) -> Segment:
        """With the MAC that proves it."""
        return replace(self, mac=self.mac_under(key))

    def mac_under(self, key: bytes) -> str:
        """The MAC that it must have."""
        number = proofs.number
        return proofs.mac(
            key, "segment", number(self.number), self.first_id, self.last_id, number(self.count), self.body, self.chain,
            number(self.kept), self.kept_body, self.marks, number(self.sealed_at), self.since_id, number(self.since_at),
        )  # fmt: skip


def body_of(rows: Iterable[Any]) -> str:
    """The digest over events in their order: ids and MACs, which cover the rest."""
    return sha256("".join(f"{row.id} {row.mac}\n" for row in rows).encode()).hexdigest()


def marks_of(rows: Iterable[Any]) -> str:
    """The beginning of each MAC."""
    return "".join(mark_of(row) for row in rows)


def mark_of(row: Any) -> str:
    """The beginning of one MAC."""
    return f"{row.mac[:_MARK]:-<{_MARK}}"


def link(before: str, number: int, body: str) -> str:
    """The chain's value at a segment, from the one before."""
    return sha256(f"{before} {number} {body}".encode()).hexdigest()


def seal(db: Database, now: float, many: int = MANY) -> int:
    """Seal at most `many` events that wait; answers how many. 0 too where another process did it."""
    key = proofs.find_key(db)
    if key is None:
        return 0
    ensure_begun(db, key, now)
    if db.one(store.ANY_WAITING) is None:
        return 0
    try:
        with db.transaction() as tx:
            if tx.one(store.TURN) is None:  # retention is moving the start just now
                return 0
            last = tx.one(store.LAST)
            number = last.number + 1
            rows = sorted(tx.all(store.TAKE, of_number=number, many=many), key=lambda row: row.id)
            if rows:
                _add(tx, store.ADD, following(Segment.of_row(last), rows, now, key))
    except Conflict:
        return 0
    return len(rows)


def seal_all(db: Database, clock: Any, seconds: float = 20.0) -> int:
    """Seal until nothing waits, or the time is up; answers how many events."""
    until, sealed = time.monotonic() + seconds, 0
    while (done := seal(db, clock())) and time.monotonic() < until:
        sealed += done
    return sealed + done


def ensure_begun(db: Database, key: bytes, now: float) -> None:
    """Begin the chain where there is none."""
    if db.one(store.LAST) is None:
        _begin(db, key, now)


def following(last: Segment, rows: Sequence[Any], now: float, key: bytes) -> Segment:
    """The segment of these rows, in the order of their ids, behind the last one."""
    body, number = body_of(rows), last.number + 1
    return Segment(
        number=number, first_id=rows[0].id, last_id=rows[-1].id, count=len(rows), body=body,
        chain=link(last.chain, number, body), kept=len(rows), kept_body=body, marks=marks_of(rows), sealed_at=now,
    ).signed(key)  # fmt: skip


def _begin(db: Database, key: bytes, now: float) -> None:
    """The beginning of the chain. What is there already is not proven; `since_id` says up to where that goes."""
    latest = db.one(store.LATEST_ID).id or ""
    nothing = body_of(())
    chain = sha256(os.urandom(32)).hexdigest()  # no other chain begins alike
    begun = Segment(0, "", "", 0, nothing, chain, 0, nothing, "", now, since_id=latest, since_at=now)
    _add(db, store.ADD_FIRST, begun.signed(key))


def _add(tx: Any, statement: Any, segment: Segment) -> None:
    tx.run(statement, **{name: getattr(segment, name) for name in Segment.__slots__})
