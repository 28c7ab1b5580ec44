"""Types of authorization details, kept: written, taken away and listed. Requests read them by the registry."""

from __future__ import annotations

import json
from typing import Any

from clients import store as clients_store
from clients.details_types import store
from clients.details_types.details_type import MAX_TYPES, DetailsType
from clients.errors import InvalidMetadata, Problem
from clients.ports import Record, Statements, Store


def list_of(db: Statements) -> tuple[DetailsType, ...]:
    """All that there are, by name. One read."""
    return tuple(map(_type, db.all(store.EVERY)))


def put(db: Store, new: DetailsType, now: float, *, record: Record) -> bool:
    """Write one that was `checked`, or another one of its name over it. False: nothing has changed.

    Errors: `InvalidMetadata` where there are too many.
    """
    with db.transaction() as tx:
        clients_store.raise_version(tx)
        there = {one.name: one for one in list_of(tx)}
        old = there.get(new.name)
        if old is not None and old.to_json() == new.to_json():
            return False
        if old is None and len(there) >= MAX_TYPES:
            raise InvalidMetadata(Problem("type", f"there are {MAX_TYPES} types already"))
        columns = {"schema": _dumps(dict(new.schema)), "sentences": _dumps(dict(new.sentences)),
                   "resources": _dumps(list(new.resources)), "changed_at": now}  # fmt: skip
        if old is None:
            tx.run(store.INSERT, name=new.name, **columns)
        else:
            tx.run(store.UPDATE, of_type=new.name, **{f"new_{name}": value for name, value in columns.items()})
        record(tx, "details_type:create" if old is None else "details_type:change", new.to_json())
    return True


def remove(db: Store, name: str, *, record: Record) -> bool:
    """Nobody asks for such details any more, and tokens lose them. False: there was none."""
    with db.transaction() as tx:
        clients_store.raise_version(tx)
        if not tx.run(store.DELETE, of_type=name):
            return False
        record(tx, "details_type:remove", {"type": name})
    return True


def _type(row: Any) -> DetailsType:
    return DetailsType(
        row.name, json.loads(row.schema), json.loads(row.sentences), tuple(json.loads(row.resources))
    )  # fmt: skip


def _dumps(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
