"""The applications that a person wants first on the launcher, in their own order (A1)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from idp.accounts.own import store
from idp.db import Database

MAX_PINS: Final = 100
MOVES: Final = ("pin", "unpin", "up", "down")


def of(db: Database, person_id: str) -> list[str]:
    """Client ids, the first one first; those of applications that are gone may be among them."""
    row = db.one(store.PINS, owner_id=person_id)
    return list(json.loads(row.client_ids)) if row is not None else []


def save(db: Database, person_id: str, client_ids: Sequence[str]) -> None:
    """These and no others, in this order."""
    order = json.dumps(list(client_ids[:MAX_PINS]), separators=(",", ":"))
    db.run(store.PIN, person_id=person_id, client_ids=order)


def ordered(pinned: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The order after a drag: those of `wanted` that are pinned, then the rest as they were; nothing is lost."""
    first = [client_id for client_id in dict.fromkeys(wanted) if client_id in pinned]
    return [*first, *(client_id for client_id in pinned if client_id not in first)]


def moved(pinned: Sequence[str], client_id: str, move: str) -> list[str]:
    """The order after one press of a button; what makes no sense changes nothing."""
    order = list(pinned)
    if move == "pin" and client_id not in order:
        return [*order, client_id]
    if client_id not in order:
        return order
    at = order.index(client_id)
    order.remove(client_id)
    if move == "unpin":
        return order
    order.insert(max(0, at + {"up": -1, "down": 1}.get(move, 0)), client_id)
    return order
