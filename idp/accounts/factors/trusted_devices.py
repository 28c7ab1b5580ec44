"""Devices on which a person is not asked for the second step, for some days (T1).

The device has a secret, here is its hash: so each is listed and taken back by itself, and all of them end with whatever
says that somebody else may be at work: another authenticator or one less, another password, "sign out everywhere".
"""

from __future__ import annotations

from dataclasses import dataclass

from idp.accounts.factors import store
from idp.db import Database, Transaction
from idp.ids import digest, new_id, new_secret

MAX = 20  # of one person; the oldest goes


@dataclass(frozen=True, slots=True)
class Trusted:
    """One of them, as its person looks at it. Times are epoch seconds."""

    id: str
    created_at: float
    expires_at: float
    address: str
    browser: str


def add(tx: Transaction, person_id: str, now: float, seconds: float, address: str, browser: str) -> str:
    """Trust a device for so long; answers its secret."""
    for one in list_of(tx, person_id, now)[MAX - 1 :]:
        forget(tx, person_id, one.id)
    secret = new_secret()
    tx.run(
        store.TRUST, id=new_id(now), person_id=person_id, secret_hash=digest(secret), created_at=now,
        expires_at=now + seconds, address=address, browser=browser,
    )  # fmt: skip
    return secret


def is_trusted(db: Database, person_id: str, secret: str, now: float) -> bool:
    """Whether this secret is of a device of theirs that is trusted still."""
    return db.one(store.IS_TRUSTED, owner_id=person_id, secret_hash=digest(secret), now=now) is not None


def list_of(db: Database | Transaction, person_id: str, now: float) -> tuple[Trusted, ...]:
    """All of a person's, the latest first."""
    return tuple(Trusted(*row) for row in db.all(store.TRUSTED, owner_id=person_id, now=now))


def forget(tx: Database | Transaction, person_id: str, device_id: str) -> bool:
    """Take one back; answers whether it was theirs."""
    return tx.run(store.DISTRUST, owner_id=person_id, device_id=device_id) == 1


def forget_all(tx: Transaction, person_id: str) -> int:
    """Take all of a person's back, in the transaction of what asks for it; answers how many."""
    return tx.run(store.DISTRUST_ALL, owner_id=person_id)


def forget_everybody(tx: Transaction) -> int:
    """Take back all that there are; answers how many."""
    return tx.run(store.DISTRUST_EVERY)


def sweep(db: Database, now: float, many: int = 1000) -> int:
    """Delete at most `many` that ran out."""
    return db.run(store.SWEEP_TRUSTED, before=now, many=many)
