"""Who is in which group: a row for each, and the names copied into the person's row, since the hot path reads one."""

from __future__ import annotations

from idp.accounts import past, store
from idp.accounts.person import Person, fold, to_json
from idp.accounts.rows import stored, tell
from idp.audit import Recorder
from idp.db import Transaction
from idp.ids import new_id


def join(tx: Transaction, person_id: str, names: tuple[str, ...], now: float) -> Person:
    """Join, then copy all memberships into the person's row: the hot path reads one row."""
    for name in names:
        key = fold(name)
        if (group := tx.one(store.GROUP, key=key)) is None:
            tx.run(store.ADD_GROUP, id=new_id(now), name=name, key=key)
            group = tx.one(store.GROUP, key=key)
        tx.run(store.JOIN, group_id=group.id, person_id=person_id)
    before = stored(tx, person_id).groups
    after = [row.name for row in tx.all(store.GROUP_NAMES, person_id=person_id)]
    tx.run(store.SET_GROUPS, person_id=person_id, groups=to_json(after), changed_at=now)
    past.is_in(tx, person_id, before, after, now)
    return stored(tx, person_id)


def leave(tx: Transaction, person_id: str, key: str) -> None:
    """Leave the group of this folded name; fine where there is none. `join` copies what is left."""
    if (group := tx.one(store.GROUP, key=key)) is not None:
        tx.run(store.LEAVE, person_id=person_id, group_id=group.id)


def tell_difference(record: Recorder | None, tx: Transaction, before: Person, after: Person) -> None:
    """Write the audit event of what changed, where anything did."""
    added, removed = sorted(set(after.groups) - set(before.groups)), sorted(set(before.groups) - set(after.groups))
    if after.groups != before.groups:
        tell(record, tx, "person:groups", after, added=added, removed=removed)
