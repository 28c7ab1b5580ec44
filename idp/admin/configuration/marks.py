"""Which object which file manages, and what of it: so that every door can say whose it is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from idp.admin.configuration import store
from idp.db import Executor


@dataclass(frozen=True, slots=True)
class Mark:
    """One object of a file's. `manager`: the file; `fields`: the keys that it declared when it was applied last."""

    kind: str
    id: str
    manager: str
    fields: frozenset[str]


def all_of(db: Executor) -> dict[tuple[str, str], Mark]:
    """Every mark, by kind and id."""
    return {(mark.kind, mark.id): mark for mark in map(_mark, db.all(store.ALL))}


def find(db: Executor, kind: str, object_id: str) -> Mark | None:
    """Whose an object is; None where no file manages it."""
    row = db.one(store.ONE, of_kind=kind, of_object=object_id)
    return None if row is None else _mark(row)


def put(tx: Executor, kind: str, object_id: str, manager: str, fields: Iterable[str], now: float) -> None:
    """A file manages an object from now on."""
    said = json.dumps(sorted(fields))
    tx.run(store.PUT, kind=kind, object_id=object_id, manager=manager, fields=said, changed_at=now)


def drop(tx: Executor, kind: str, object_id: str) -> None:
    """No file manages it any more."""
    tx.run(store.DROP, of_kind=kind, of_object=object_id)


def _mark(row: Any) -> Mark:
    return Mark(row.kind, row.object_id, row.manager, frozenset(json.loads(row.fields)))
