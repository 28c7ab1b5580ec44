"""Undo a change of a recovery address or number by the link that was mailed, once, within its hours (P6, N6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from idp import mail
from idp.accounts import store as people
from idp.accounts.recovery import contacts, store
from idp.accounts.recovery.contacts import EMAIL, OWN, About
from idp.audit import record
from idp.db import Executor
from idp.ids import digest

if TYPE_CHECKING:
    from idp.accounts.services import Services
    from idp.db import Transaction


@dataclass(frozen=True, slots=True)
class Change:
    """One that can be undone: what stood there `before`, None for nothing."""

    person_id: str
    kind: str
    before: str | None
    confirmed_at: float | None
    created_at: float


def find_change(services: Services, token: str) -> Change | None:
    """What a link from a mail would undo now; looking uses nothing up."""
    row = services.db.one(store.UNDO, wanted=digest(token))
    if row is None or row.used_at is not None or row.expires_at <= services.clock():
        return None
    person = services.directory.find(row.person_id)
    if person is None or not person.enabled or not _is_standing(services.db, row):
        return None
    return Change(row.person_id, row.kind, row.before, row.confirmed_at, row.created_at)


def _is_standing(db: Executor, row: Any) -> bool:
    """Whether an undo may still be done: its change stands, or the account's own address asks."""
    if row.reach == OWN:
        return True
    now = db.one(store.ONE, owner_id=row.person_id, wanted=row.kind)
    return bool(row.reach == contacts.CONTACT and (now.value if now is not None else None) == row.after)


def undo(services: Services, token: str, about: About) -> Change | None:
    """Put back what stood before, once; None where it is too late. Later changes cannot undo the undoing."""
    found, now = find_change(services, token), services.clock()
    if found is None:
        return None
    with services.db.transaction() as tx:
        row = tx.one(store.UNDO, wanted=digest(token))
        gone = tx.one(store.ONE, owner_id=row.person_id, wanted=row.kind)
        if not _is_standing(tx, row) or not tx.run(store.USE_UNDO, wanted=digest(token), now=now):
            return None
        tx.run(store.VOID_LATER, owner_id=row.person_id, wanted=row.kind, since=row.created_at, now=now)
        # An address that put itself back is as young as one that was just confirmed, so that it cannot do so for ever.
        confirmed_at = row.confirmed_at if row.reach == OWN and row.confirmed_at else now
        contacts.keep(tx, row.person_id, row.kind, row.before, confirmed_at, now)
        record(tx, contacts.event("recovery:undone", row.person_id, about, {"kind": row.kind}), now)
        _tell_undone(services, tx, found, gone.value if gone is not None else None, about)
    return found


def _tell_undone(services: Services, tx: Transaction, change: Change, gone: str | None, about: About) -> None:
    """The account's own address, and the one that was taken off, hear of an undoing."""
    person = people.find(tx, change.person_id)
    if person is None:
        return
    person = contacts.reading(services, person, about)
    values = {"what": change.kind, "new": contacts.masked(change.kind, change.before), "time": services.clock()}
    mail.tell(services, person, "recovery_address_changed", values, tx=tx)
    if gone and change.kind == EMAIL and gone != change.before:
        mail.tell_gone(services, person, gone, "recovery_address_changed", values, tx=tx)
