"""Ten codes on paper, for the day the phone is gone; each works once (F5; NIST SP 800-63B-4 §4.2, look-up secrets).

A code's first character is its slot, which is no secret: so one argon2 verification is enough, whichever was typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.accounts.factors import codes, store
from idp.accounts.services import Services
from idp.audit import Recorder
from idp.db import Database, Transaction
from idp.ids import new_id

KIND = "backup"
SLOTS = "0123456789"
FEW = 3  # left, at which the person is told


@dataclass(frozen=True, slots=True)
class Batch:
    """Ten new codes, to be shown once, and their hashes. Made before the transaction that keeps them."""

    codes: tuple[str, ...] = field(repr=False)
    hashes: tuple[str, ...] = field(repr=False)

    @property
    def shown(self) -> list[str]:
        """The codes as people read them."""
        return [codes.spaced(code) for code in self.codes]


def make(services: Services) -> Batch:
    """Ten codes of 45 random bits behind their slot. Errors: `passwords.Busy`."""
    made = tuple(codes.make(slot) for slot in SLOTS)
    # ASVS 6.5.2: less than 112 bits, so hashed like a password.
    return Batch(made, tuple(services.passwords.hash(code) for code in made))


def keep(tx: Transaction, now: float, person_id: str, batch: Batch, record: Recorder) -> None:
    """Keep them in place of all that there were."""
    replaced = left(tx, person_id)
    tx.run(store.DROP_BACKUPS, owner_id=person_id)
    for slot, code_hash in zip(SLOTS, batch.hashes, strict=True):
        tx.run(
            store.ADD_BACKUP, id=new_id(now), person_id=person_id, slot=slot, code_hash=code_hash, created_at=now,
            used_at=None,
        )  # fmt: skip
    record(tx, "backup_codes:made", {"person_id": person_id, "codes": len(SLOTS), "replaced": replaced})


def drop(tx: Transaction, person_id: str) -> None:
    """Forget them: they stand in for a second factor that is no more."""
    tx.run(store.DROP_BACKUPS, owner_id=person_id)


def left(db: Database | Transaction, person_id: str) -> int:
    """How many are unused."""
    return int(db.one(store.BACKUP_LEFT, owner_id=person_id).n)


def made_at(db: Database | Transaction, person_id: str) -> float | None:
    """When they were made, epoch seconds; None where there never were any."""
    at = db.one(store.BACKUP_MADE, owner_id=person_id).at
    return None if at is None else float(at)


def running_low(db: Database | Transaction, person_id: str) -> int | None:
    """How many are left, where that is so few that the person should make new ones; else None."""
    remaining = left(db, person_id)
    return remaining if remaining <= FEW and made_at(db, person_id) is not None else None


def was_used(services: Services, person_id: str, typed: str) -> bool:
    """Whether it is one that was right once: who sends it twice has guessed nothing. A hash, where its slot is used."""
    code = codes.read(typed)
    row = services.db.one(store.BACKUP_USED, owner_id=person_id, wanted=code[:1]) if code else None
    return row is not None and services.passwords.verify(row.code_hash, code).ok


def use(
    services: Services, person_id: str, typed: str, record: Recorder,
    told: Callable[[Transaction, int], object] | None = None,
) -> int | None:  # fmt: skip
    """Use one up; answers how many are left, None where it was not one. Of racing uses one wins.

    One hash, whatever was typed. `told`: queues the mail, with how many are left, in the same transaction.
    Errors: `passwords.Busy`.
    """
    code = codes.read(typed)
    row = services.db.one(store.BACKUP_IN_SLOT, owner_id=person_id, wanted=code[:1])
    is_right = services.passwords.verify(row.code_hash if row is not None else None, code or typed[:64]).ok
    if row is None or not code or not is_right:
        return None
    now = services.clock()
    with services.db.transaction() as tx:
        # ASVS 6.5.1: once, also concurrently.
        if tx.run(store.USE_BACKUP, code_id=row.id, now=now) != 1:
            return None
        remaining = left(tx, person_id)
        detail: Mapping[str, Any] = {"person_id": person_id, "slot": code[0], "left": remaining}
        record(tx, "backup_codes:used", detail)
        if told is not None:
            told(tx, remaining)
    return remaining
