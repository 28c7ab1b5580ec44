"""How each application stood at any time: on or off, and who could open it (R4).

Door: `put` with every change, `of` to read. Rule: what is gone stays until the sweep, also when the application went.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from clients.access import Access
from clients.past import store
from clients.ports import Statements, Store
from clients.store import Row


@dataclass(frozen=True, slots=True)
class Standing:
    """A time in which an application stood like this. Epoch seconds; `until` None: it still does.

    `since_seen`: it stood like this already when we looked first; `until_seen`: it was over when we looked again.
    """

    since: float
    until: float | None
    name: str
    enabled: bool
    access: Access
    since_seen: bool = False
    until_seen: bool = False


def put(tx: Statements, after: Row, now: float, before: Row | None = None, *, seen: bool = False) -> None:
    """Keep what stands from now on, in the transaction of the change. `seen`: it was found so, and not done by us."""
    if before is not None and _kept(before) == _kept(after):
        return
    tx.run(store.END, of_client=after.id, end=now, end_seen=int(seen))
    if after.deleted_at is None:
        tx.run(
            store.ADD, id=token_hex(13), client_id=after.id, since=now, until=None, name=after.name,
            enabled=int(after.enabled), access=_json(after.access), since_seen=int(seen), until_seen=0,
        )  # fmt: skip


def of(db: Statements, client_id: str, since: float, until: float) -> tuple[Standing, ...]:
    """How it stood between two moments, in order; nothing for when it was not there."""
    rows = db.all(store.OF_CLIENT, of_client=client_id, window_since=since, window_until=until)
    return tuple(map(_standing, rows))


def name_of(db: Statements, client_id: str) -> str | None:
    """What it was called last; None where nothing is known of one with this id."""
    row = db.one(store.LATEST, of_client=client_id)
    return None if row is None else str(row.name)


def catch_up(db: Store, now: float) -> int:
    """Take over what was written past `put`, by another release or by hand; answers how many applications."""
    stale = db.all(store.STALE)
    for found in stale:
        with db.transaction() as tx:
            row = tx.one(store.HOW_IT_IS, of_client=found.id)
            tx.run(store.END, of_client=found.id, end=now, end_seen=1)
            if row is not None and row.deleted_at is None:
                tx.run(
                    store.ADD, id=token_hex(13), client_id=row.id, since=now, until=None, name=row.name,
                    enabled=row.enabled, access=row.access, since_seen=1, until_seen=0,
                )  # fmt: skip
    return len(stale)


def sweep(db: Store, before: float, many: int = 1000) -> int:
    """Forget what was over before a moment, at most `many` rows; answers how many."""
    return db.run(store.SWEEP, before=before, many=many)


def _kept(row: Row) -> tuple[Any, ...]:
    return row.name, row.enabled, row.access, row.deleted_at is None


def _json(access: Access) -> str:
    return json.dumps(access.to_json(), separators=(",", ":"))


def _standing(row: Any) -> Standing:
    access = Access.from_json(json.loads(row.access))
    return Standing(
        row.since, row.until, row.name, bool(row.enabled), access, bool(row.since_seen), bool(row.until_seen)
    )
