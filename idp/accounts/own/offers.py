"""Whether a person wants to be offered a passkey after a password sign-in: "not now" and "never" are kept (T2)."""

from __future__ import annotations

from typing import Final

from idp.accounts.own import store
from idp.db import Database

LATER: Final = 30 * 86400.0  # seconds that "not now" holds


def is_wanted(db: Database, person_id: str, now: float) -> bool:
    """Whether they have not said no, or said so long ago."""
    row = db.one(store.OFFER, owner_id=person_id)
    return row is None or (row.waits_until is not None and row.waits_until <= now)


def put_off(db: Database, person_id: str, now: float) -> None:
    """Not now: the next offer is made after `LATER`."""
    db.run(store.ANSWER_OFFER, person_id=person_id, waits_until=now + LATER)


def refuse(db: Database, person_id: str) -> None:
    """Never, on no device of theirs."""
    db.run(store.ANSWER_OFFER, person_id=person_id, waits_until=None)
