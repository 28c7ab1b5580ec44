"""Somebody's attributes written: by an admin what they may, by the help desk what the definitions let it (U1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clients.attributes import Definition
from clients.attributes.definition import ADMIN, HELP_DESK
from idp.accounts.person import Person
from idp.admin import people, person_attributes
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.protocols import Services


def writable(services: Services, actor: Actor, person: Person) -> tuple[Definition, ...]:
    """What an actor may write of somebody, by name; nothing where they may not act on them."""
    right = _right(actor)
    if not actor.may_person(right, person.groups):
        return ()
    who = ADMIN if right is Permission.PEOPLE_CHANGE else HELP_DESK
    return tuple(
        one
        for one in person_attributes.defined(services).values()
        if who in one.edits and person_attributes.is_about(one, person.groups)
    )


def write(
    services: Services, actor: Actor, person: Person, values: Mapping[str, Any], *, as_of: float | None = None,
    reason: str = "",
) -> Person:  # fmt: skip
    """Values by name, None takes one out. The help desk writes what the definitions let it, an admin what they may.

    Errors: `NotAllowed`, `InvalidPerson`; `PersonChanged` where somebody was faster.
    """
    right = _right(actor)
    actor.check_person(services, right, person)
    actor.check_ordinary(services, right, person)
    if right is Permission.PEOPLE_CHANGE:
        return people.correct(services, actor, person, people.Correction(merge=values, as_of=as_of)).after
    merge = person_attributes.taken(services, values, before=person.claims, groups=person.groups, writer=HELP_DESK)
    record = people.with_values(person, merge, person_attributes.told_of(services, actor.record(services), reason))
    return services.directory.update(person.id, merge=merge, record=record, as_of=as_of)


def _right(actor: Actor) -> Permission:
    return Permission.PEOPLE_CHANGE if actor.may(Permission.PEOPLE_CHANGE) else Permission.PEOPLE_HELP
