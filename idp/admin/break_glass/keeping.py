"""Make a break-glass account, make its secrets anew, end it, say that its use was seen (U5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.accounts import break_glass, factors
from idp.accounts.break_glass import BreakGlass, keeping, telling
from idp.accounts.factors import backup_codes
from idp.accounts.person import Draft, NoSuchPerson, Person
from idp.accounts.roles import RoleGrant
from idp.admin.actor import Actor, NotAllowed
from idp.admin.approving.asking import ask, refuse_secrets
from idp.admin.granting import check_given
from idp.admin.permissions import Permission
from idp.audit import Recorder
from idp.db import Transaction, joined
from idp.protocols import Services

P = Permission


class UsedAgain(Exception):
    """It was used since whoever acknowledges it has looked."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What goes into the envelope: shown once, kept as hashes."""

    person: Person
    password: str = field(repr=False)
    codes: tuple[str, ...] = field(repr=False)
    removed: tuple[str, ...] = ()  # what had been added to it, and is gone: labels of passkeys, keys and apps


def every(services: Services, actor: Actor) -> tuple[BreakGlass, ...]:
    """All of them. Errors: `NotAllowed`."""
    actor.check(P.SETTINGS_READ)
    return break_glass.every(services.db)


def alarms(services: Services, actor: Actor) -> tuple[BreakGlass, ...]:
    """What stands on every page of an owner until somebody has looked; nothing is read for anybody else."""
    return break_glass.every(services.db, alarmed=True) if actor.may(P.ROLES_GRANT) else ()


def get(services: Services, actor: Actor, person_id: str) -> BreakGlass:
    """One. Errors: `NotAllowed`, `NoSuchPerson`."""
    actor.check(P.SETTINGS_READ)
    found = break_glass.find(services.db, person_id)
    if found is None:
        raise NoSuchPerson(person_id)
    return found


def described(one: BreakGlass) -> dict[str, Any]:
    """One as programs see it."""
    return {
        "id": one.person_id, "username": one.username, "made_at": one.made_at, "made_by": one.made_by,
        "secrets_made_at": one.secrets_at, "used_at": one.used_at, "alarm_at": one.alarm_at,
        "alarm_uses": one.alarm_uses, "alarm_failures": one.alarm_failures,
    }  # fmt: skip


def make(services: Services, actor: Actor, username: str) -> Secrets:
    """A new owner who is nobody: it has a password and ten codes that we make, and no address.

    Errors: `NotAllowed`; `InvalidPerson`; `passwords.Busy`.
    """
    actor.check(P.ROLES_GRANT)
    check_given(actor, (RoleGrant("owner"),))
    refuse_secrets(services, actor, "making a break-glass account")
    made, record, now = _secrets(services), actor.record(services), services.clock()
    draft = Draft(username=username, name=username, roles=("owner",))
    with services.db.transaction() as tx:
        person = services.directory.within(joined(tx)).add(draft, password_hash=made.password_hash, record=record)
        keeping.add(tx, person.id, made.password, actor.name, now)
        made.keep(tx, now, person, record)
        record(tx, "break_glass:made", {"person_id": person.id, "username": person.username})
        telling.owners(services, tx, person, "made", but=actor.id)
    return Secrets(person, made.password, tuple(made.codes.shown))


def renew(services: Services, actor: Actor, person_id: str) -> Secrets:
    """Another password and other codes; what the old ones have opened ends, and what was added by them is removed.

    Else somebody who had the envelope once, and added a passkey, would stay an owner after the very remedy.

    Errors: `NotAllowed`; `NoSuchPerson`; `passwords.Busy`.
    """
    person = _another(services, actor, person_id)
    check_given(actor, (RoleGrant("owner"),))  # whoever reads the secrets may be it
    refuse_secrets(services, actor, "renewing a break-glass account")
    made, record, now = _secrets(services), actor.record(services), services.clock()
    with services.db.transaction() as tx:
        if not keeping.renew(tx, person.id, made.password, now):
            raise NoSuchPerson(person.id)
        services.directory.within(joined(tx)).store_password(
            person.id, made.password_hash, detail={"purpose": "break-glass"}, record=record
        )
        removed = _remove_factors(tx, person, record)
        made.keep(tx, now, person, record)
        record(
            tx, "break_glass:renewed", {"person_id": person.id, "username": person.username, "removed": len(removed)}
        )
        telling.owners(services, tx, person, "renewed", but=actor.id)
    return Secrets(person, made.password, tuple(made.codes.shown), removed)


