"""Who answers for a group: whom others ask about it. It gives no right by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from idp.accounts.grouping import store
from idp.accounts.person import Person
from idp.accounts.store import to_person
from idp.audit import Recorder
from idp.db import Database, Executor

if TYPE_CHECKING:
    from idp.accounts.groups import Group


def list_of(db: Executor, group_id: str) -> tuple[Person, ...]:
    """The owners of a group, by username."""
    return tuple(map(to_person, db.all(store.OWNERS, of_group=group_id)))


def change(db: Database, group: Group, *, joins: Iterable[Person], leaves: Iterable[Person], record: Recorder) -> None:
    """Name owners, and take others off."""
    with db.transaction() as tx:
        added = [one for one in joins if tx.run(store.ADD_OWNER, group_id=group.id, person_id=one.id)]
        gone = [one for one in leaves if tx.run(store.DROP_OWNER, of_group=group.id, person_id=one.id)]
        if added or gone:
            detail = {"added": [one.username for one in added], "removed": [one.username for one in gone]}
            record(tx, "group:owners", {"group": group.name, "group_id": group.id, **detail})
