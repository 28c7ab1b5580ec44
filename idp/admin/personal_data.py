"""What is held of somebody, given out to whoever answers for it (D3)."""

from __future__ import annotations

from typing import Any

from idp.accounts.person import Person
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.personal_data import document
from idp.protocols import Services


def export(services: Services, actor: Actor, person: Person, most: int = document.MOST) -> dict[str, Any]:
    """All of it, and that it was given out is on record. Errors: `NotAllowed`."""
    actor.check_person(services, Permission.PEOPLE_REMOVE, person)
    services.uses.flush()  # what was opened a moment ago is there, too
    made = document.of(services, person.id, most)
    actor.record(services)(services.db, "person:exported", {"person_id": person.id})
    return made
