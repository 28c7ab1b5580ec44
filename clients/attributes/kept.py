"""Definitions, kept: written, taken away and listed. Requests read them by the registry."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from clients import store as clients_store
from clients.attributes import checking, store
from clients.attributes.definition import KEYS, Definition, of_said
from clients.errors import InvalidMetadata, Problem
from clients.ports import Record, Statements, Store

MAX_DEFINITIONS: Final = 200


class AttributeChanged(Exception):
    """Somebody else made, changed or removed it since it was looked at."""


def list_of(db: Statements) -> tuple[Definition, ...]:
    """All that there are, by name. One read."""
    return tuple(of_said(row.name, json.loads(row.said)) for row in db.all(store.EVERY))


def put(
    db: Store, new: Definition, now: float, *, record: Record, seen: Definition | bool | None = True
) -> Definition | None:
    """Write one that was `checked`, or another one of its name over it; answers what stood before.

    `seen`: what was looked at, None: that there was none; True: whatever there is.
    Errors: `AttributeChanged`; `InvalidMetadata` where there are too many.
    """
    with db.transaction() as tx:
        clients_store.raise_version(tx)
        there = {one.name: one for one in list_of(tx)}
        old = there.get(new.name)
        if seen is not True and old != seen:
            raise AttributeChanged
        if old == new:
            return old
        if old is None:
            _check_new(new.name, there)
        said = json.dumps(new.said(), ensure_ascii=False, separators=(",", ":"))
        if old is None:
            tx.run(store.INSERT, name=new.name, said=said, created_at=now, changed_at=now)
            record(tx, "attribute:add", {"name": new.name, "said": new.said()})
        else:
            tx.run(store.UPDATE, of_name=new.name, new_said=said, new_changed_at=now)
            record(tx, "attribute:change", {"name": new.name, "changed": differences(old.said(), new.said())})
    return old


def _check_new(name: str, there: Collection[str]) -> None:
    if len(there) >= MAX_DEFINITIONS:
        raise InvalidMetadata(Problem("name", f"there are {MAX_DEFINITIONS} attributes already"))
    if alike := checking.alike(name, there):
        raise InvalidMetadata(Problem("name", alike))


def remove(db: Store, name: str, *, record: Record, seen: Definition | bool = True) -> Definition | None:
    """Take a definition away; people keep their values, as free claims. What it was; None: there was none.

    `seen`: what was looked at; True: whatever there is. Errors: `AttributeChanged`.
    """
    with db.transaction() as tx:
        clients_store.raise_version(tx)
        old = next((one for one in list_of(tx) if one.name == name), None)
        if old is not None and seen not in (True, old):
            raise AttributeChanged
        if old is not None:
            tx.run(store.DELETE, of_name=name)
            record(tx, "attribute:remove", {"name": name, "changed": differences(old.said(), {})})
    return old


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What was said before and after, by key; None: nothing."""
    return {key: [old.get(key), new.get(key)] for key in KEYS if old.get(key) != new.get(key)}
