"""The names of all groups that somebody is in, as their row has them: what the hot path reads, and nothing else writes.

Whoever changes a membership, a name or which group is in which calls this in the same transaction. What a release
before changes meanwhile knows no groups within groups; `mend` finds that, as it finds what was written by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from idp.accounts import changed, past, store
from idp.accounts.grouping import store as grouping
from idp.accounts.person import to_json
from idp.db import Database, Executor, Transaction

Row = Any


def names_of(tx: Transaction, person_id: str) -> list[str]:
    """Every group of a person, in whatever way they are in it, in the order of the names."""
    return [row.name for row in tx.all(grouping.NAMES, person_id=person_id)]


def write(tx: Transaction, person_id: str, before: tuple[str, ...], now: float) -> None:
    """One person's row, after their memberships changed. `before`: the names that it has."""
    after = names_of(tx, person_id)
    tx.run(store.SET_GROUPS, person_id=person_id, groups=to_json(after), changed_at=now)
    past.is_in(tx, person_id, before, after, now)
    _note(tx, person_id, before, after)


def write_within(tx: Transaction, group_id: str, now: float, *, renamed: bool = False) -> int:
    """The rows of everybody in a group, after what it is in changed, or its name; answers how many were different.

    `renamed`: the past of the memberships was moved already. A page of people at a time: two looks for each page.
    """
    return sum(_written(tx, rows, now, renamed) for rows in _pages(tx, grouping.WITHIN, of_group=group_id))


def write_of(tx: Transaction, person_ids: list[str], now: float) -> int:
    """The rows of these people; answers how many were different."""
    different = 0
    for at in range(0, len(person_ids), grouping.MANY):
        rows = tx.all(grouping.OF_THESE, **grouping.listed(person_ids[at : at + grouping.MANY]))
        different += _written(tx, rows, now, renamed=False)
    return different


def drift(db: Executor) -> Iterator[str]:
    """Ids of people whose rows have other names than their memberships give. It reads everybody, page by page."""
    for rows in _pages(db, grouping.EVERYBODY):
        yield from (row.id for row, names in _compared(db, rows) if list(json.loads(row.groups)) != names)


def mend(db: Database, now: float) -> int:
    """Write the names anew where a row has others; answers of how many people. See `drift`."""
    mended = 0
    for person_id in list(drift(db)):
        with db.transaction() as tx:
            person = store.find(tx, person_id, lock=True)
            if person is not None and list(person.groups) != names_of(tx, person_id):
                names = names_of(tx, person_id)
                tx.run(
                    store.SET_GROUPS, person_id=person_id, groups=to_json(names),
                    changed_at=max(now, person.changed_at + 0.00001),
                )  # fmt: skip
                _note(tx, person_id, person.groups, names)
                mended += 1
    return mended


def _pages(db: Executor, statement: Any, **params: Any) -> Iterator[list[Row]]:
    after = ""
    while rows := db.all(statement, after=after, **params):
        yield rows
        after = rows[-1].id


def _compared(db: Executor, rows: list[Row]) -> Iterator[tuple[Row, list[str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for one in db.all(grouping.NAMES_OF_MANY, **grouping.listed([row.id for row in rows])):
        found.setdefault(one.person_id, []).append((one.key, one.name))
    for row in rows:
        yield row, [name for _, name in sorted(found.get(row.id, ()))]


def _written(tx: Transaction, rows: list[Row], now: float, renamed: bool) -> int:
    different = 0
    for row, names in _compared(tx, rows):
        before = json.loads(row.groups)
        if before == names:
            continue
        different += 1
        tx.run(store.SET_GROUPS, person_id=row.id, groups=to_json(names), changed_at=now)
        _note(tx, row.id, before, names)
        if not renamed:
            past.is_in(tx, row.id, before, names, now)
    return different


def _note(tx: Transaction, person_id: str, before: Iterable[str], after: Iterable[str]) -> None:
    changed.person(tx, person_id)
    changed.members(tx, before, after)
