"""What somebody signs in with, as the help desk helps: an authenticator removed, a code that lets in once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from idp.accounts import roles
from idp.accounts.person import Person
from idp.admin.permissions import Permission
from idp.db import Transaction
from idp.protocols import Services

if TYPE_CHECKING:
    from idp.accounts.factors import Enrolled
    from idp.accounts.factors.admin_codes import Issued
    from idp.admin.actor import Actor
    from idp.db import Transaction
    from idp.mail import Told


class NoApprover(ValueError):
    """This person may not agree to the code of somebody else: `roles` are those who may, where they are let in."""

    def __init__(self, person: Person, roles: tuple[str, ...]) -> None:
        super().__init__(person.username)
        self.person, self.roles = person, roles


class NoSuchFactor(LookupError):
    """The person has no authenticator of this id."""


class MustStay(ValueError):
    """The authenticator is the last way in, or what a rule asks for; the message says which, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A code that is asked for. `minutes`: how long it works, else as the settings say; `approver`: who agrees."""

    reason: str
    minutes: int | None = None
    approver: Person | None = None


def described(factor: Enrolled) -> dict[str, Any]:
    """An authenticator as programs see it."""
    return {
        "id": factor.id, "kind": factor.kind, "label": factor.label, "created_at": factor.created_at,
        "last_used_at": factor.last_used_at,
    }  # fmt: skip


def described_code(issued: Issued) -> dict[str, Any]:
    """A code as programs see it, without the code."""
    return {
        "id": issued.id, "reason": issued.reason, "issued_by": issued.issued_by,
        "approved_by": issued.approved_by or None, "expires_at": issued.expires_at,
    }  # fmt: skip


def remove(services: Services, actor: Actor, person: Person, factor_id: str, *, reason: str = "") -> Told:
    """Remove an authenticator; answers where its owner is told. `reason`: why, for the record (U3).

    Errors: `NotAllowed`, `NoSuchFactor`, `MustStay`.
    """
    from idp import mail
    from idp.login.authenticators import removal

    actor.check_person(services, Permission.PEOPLE_HELP, person)
    actor.check_ordinary(services, Permission.PEOPLE_HELP, person)
    told, write = [mail.Told()], actor.record(services)

    def record(tx: Transaction, action: str, detail: Mapping[str, Any]) -> None:
        write(tx, action, {**detail, "reason": reason} if reason else detail)

    def tell(tx: Transaction, removed: Enrolled) -> None:
        about = {"kind": removed.kind, "label": removed.label, "time": services.clock()}
        told.append(mail.tell(services, person, "factor_removed", about, tx=tx))

    outcome = removal.remove(services, person, factor_id, record, tell)
    if outcome.refused is not None:
        raise MustStay(outcome.refused)
    if outcome.removed is None:
        raise NoSuchFactor(factor_id)
    return told[-1]


def issue_code(services: Services, actor: Actor, person: Person, wish: Wish) -> Issued:
    """Make a code that lets a person in once; the one before is void.

    Errors: `NotAllowed`, `NoApprover`, `admin_codes.NotIssued`, `passwords.Busy`.
    """
    from idp.accounts.factors import admin_codes

    actor.check_person(services, Permission.PEOPLE_HELP, person)
    actor.check_ordinary(services, Permission.PEOPLE_HELP, person)
    _check_named(actor, wish.approver)
    _check_two_people(services, actor)
    approved_by = _approver(services, wish.approver, person) if wish.approver is not None else ""
    return admin_codes.issue(
        services, person.id, wish.reason, actor.id, minutes=wish.minutes, approved_by=approved_by,
        record=actor.record(services),
    )  # fmt: skip


def waits(services: Services, issued: Issued) -> bool:
    """Whether somebody else must agree before the code works."""
    from idp.accounts.factors import admin_codes

    return admin_codes.needs_approval(services) and not issued.approved_by


def approve_code(services: Services, actor: Actor, person: Person, approver: Person) -> Issued:
    """The second pair of eyes. Errors: `NotAllowed`, `NoApprover`, `admin_codes.NotIssued`."""
    from idp.accounts.factors import admin_codes

    actor.check_person(services, Permission.PEOPLE_HELP, person)
    actor.check_ordinary(services, Permission.PEOPLE_HELP, person)
    _check_named(actor, approver)
    agrees = _approver(services, approver, person)
    return admin_codes.approve(services, person.id, agrees, record=actor.record(services))


def _check_two_people(services: Services, actor: Actor) -> None:
    """Whoever has a program's secret would be both of the two that must agree. Errors: `NotAllowed`."""
    from idp.accounts.factors import admin_codes
    from idp.admin.actor import NotAllowed

    if actor.kind == "client" and admin_codes.needs_approval(services):
        raise NotAllowed(Permission.PEOPLE_HELP, "two people must agree to a code here, and a program is nobody")


def _check_named(actor: Actor, approver: Person | None) -> None:
    """Nobody agrees in the name of somebody else; who has the shell says whose word they have. Errors: `NotAllowed`."""
    from idp.admin.actor import NotAllowed

    if approver is not None and actor.kind != "shell" and actor.id != approver.id:
        raise NotAllowed(Permission.PEOPLE_HELP, "they agree to it themselves, by their own sign-in")


def _approver(services: Services, approver: Person, person: Person) -> str:
    """Somebody who may help this very person now: a limit or an end of their role counts (C2)."""
    from idp.accounts.factors.admin_codes import APPROVERS
    from idp.admin.actor import Actor

    grants = roles.grants_of(services.db, approver.id, approver.roles, services.clock())
    actor = Actor(kind="person", id=approver.id, name="", grants=grants)
    if not approver.enabled or not actor.may_person(Permission.PEOPLE_HELP, person.groups):
        raise NoApprover(approver, APPROVERS)
    return approver.id
