"""What a person proves themselves with beside the password: one file for each kind, and none knows another.

Door: `list_of`, `add`, `remove`, `advance` here; each kind enrols, challenges and verifies in its own file.
Rule: seeds are sealed, codes are hashed, and whatever works once is decided by one statement.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from idp.accounts import signalled
from idp.accounts.factors import store, trusted_devices
from idp.db import Database, Transaction
from idp.ids import new_id

MAX_FACTORS = 20  # a person may enrol
MAX_LABEL = 60  # characters


@dataclass(frozen=True, slots=True)
class Enrolled:
    """One authenticator of one person. `key`: unique over everybody (a credential id); `sealed`: its secret."""

    id: str
    person_id: str
    kind: str
    label: str
    key: str | None
    sealed: str | None
    data: Mapping[str, Any]
    counter: int
    created_at: float
    last_used_at: float | None


def list_of(db: Database | Transaction, person_id: str, *, lock: bool = False) -> tuple[Enrolled, ...]:
    """A person's authenticators, oldest first. `lock`: nobody else removes one until the transaction ends."""
    return tuple(_enrolled(row) for row in db.all(store.LOCKED if lock else store.OF_PERSON, owner_id=person_id))


def of_kind(db: Database, kind: str) -> Iterator[Enrolled]:
    """Everybody's authenticators of one kind, a thousand at a time; for reports."""
    after = ""
    while rows := db.all(store.OF_KIND, wanted=kind, after=after, many=1000):
        yield from map(_enrolled, rows)
        after = rows[-1].id


def find(db: Database | Transaction, factor_id: str) -> Enrolled | None:
    """One by its id."""
    row = db.one(store.BY_ID, factor_id=factor_id)
    return None if row is None else _enrolled(row)


def find_by_key(db: Database | Transaction, key: str) -> Enrolled | None:
    """One by its unique key."""
    row = db.one(store.BY_KEY, wanted=key)
    return None if row is None else _enrolled(row)


def add(
    tx: Transaction, now: float, person_id: str, kind: str, label: str, *, key: str | None = None,
    sealed: str | None = None, data: Mapping[str, Any] | None = None, counter: int = 0,
) -> Enrolled:  # fmt: skip
    """Keep a new authenticator. Errors: `TooMany`; `idp.db.Conflict` where the key is somebody's already."""
    if len(list_of(tx, person_id)) >= MAX_FACTORS:
        raise TooMany(f"{MAX_FACTORS} sign-in methods are the most that one person may have")
    made = Enrolled(
        new_id(now), person_id, kind, " ".join(label.split())[:MAX_LABEL], key, sealed, dict(data or {}), counter, now,
        None,
    )  # fmt: skip
    values = {name: getattr(made, name) for name in Enrolled.__slots__}
    tx.run(store.INSERT, **{**values, "data": _json(made.data)})
    trusted_devices.forget_all(tx, person_id)  # each device shows the new one, or another, before it is let off again
    signal(tx, made, "create")
    return made


def rename(tx: Transaction, person_id: str, factor_id: str, label: str) -> bool:
    """Another name; answers whether that person has it."""
    label = " ".join(label.split())[:MAX_LABEL]
    return bool(label) and tx.run(store.RENAME, factor_id=factor_id, owner_id=person_id, label=label) == 1


def remove(tx: Transaction, person_id: str, factor_id: str) -> bool:
    """Forget one; answers whether that person had it. Ask `check_removable` first (F10)."""
    trusted_devices.forget_all(tx, person_id)
    before = find(tx, factor_id)
    if before is None or tx.run(store.DELETE, factor_id=factor_id, owner_id=person_id) != 1:
        return False
    signal(tx, before, "delete")
    return True


def signal(tx: Transaction, one: Enrolled, change: str) -> None:
    """The note for whoever is told by security events that somebody's authenticators are others (CAEP §3.3)."""
    from idp.accounts.factors import kinds  # they are made of what stands here

    signalled.note(tx, "factor", one.person_id, change=change, credential=kinds.KINDS[one.kind].credential(one.data))


def advance(db: Database | Transaction, factor_id: str, counter: int, now: float) -> bool:
    """Use it with a counter that must be larger than every one before; of racing uses one wins."""
    return db.run(store.ADVANCE, factor_id=factor_id, counter=counter, now=now) == 1


def touch(db: Database | Transaction, factor_id: str, now: float, data: Mapping[str, Any] | None = None) -> None:
    """Used now; `data` replaces what is kept with it."""
    if data is None:
        db.run(store.TOUCH, factor_id=factor_id, now=now)
    else:
        db.run(store.TOUCH_WITH, factor_id=factor_id, now=now, data=_json(data))


def restrict_recent(tx: Transaction, person_id: str, since: float) -> list[Enrolled]:
    """Those added after a moment, none of which signs in by itself from now on: it may be somebody else's (A3).

    They are not removed: whoever reads the person's mail would get round the second step.
    """
    recent = [factor for factor in list_of(tx, person_id, lock=True) if factor.created_at > since]
    for factor in recent:
        tx.run(store.SET_DATA, factor_id=factor.id, data=_json({**factor.data, "never_alone": True}))
    return recent


class TooMany(Exception):
    """The person has as many as anybody may have."""


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), separators=(",", ":"), ensure_ascii=False)


def _enrolled(row: Any) -> Enrolled:
    return Enrolled(**{**row._asdict(), "data": json.loads(row.data)})
