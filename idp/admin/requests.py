"""Somebody asks for an application that they may not open; its admin lets them in with one press (R8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from clients.client import Client
from idp import mail
from idp.accounts import cases
from idp.accounts.cases import Case
from idp.accounts.person import Person
from idp.admin import access
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.db import Transaction
from idp.protocols import Services

_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """A case that asks for access, with who asks and for what."""

    case: Case
    person: Person
    client: Client


def open_of(services: Services, actor: Actor, many: int = 200) -> tuple[Asked, ...]:
    """What waits for this actor, the latest first: of the applications that they look after."""
    actor.check(Permission.APPS_CHANGE)
    return tuple(_of(services, actor))[:many]


def find(services: Services, case: Case) -> Asked | None:
    """What a case asks for; None where it is another kind of case, or one of both is gone."""
    if case.kind != cases.ACCESS or not case.person_id or not case.about:
        return None
    person, client = services.directory.find(case.person_id), services.registry.find(case.about)
    return Asked(case, person, client) if person is not None and client is not None else None


def grant(services: Services, actor: Actor, asked: Asked) -> mail.Told:
    """Let them in, close the case, tell them; who may already is told all the same. Errors: `NotAllowed`."""
    actor.check_app(Permission.APPS_CHANGE, asked.client.id)
    if not asked.client.access.everyone:
        change = access.Change(persons=(asked.person.id,))
        access.change(services, actor, asked.client, change)
    values, told = {"app": asked.client.name, "link": services.url("/")}, [mail.Told()]

    def tell(tx: Transaction) -> None:
        told.append(mail.tell(services, asked.person, "access_granted", values, tx=tx))

    note = f"Access to {asked.client.name} was granted."
    if not cases.close(services, asked.case.id, note, actor.id, tell):  # it has closed itself meanwhile
        with services.db.transaction() as tx:
            tell(tx)
    return told[-1]


def decline(services: Services, actor: Actor, asked: Asked, why: str) -> bool:
    """Close the case without; answers whether it was open. Errors: `NotAllowed`."""
    actor.check_app(Permission.APPS_CHANGE, asked.client.id)
    return cases.close(services, asked.case.id, why, actor.id)


def _of(services: Services, actor: Actor) -> Iterator[Asked]:
    for case in cases.list_of(services.db, many=_LOOKED_AT):
        asked = find(services, case)
        if asked is not None and actor.may_app(Permission.APPS_CHANGE, asked.client.id):
            yield asked
