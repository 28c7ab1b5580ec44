"""Passwords that were replaced: not to be chosen again (P3), and to tell an owner that they typed an old one (L6).

The latest is always kept, further ones as the settings say; each is an argon2id hash, sealed besides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from idp.accounts import store
from idp.db import Transaction
from idp.ids import new_id
from keys.sealing import BrokenSeal, Sealer

if TYPE_CHECKING:
    from idp.accounts.person import Person
    from idp.accounts.services import Services

_PURPOSE = "earlier-password"


@dataclass(frozen=True, slots=True)
class Earlier:
    """A password that was replaced at a moment (epoch seconds)."""

    password_hash: str = field(repr=False)
    replaced_at: float


def keep(tx: Transaction, sealer: Sealer, person_id: str, password_hash: str, now: float, many: int) -> None:
    """Keep a password that is being replaced, and of all of them the latest `many`; in the change's transaction."""
    sealed = sealer.seal(_PURPOSE, password_hash.encode(), person_id.encode())
    tx.run(store.KEEP_PASSWORD, id=new_id(now), person_id=person_id, sealed=sealed, replaced_at=now)
    tx.run(store.FORGET_EARLIER, person_id=person_id, many=max(1, many))


def latest(services: Services, person_id: str, many: int = 1) -> tuple[Earlier, ...]:
    """The last passwords of before, the latest first."""
    rows = services.db.all(store.EARLIER, person_id=person_id, many=many)
    return tuple(_opened(services.sealer, rows))


def _opened(sealer: Sealer, rows: Iterable[Any]) -> Iterable[Earlier]:
    for row in rows:
        try:
            yield Earlier(sealer.open(_PURPOSE, row.sealed, row.person_id.encode()).decode(), row.replaced_at)
        except BrokenSeal:  # a damaged row: nobody's password
            continue


def is_reused(services: Services, person: Person, password: str) -> bool:
    """Whether the settings' history holds this password, or it is the one of now. Errors: `Busy`.

    Somebody whose password was taken away may not have that one again, whatever the settings (A3).
    """
    many = max(services.settings.passwords.history, int(person.must_reset))
    if not many:
        return False
    now = services.directory.find_credentials(person.id)
    hashes = [now.password_hash] if now is not None and now.password_hash else []
    hashes += [earlier.password_hash for earlier in latest(services, person.id, many)]
    return any(services.passwords.verify(stored, password).ok for stored in hashes)
