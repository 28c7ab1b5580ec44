"""What the organisation keeps of a person beyond the standard claims, as they see and change it themselves (U1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from clients.attributes import Definition
from clients.attributes.definition import PERSON
from idp import attribute_values
from idp.accounts.person import Person, fold
from idp.attribute_controls import PREFIX, control, typed_of
from idp.attribute_values import WrongValue
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request


@dataclass(frozen=True, slots=True)
class Typed:
    """What came: as it was typed, what is different by it, and what is wrong with it, by name."""

    values: dict[str, Any] = field(default_factory=dict)
    changed: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def read(services: Services, request: Request, person: Person) -> Typed:
    """The form, as far as it is theirs to write; whatever else is posted is never looked at (ASVS 8.2.3)."""
    found = Typed()
    for one in _own(services, person):
        if f"{PREFIX}{one.name}-shown" not in request.form:
            continue
        standing = person.claims.get(one.name)
        given = typed_of(one, request.form, standing)
        found.values[one.name] = given
        if given == standing:  # what stands stays, whatever it is
            continue
        try:
            value = attribute_values.read(one, given)
        except WrongValue as error:
            found.problems[one.name] = error.message
            continue
        if value is None and one.required:
            found.problems[one.name] = N_("This cannot be empty.")
        elif value != standing:
            found.changed[one.name] = value
    return found


def controls(services: Services, person: Person, locale: str, typed: Typed) -> list[dict[str, Any]]:
    """The fields that are theirs to change."""
    return [
        control(one, locale, typed.values.get(one.name, person.claims.get(one.name)), typed.problems.get(one.name, ""))
        for one in _own(services, person)
    ]


def fixed(services: Services, person: Person, locale: str) -> list[tuple[str, str]]:
    """What they see and others change: what it is called, and the value."""
    return [
        (one.called(locale), attribute_values.shown(person.claims[one.name]))
        for one in _seen(services)
        if PERSON not in one.edits and person.claims.get(one.name) is not None
    ]


def _own(services: Services, person: Person) -> Iterator[Definition]:
    groups = set(map(fold, person.groups))
    for one in _seen(services):
        if PERSON in one.edits and (not one.groups or not groups.isdisjoint(map(fold, one.groups))):
            yield one


def _seen(services: Services) -> Iterator[Definition]:
    services.registry.keep_fresh()
    return (one for one in services.registry.attributes().values() if PERSON in one.sees)
