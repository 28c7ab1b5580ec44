"""What an invitation says of whoever sends it."""

from __future__ import annotations

from idp.accounts.invitations import Words
from idp.admin.actor import Actor
from idp.protocols import Services


def words_of(services: Services, actor: Actor, note: str = "") -> Words:
    """What an invitation by this actor says: an own text that was checked is quoted, with their name."""
    person = services.directory.find(actor.id) if actor.kind == "person" else None
    return Words(note, person.name if person is not None else "", actor.name)
