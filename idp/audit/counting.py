"""How often what happened: by hour or day, by application, by kind; for drawings (B3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from idp.audit import store
from idp.audit.events import read_all
from idp.audit.searching import actions_on_record, is_failure
from idp.db import Database
from idp.ids import first_id

_SETTLED: Final = 120.0  # seconds after a step's end in which an event of it may still be committed
_LONGEST: Final = 8 * 86400.0  # what is looked at goes no further back


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


class Kept:
    """Sign-ins by application of steps that are over, in which nothing more happens: each is counted once."""

    def __init__(self) -> None:
        self._of: dict[tuple[float, float], Counter[str]] = {}

    def of(self, db: Database, begin: float, step: float, now: float) -> Counter[str]:
        """Of one step."""
        found = self._of.get((begin, step))
        if found is None:
            rows = read_all(db, store.BY_CLIENT, after=first_id(begin), before=first_id(begin + step))
            found = Counter({row.client_id: row.n for row in rows})
            if begin + step + _SETTLED < now:
                self._of[begin, step] = found
        return found

    def forget(self, before: float) -> None:
        """What began before a moment is asked for no more."""
        self._of = {(begin, step): found for (begin, step), found in self._of.items() if begin >= before}


def by_application(
    db: Database, since: float, now: float, step: float, kept: Kept | None = None, many: int = 6
) -> list[tuple[str, int]]:
    """The applications that most sign-ins were for, by id; from `since`, which begins a step of so many seconds."""
    kept, total = kept or Kept(), Counter[str]()
    for number in range(int((now - since) // step) + 1):
        total.update(kept.of(db, since + number * step, step, now))
    kept.forget(now - _LONGEST)
    return sorted(total.items(), key=lambda one: (-one[1], one[0]))[:many]


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
