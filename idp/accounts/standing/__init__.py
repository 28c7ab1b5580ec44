"""How an account stands, kept where lists of people are read: when they last signed in, and until when they must wait.

Door: `signed_in`, `paused`, `lifted`. Rule: the throttle decides; this is only what it decided, for those who help. A
name that nobody has is written down like any other, so that the time tells neither (L7).
"""

from __future__ import annotations

from typing import Final

from idp.accounts.standing import store
from idp.db import Database, Transaction

NEVER_ENDS: Final = 1e12  # epoch seconds: until somebody unlocks the account


def signed_in(tx: Transaction, person_id: str, now: float) -> None:
    """A person has just signed in; in the transaction of the session."""
    tx.run(store.SIGNED_IN, person_id=person_id, last_at=now)


def paused(db: Database, key: str, person_id: str | None, until: float | None) -> None:
    """Guesses are not looked at until then; None: until somebody lifts it. `key`: what the throttle counts under."""
    until = NEVER_ENDS if until is None else until
    db.run(store.PAUSED, durable=False, key=key, person_id=person_id, until=until)


def lifted(db: Database, key: str) -> None:
    """What the throttle counts under this key is forgotten."""
    if db.one(store.IS_PAUSED, of_key=key) is not None:  # most often there is none, and nothing to write
        db.run(store.LIFTED, of_key=key)


def sweep(db: Database, now: float, many: int = 1000) -> int:
    """Delete at most `many` pauses that are over; answers how many."""
    return db.run(store.SWEEP, before=now, many=many)
