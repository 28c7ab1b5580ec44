"""How often what happened: by hour or day, by application, by kind; for drawings (B3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from idp.audit import store
from idp.audit.events import read_all
from idp.db import Database
from idp.ids import first_id


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour or day, which begins at `at` (epoch seconds)."""

    at: float
    good: int
    bad: int


def sign_ins(db: Database, since: float, until: float, step: float) -> list[Bar]:
    """Sign-ins and failed ones in steps of so many seconds, each step there, the empty ones, too."""
    first, last = int(since // step), int(until // step)
    counted: dict[tuple[int, bool], int] = {}
    for row in read_all(db, store.sign_ins(db.name, step), after=first_id(first * step)):
        key = (int(row.slot), row.action == "session:started")
        counted[key] = counted.get(key, 0) + row.n
    return [
        Bar(slot * step, counted.get((slot, True), 0), counted.get((slot, False), 0)) for slot in range(first, last + 1)
    ]


def by_application(db: Database, since: float, many: int = 6) -> Iterator[tuple[str, int]]:
    """The applications that most sign-ins were for, by id."""
    for row in read_all(db, store.BY_CLIENT, after=first_id(since), many=many):
        yield row.client_id, row.n


def by_failure(db: Database, since: float, many: int = 6) -> Iterator[tuple[str, int]]:
    """The kinds of failures, the most frequent first, by action."""
    for row in read_all(db, store.BY_FAILURE, after=first_id(since), many=many):
        yield row.action, row.n
