"""The recovery address and number of somebody, as those who help see to them (P6, N6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.accounts.person import Person
from idp.accounts.recovery import contacts
from idp.admin.permissions import Permission
from idp.protocols import Services

if TYPE_CHECKING:
    from idp.admin.actor import Actor


def take_away(services: Services, actor: Actor, person: Person, kind: str) -> bool:
    """Remove the address or the number; answers whether there was one. Errors: `NotAllowed`."""
    actor.check_person(services, Permission.PEOPLE_CHANGE, person)
    return contacts.take_away(services, person, kind, actor.record(services))


def suspend(services: Services, actor: Actor, person: Person) -> None:
    """Let all of them wait until the person confirms them anew; links that would undo a change are void.

    Errors: `NotAllowed`.
    """
    actor.check_person(services, Permission.PEOPLE_CHANGE, person)
    services.directory.restrict(person.id)
    actor.record(services)(services.db, "recovery:suspended", {"person_id": person.id})
