"""Accounts that are on until a moment that somebody has named: "turn off at 18:00 on Friday", "on again until" (U2).

Door: `of`, `plan`, `drop`, `take`. Rule: what is due is taken in the transaction that turns the account off, so of any
number of processes one does it, and after a stop it is done as soon as one runs again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from idp.accounts.planned_ends import store
from idp.db import Database, Transaction


@dataclass(frozen=True, slots=True)
class PlannedEnd:
    """When somebody will be turned off. `at`: epoch seconds; `zone`: the time zone that it was said in."""

    person_id: str
    at: float
    zone: str
    planned_at: float
    by: str


def of(db: Database | Transaction, person_id: str) -> PlannedEnd | None:
    """Whether, and when, this person will be turned off."""
    row = db.one(store.OF, person_id=person_id)
    return None if row is None else _end(row)


def plan(tx: Transaction, end: PlannedEnd) -> None:
    """From now on this is the moment, whatever was said before."""
    tx.run(store.DROP, person_id=end.person_id)
    tx.run(
        store.ADD, person_id=end.person_id, off_at=end.at, zone=end.zone, planned_at=end.planned_at, planned_by=end.by
    )  # fmt: skip


def drop(tx: Transaction, person_id: str) -> bool:
    """It is not to be any more; whether it was."""
    return tx.run(store.DROP, person_id=person_id) > 0


def due(db: Database, now: float, many: int = 100) -> tuple[PlannedEnd, ...]:
    """Whose moment has come, the earliest first."""
    return tuple(map(_end, db.all(store.DUE, now=now, many=many)))


def take(tx: Transaction, person_id: str, now: float) -> PlannedEnd | None:
    """The plan, which is done by whoever gets it; None where another process, or another word, was faster."""
    row = tx.one(store.LOCKED, person_id=person_id)
    if row is None or row.off_at > now:
        return None
    return _end(row) if tx.run(store.DROP, person_id=person_id) else None


def count_soon(db: Database, now: float, until: float) -> int:
    """How many accounts that are on will be turned off until then."""
    return int(db.one(store.SOON, now=now, until=until).n)


def all_of(db: Database | Transaction) -> Collection[str]:
    """Everybody who will be turned off one day: nobody is left in charge by them."""
    return {str(row.person_id) for row in db.all(store.OWNERS)}


def _end(row: Any) -> PlannedEnd:
    return PlannedEnd(row.person_id, row.off_at, row.zone, row.planned_at, row.planned_by)
