"""Who was put into which group, and by whom: us, or whoever provides it. Only who put somebody in takes them out.

`by`: who asks, '' for us. What a person's row says of it is `grouping.effective`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from idp.accounts import store
from idp.accounts.grouping import effective
from idp.accounts.grouping import store as grouping
from idp.accounts.person import InvalidPerson, Person, fold
from idp.accounts.rows import stored, tell
from idp.audit import Recorder
from idp.db import Database, Transaction
from idp.ids import new_id

if TYPE_CHECKING:
    from idp.accounts.groups import Group


def join(tx: Transaction, person_id: str, names: tuple[str, ...], now: float, *, by: str = "") -> Person:
    """Come into groups, made where they are missing. Errors: `InvalidPerson`, where others fill the group."""
    for name in names:
        key = fold(name)
        if (group := tx.one(store.GROUP, key=key)) is None:
            tx.run(store.ADD_GROUP, id=new_id(now), name=name, key=key, changed_at=now)
            group = tx.one(store.GROUP, key=key)
        if tx.run(store.JOIN, group_id=group.id, person_id=person_id, source=by):
            check_filled(group.name, group.source, bool(group.added_only), by)
            tx.run(store.TOUCH_GROUP, of_group=group.id, changed_at=now)
    return settle(tx, person_id, now)


def settle(tx: Transaction, person_id: str, now: float) -> Person:
    """The person's row, after their memberships changed."""
    effective.write(tx, person_id, stored(tx, person_id).groups, now)
    return stored(tx, person_id)


def check_filled(name: str, source: str, added_only: bool, by: str) -> None:
    """Errors: `InvalidPerson`, where somebody else alone says who is in a group."""
    if source and source != by and not added_only:
        raise InvalidPerson("groups", f"who is in “{name}” is said by {source}; change it there")


def leave(tx: Transaction, person: Person, key: str, *, by: str = "") -> None:
    """Leave the group of this folded name; fine where they are not in it. `settle` writes what is left.

    Errors: `InvalidPerson`, where somebody else put them in, or they are in it by another group.
    """
    group = tx.one(store.GROUP, key=key)
    if group is None:
        return
    membership = tx.one(store.MEMBERSHIP, person_id=person.id, group_id=group.id)
    if membership is None:
        if key in map(fold, person.groups):
            message = (
                f"{person.username} is in “{group.name}” by another group that is in it; take them out of that one"
            )
            raise InvalidPerson("groups", message)
        return
    if membership.source != by:
        who = membership.source or "an admin"
        raise InvalidPerson(
            "groups", f"{person.username} was put into “{group.name}” by {who}; only they take people out"
        )
    tx.run(store.LEAVE, person_id=person.id, group_id=group.id)
    tx.run(store.NUDGE_GROUP, of_group=group.id)


def only(tx: Transaction, person: Person, names: tuple[str, ...], *, by: str = "") -> tuple[str, ...]:
    """Leave whatever is not named; answers which are to be joined. One that they are in by another group is not.

    Errors: `InvalidPerson`, as `leave`.
    """
    wanted, mine = {fold(name) for name in names}, set(map(fold, person.groups))
    for row in tx.all(grouping.DIRECT, person_id=person.id):
        if row.key not in wanted:
            leave(tx, person, row.key, by=by)
        else:
            mine.discard(row.key)
    return tuple(name for name in names if fold(name) not in mine)


def take_back(tx: Transaction, by: str, now: float, *, person_id: str = "", keep: Sequence[str] = ()) -> list[str]:
    """Take out whom a source has put in that says nothing of them any more; answers the names of the groups.

    `person_id`: of one person alone; `keep`: names of groups that stay, since they are given in another way.
    """
    given = (
        tx.all(store.GIVEN_TO, of_source=by, person_id=person_id) if person_id else tx.all(store.GIVEN, of_source=by)
    )
    kept = set(map(fold, keep))
    rows = [row for row in given if row.key not in kept]
    everybody = list(dict.fromkeys(row.person_id for row in rows))
    for id in everybody:
        store.find(tx, id, lock=True)
    for row in rows:
        tx.run(store.LEAVE, person_id=row.person_id, group_id=row.id)
    for group_id in dict.fromkeys(row.id for row in rows):
        tx.run(store.NUDGE_GROUP, of_group=group_id)
    effective.write_of(tx, everybody, now)
    return list(dict.fromkeys(row.name for row in rows))


def change_of(
    db: Database, group: Group, joins_leaves: tuple[Sequence[str], Sequence[str]], by: str, now: float,
    check: Callable[[Person], None], record: Recorder,
) -> None:  # fmt: skip
    """Put people into one group and take others out, by their ids: hundreds at once, all or nobody.

    `check`: is asked of each of them before the first one moves. Errors: `InvalidPerson`; what `check` raises.
    """
    joins, leaves = joins_leaves
    with db.transaction() as tx:
        if not joins and not leaves:
            return
        everybody = {id: _somebody(tx, id) for id in sorted({*joins, *leaves})}  # in one order: nobody waits in a ring
        for person in everybody.values():
            check(person)
        if joins:
            check_filled(group.name, group.source, group.added_only, by)
        for id in joins:
            tx.run(store.JOIN, group_id=group.id, person_id=id, source=by)
        for id in leaves:
            leave(tx, everybody[id], fold(group.name), by=by)
        effective.write_of(tx, list(everybody), now)
        tx.run(store.TOUCH_GROUP, of_group=group.id, changed_at=now)
        names = {
            "added": [everybody[id].username for id in joins],
            "removed": [everybody[id].username for id in leaves],
        }
        record(tx, "group:members", {"group": group.name, "group_id": group.id, **names})


def _somebody(tx: Transaction, person_id: str) -> Person:
    person = store.find(tx, person_id, lock=True)
    if person is None:
        raise InvalidPerson("members", f"nobody has the id “{person_id[:40]}”")
    return person


def tell_difference(record: Recorder | None, tx: Transaction, before: Person, after: Person) -> None:
    """Write the audit event of what changed, where anything did. The ids stay when a name is another group's."""
    added, removed = sorted(set(after.groups) - set(before.groups)), sorted(set(before.groups) - set(after.groups))
    if after.groups != before.groups:
        found = {name: tx.one(store.GROUP, key=fold(name)) for name in (*added, *removed)}
        ids = {name: row.id for name, row in found.items() if row is not None}
        tell(record, tx, "person:groups", after, added=added, removed=removed, group_ids=ids)