def end(services: Services, actor: Actor, person_id: str) -> Person:
    """It is an ordinary account that is turned off; what it has open ends, and what is in the envelope is worthless.

    Errors: `NotAllowed`; `Waits`; `NoSuchPerson`; `InvalidPerson` for the last owner; `passwords.Busy`.
    """
    person = _another(services, actor, person_id)
    ask(services, actor, "user:turn_off", "break_glass.end", {"person": person.id})
    record, unknown = actor.record(services), services.passwords.hash(keeping.make_password())
    with services.db.transaction() as tx:
        if not keeping.drop(tx, person.id):
            raise NoSuchPerson(person.id)
        record(tx, "break_glass:ended", {"person_id": person.id, "username": person.username})
        telling.owners(services, tx, person, "ended", but=actor.id)
        _remove_factors(tx, person, record)
        backup_codes.drop(tx, person.id)
        directory = services.directory.within(joined(tx))
        directory.store_password(person.id, unknown, detail={"purpose": "break-glass"}, record=record)
        return directory.disable(person.id, record=record)


def acknowledge(
    services: Services, actor: Actor, person_id: str, note: str = "", *, uses: int | None = None
) -> bool:  # fmt: skip
    """Its use was looked at; whether there was any that nobody had.

    `uses`: how many were looked at. Errors: `UsedAgain` where there are others by now; `NotAllowed`; `NoSuchPerson`.
    """
    person = _another(services, actor, person_id)
    with services.db.transaction() as tx:
        keeping.lock(tx, person.id)
        seen = break_glass.find(tx, person.id)
        if uses is not None and seen is not None and seen.alarm_at is not None and seen.alarm_uses != uses:
            raise UsedAgain
        was = keeping.acknowledge(tx, person.id)
        if was and seen is not None:
            detail: Mapping[str, Any] = {
                "person_id": person.id, "note": " ".join(note.split())[:500], "uses": seen.alarm_uses,
                "failures": seen.alarm_failures, "since": seen.alarm_at,
            }  # fmt: skip
            actor.record(services)(tx, "break_glass:acknowledged", detail)
    return was


def _remove_factors(tx: Transaction, person: Person, record: Recorder) -> tuple[str, ...]:
    held = factors.list_of(tx, person.id, lock=True)
    for one in held:
        factors.remove(tx, person.id, one.id)
        detail = {"person_id": person.id, "factor": one.id, "kind": one.kind, "label": one.label}
        record(tx, "factor:removed", detail)
    return tuple(one.label or one.kind for one in held)


def _another(services: Services, actor: Actor, person_id: str) -> Person:
    """The person of one, for an owner who is somebody else. Errors: `NotAllowed`; `NoSuchPerson`."""
    actor.check(P.ROLES_GRANT)
    person = services.directory.find(person_id)
    if person is None or break_glass.find(services.db, person_id) is None:
        raise NoSuchPerson(person_id)
    if actor.is_self(person):
        raise NotAllowed(P.ROLES_GRANT, "whoever uses a break-glass account does not judge its use; ask another owner")
    return person


@dataclass(frozen=True, slots=True)
class _Made:
    password: str = field(repr=False)
    password_hash: str = field(repr=False)
    codes: Any = field(repr=False)

    def keep(self, tx: Transaction, now: float, person: Person, record: Any) -> None:
        backup_codes.keep(tx, now, person.id, self.codes, record)


def _secrets(services: Services) -> _Made:
    """All hashes, before the transaction. Errors: `passwords.Busy`."""
    password = keeping.make_password()
    return _Made(password, services.passwords.hash(password), backup_codes.make(services))
