"""A code that the help desk gives to somebody who has lost everything else: an hour, one use, and on the record (F6).

It lets in beside what else was shown, claims no factor, and the sign-in asks right away to set up a new one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from idp import mail
from idp.accounts import store as people
from idp.accounts.factors import codes, store
from idp.accounts.person import Person
from idp.accounts.services import Services
from idp.audit import Recorder
from idp.db import Database, Transaction
from idp.ids import new_id
from idp.mail import Told

KIND = "admin"
NOBODY = Told()
MAX_MINUTES = 24 * 60
MAX_REASON = 400  # characters
#: Who may approve what another admin issued.
APPROVERS = ("owner", "admin", "help_desk")


@dataclass(frozen=True, slots=True)
class Issued:
    """A code as its row knows it; `code` only in the moment it was made. Times: epoch seconds."""

    id: str
    person_id: str
    reason: str
    issued_by: str
    approved_by: str
    created_at: float
    expires_at: float
    code: str = field(default="", repr=False)
    told: Told = NOBODY  # where the mail about it is on its way to


class NotIssued(Exception):
    """No code was issued or approved; the message says why and what to do."""


class WaitsForApproval(Exception):
    """It is the code, and somebody else than its issuer has yet to approve it; whoever has it may hear that."""


def issue(
    services: Services, person_id: str, reason: str, actor: str, minutes: int | None = None, approved_by: str = "",
    record: Recorder | None = None,
) -> Issued:  # fmt: skip
    """Make a code for a person and tell them by mail; whatever code they had before is void.

    `actor`: who issues it, for the record; `approved_by`: somebody else, where the settings ask for two; `minutes`:
    how long it works, else as the settings say.
    Errors: `NoSuchPerson`, `NotIssued`, `passwords.Busy`.
    """
    person, reason = services.directory.get(person_id), " ".join(reason.split())
    if not person.enabled:
        raise NotIssued(f"{person.username} is shut out, so a code would not work; let them in again first")
    if not reason or len(reason) > MAX_REASON:
        raise NotIssued(
            f"give the reason, in at most {MAX_REASON} characters: it is kept, and told to {person.username}"
        )
    minutes = services.settings.admin_codes.minutes if minutes is None else minutes
    if not 1 <= minutes <= MAX_MINUTES:
        raise NotIssued(f"a code is valid for 1 to {MAX_MINUTES} minutes")
    if approved_by:
        _check_approver(person, actor, approved_by)
    code = codes.make()
    code_hash = services.passwords.hash(code)  # ASVS 6.5.2: 50 bits, so hashed like a password
    now = services.clock()
    issued = Issued(new_id(now), person.id, reason, actor, approved_by, now, now + minutes * 60.0, codes.spaced(code))
    with services.db.transaction() as tx:
        tx.run(store.VOID_ADMIN, owner_id=person.id, now=now)
        tx.run(
            store.ADD_ADMIN, id=issued.id, person_id=person.id, code_hash=code_hash, reason=reason, issued_by=actor,
            approved_by=approved_by or None, created_at=now, expires_at=issued.expires_at, used_at=None,
        )  # fmt: skip
        _tell(record, tx, "admin_code:issued", issued, minutes=minutes)
        told = _mail(services, person, issued, tx)
    return replace(issued, told=told)


def approve(services: Services, person_id: str, approver: str, record: Recorder | None = None) -> Issued:
    """The second pair of eyes: the open code works from now on. Errors: `NotIssued`, `NoSuchPerson`."""
    person, now = services.directory.get(person_id), services.clock()
    waiting = find_open(services.db, person_id, now)
    if waiting is None:
        raise NotIssued(f"{person.username} has no code that waits: it was used, has run out, or was never issued")
    if waiting.approved_by:
        raise NotIssued(f"the code of {person.username} was approved already, by {waiting.approved_by}")
    _check_approver(person, waiting.issued_by, approver)
    with services.db.transaction() as tx:
        if tx.run(store.APPROVE_ADMIN, code_id=waiting.id, approver=approver, now=now) != 1:
            raise NotIssued(f"the code of {person.username} was used, approved or replaced a moment ago")
        approved = Issued(**{**_fields(waiting), "approved_by": approver})
        _tell(record, tx, "admin_code:approved", approved)
    return approved


def find_open(db: Database, person_id: str, now: float) -> Issued | None:
    """The code that a person could use now, approved or not."""
    row = db.one(store.ADMIN_OPEN, owner_id=person_id, now=now)
    return None if row is None else _issued(row)


def is_ready(services: Services, person_id: str) -> bool:
    """Whether there is a code that works."""
    found = find_open(services.db, person_id, services.clock())
    return found is not None and _is_approved(services, found)


def use(services: Services, person_id: str, typed: str, record: Recorder) -> Issued | None:
    """Use it up; None where it is not the code. One hash, whatever was typed.

    Errors: `WaitsForApproval`, `passwords.Busy`.
    """
    code, now = codes.read(typed), services.clock()
    row = services.db.one(store.ADMIN_OPEN, owner_id=person_id, now=now)
    is_right = services.passwords.verify(row.code_hash if row is not None else None, code or typed[:64]).ok
    if row is None or not code or not is_right:
        return None
    issued = _issued(row)
    if not _is_approved(services, issued):
        raise WaitsForApproval
    with services.db.transaction() as tx:
        if tx.run(store.USE_ADMIN, code_id=row.id, now=services.clock()) != 1:
            return None
        _tell(record, tx, "admin_code:used", issued)
    return issued


def was_used(services: Services, person_id: str, typed: str) -> bool:
    """Whether it is the code that was right a moment ago: who sends it twice has guessed nothing. A hash at most."""
    code = codes.read(typed)
    row = services.db.one(store.ADMIN_USED, owner_id=person_id, now=services.clock()) if code else None
    return row is not None and services.passwords.verify(row.code_hash, code).ok


def standing(services: Services, person_id: str) -> str:
    """Names the open code as it stands: what was no code before may be one once that has changed."""
    found = find_open(services.db, person_id, services.clock())
    return f"{found.id}:{found.approved_by}" if found is not None else ""


def void(tx: Transaction, person_id: str, now: float) -> int:
    """Make every unused code of a person worthless, in the caller's transaction; answers how many."""
    return tx.run(store.VOID_ADMIN, owner_id=person_id, now=now)


