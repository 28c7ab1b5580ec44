"""How often what happened: by hour or day, by application, by kind; for drawings (B3)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from idp.audit import store
from idp.audit.events import read_all
from idp.audit.searching import actions_on_record, is_failure
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
    begins = [slot * step for slot in range(int(since // step), int(until // step) + 2)]
    steps = len(begins) - 1
    bounds = {f"from_{number}": first_id(at) for number, at in enumerate(begins)}
    row = read_all(db, store.many_in(steps), **bounds)[0]
    return [Bar(begins[n], getattr(row, f"good_{n}"), getattr(row, f"bad_{n}")) for n in range(steps)]


def by_application(db: Database, since: float, many: int = 6) -> Iterator[tuple[str, int]]:
    """The applications that most sign-ins were for, by id."""
    for row in read_all(db, store.BY_CLIENT, after=first_id(since), many=many):
        yield row.client_id, row.n


@dataclass(frozen=True, slots=True)
class Opened:
    """What is on record of somebody's opening an application. Epoch seconds."""

    times: int = 0
    first: float | None = None
    last: float | None = None


def openings(
    db: Database, client_id: str, person_ids: Collection[str], since: float, until: float
) -> dict[str, Opened]:
    """Sign-ins to an application, and openings by single sign-on, of these people, `store.MANY_OWNERS` at most.

    Single sign-on is told once an hour for each person and application.
    """
    rows = read_all(
        db, store.OPENINGS, of_client=client_id, after=first_id(since), before=first_id(until),
        **store.owners(person_ids),
    )  # fmt: skip
    return {row.person_id: Opened(row.n, row.first_at, row.last_at) for row in rows}


def by_failure(db: Database, since: float, many: int = 6) -> Iterator[tuple[str, int]]:
    """The kinds of failures, the most frequent first, by action."""
    after = first_id(since)
    failed = [name for name in actions_on_record(db) if is_failure(name)]
    found = [(name, int(db.one(store.MANY_OF, of_action=name, after=after).n)) for name in failed]
    yield from sorted(((name, n) for name, n in found if n), key=lambda one: (-one[1], one[0]))[:many]