def end_everybody(tx: Transaction, now: float) -> int:
    """End every code that is open, in the caller's transaction; answers how many."""
    return tx.run(store.END_EVERY_ADMIN, now=now)


def sweep(services: Services, many: int = 1000) -> int:
    """Delete at most `many` codes that ran out a day ago or longer; the events stay."""
    return services.db.run(store.SWEEP_ADMIN, before=services.clock() - 86400.0, many=many)


# -- below -----------------------------------------------------------------------------------------------------------


def needs_approval(services: Services) -> bool:
    """Whether the settings ask for two people."""
    return services.settings.admin_codes.second_approver


def _is_approved(services: Services, issued: Issued) -> bool:
    return bool(issued.approved_by) or not needs_approval(services)


def _check_approver(person: Person, issued_by: str, approver: str) -> None:
    if approver in (issued_by, person.id):
        raise NotIssued("two people are asked for: somebody else than who issues the code, and than who gets it")


def _mail(services: Services, person: Person, issued: Issued, tx: Transaction) -> Told:
    about: dict[str, Any] = {"until": issued.expires_at, "reason": issued.reason, "time": issued.created_at}
    issuer = people.find(tx, issued.issued_by)
    by = {"by": issuer.name} if issuer is not None else {}
    return mail.tell(services, person, "admin_code_issued", {**about, **by}, tx=tx)


def _tell(record: Recorder | None, tx: Transaction, action: str, issued: Issued, **more: Any) -> None:
    if record is not None:
        detail = {
            "person_id": issued.person_id, "code_id": issued.id, "reason": issued.reason, "issued_by": issued.issued_by,
            "approved_by": issued.approved_by or None, "expires_at": issued.expires_at, **more,
        }  # fmt: skip
        record(tx, action, detail)


def _fields(issued: Issued) -> dict[str, Any]:
    return {name: getattr(issued, name) for name in Issued.__slots__}


def _issued(row: Any) -> Issued:
    return Issued(
        row.id, row.person_id, row.reason, row.issued_by, row.approved_by or "", row.created_at, row.expires_at
    )
