"""Attributes of people that the organisation defines: made, changed, removed, and brought back (U1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from clients.attributes import Definition, checking, kept
from clients.attributes.definition import PERSON
from clients.attributes.kept import AttributeChanged
from clients.errors import InvalidMetadata, Problem
from idp.accounts.known_claims import Counts
from idp.accounts.person import RESERVED_CLAIMS
from idp.admin import applications, managed, releasing
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.attributes import ATTRIBUTES
from idp.protocols import Services

KIND: Final = "attribute"  # as files call it
#: What these are is said by standards, or by a column of their own.
TAKEN: Final = RESERVED_CLAIMS | {one.name for one in ATTRIBUTES} | {name for one in ATTRIBUTES for name in one.called}

#: By these an application knows who somebody is (the NameIDs of `idp.saml`), or what they may do there.
NAMING: Final = frozenset(("affiliation", "kerberos_principal", "windows_account_name", "x509_subject_name"))

__all__ = [
    "AttributeChanged",
    "HasValues",
    "NoSuchAttribute",
    "add",
    "change",
    "get",
    "listed",
    "people_with",
    "remove",
    "values_of",
]


class HasValues(Exception):
    """`many` people have a value, which would be a free claim; `told`: applications whose own tables name it then."""

    def __init__(self, name: str, many: int, told: tuple[str, ...]) -> None:
        super().__init__(name)
        self.name, self.many, self.told = name, many, told


class NoSuchAttribute(LookupError):
    """Nothing is defined under this name."""


def listed(services: Services, actor: Actor) -> tuple[Definition, ...]:
    """All of them, by name. Errors: `NotAllowed`."""
    actor.check(Permission.ATTRIBUTES_READ)
    return kept.list_of(services.db)


def get(services: Services, actor: Actor, name: str) -> Definition:
    """One of them. Errors: `NotAllowed`, `NoSuchAttribute`."""
    for one in listed(services, actor):
        if one.name == name:
            return one
    raise NoSuchAttribute(name)


def values_of(services: Services, actor: Actor) -> Counts:
    """How many people have a value, by name, of attributes that nobody has defined too. Errors: `NotAllowed`."""
    actor.check(Permission.ATTRIBUTES_READ)
    return services.directory.claim_counts()


def people_with(services: Services, actor: Actor, name: str) -> int:
    """How many people have a value of one, exactly. Errors: `NotAllowed`."""
    actor.check(Permission.ATTRIBUTES_READ)
    return services.directory.claim_count(name)


def add(services: Services, actor: Actor, name: str, said: Mapping[str, Any]) -> Definition:
    """Define one; people who have such a claim keep it, whatever it looks like.

    Errors: `NotAllowed`, `InvalidMetadata`, with all that is wrong.
    """
    actor.check(Permission.ATTRIBUTES_CHANGE)
    managed.guard(services, KIND, name)
    new = checked(services, name, said)
    try:
        kept.put(services.db, new, services.clock(), record=actor.record(services), seen=None)
    except AttributeChanged:
        raise InvalidMetadata(Problem("name", f"{name} is defined already; change it instead")) from None
    services.registry.refresh()
    return new


def change(
    services: Services, actor: Actor, name: str, said: Mapping[str, Any], *, seen: Definition | None = None
) -> Definition:
    """All that is said of one from now on. `seen`: what was looked at.

    Errors: `NotAllowed`, `ManagedByFile`, `NoSuchAttribute`, `InvalidMetadata`, `AttributeChanged`.
    """
    actor.check(Permission.ATTRIBUTES_CHANGE)
    managed.guard(services, KIND, name)
    before = seen or next((one for one in kept.list_of(services.db) if one.name == name), None)
    if before is None:
        raise NoSuchAttribute(name)
    new = checked(services, name, said, before)
    kept.put(services.db, new, services.clock(), record=actor.record(services), seen=before)
    services.registry.refresh()
    return new


def remove(
    services: Services, actor: Actor, name: str, *, with_values: bool = False, seen: Definition | None = None
) -> int:
    """Nothing is defined any more; people keep their values, as free claims. How many they are.

    `with_values`: also where people have one; `seen`: what was looked at.
    Errors: `NotAllowed`, `ManagedByFile`, `NoSuchAttribute`, `HasValues`, `AttributeChanged`.
    """
    actor.check(Permission.ATTRIBUTES_CHANGE)
    managed.guard(services, KIND, name)
    old = get(services, actor, name)
    many = services.directory.claim_count(name)
    if many and not with_values:
        raise HasValues(name, many, told_then(services, old))
    if kept.remove(services.db, name, record=actor.record(services), seen=seen or True) is None:
        raise NoSuchAttribute(name)
    services.registry.refresh()
    return many


def told_then(services: Services, one: Definition) -> tuple[str, ...]:
    """The names of applications that are told values once an attribute is defined no more: their tables name it."""
    ids = (entry.id for entry in applications.entries(services))
    found = (client for client in map(services.registry.find, ids) if client is not None)
    return tuple(client.name for client in found if not one.may_have(client.id) and releasing.names(client, one.name))


def checked(
    services: Services, name: str, said: Mapping[str, Any], before: Definition | None = None,
    also_apps: Collection[str] = (),
) -> Definition:  # fmt: skip
    """A definition that can be kept; applications that it names newly are there, or come with it (`also_apps`).

    Errors: `InvalidMetadata`.
    """
    new = checking.checked(name, said, TAKEN)
    if PERSON in new.edits and name.casefold() in NAMING:
        raise InvalidMetadata(Problem("edits", f"{name} says to applications who somebody is: people may not edit it"))
    if before is None and (alike := checking.alike(name, services.registry.attributes())):
        raise InvalidMetadata(Problem("name", alike))
    known = {*also_apps, *(before.apps if before is not None else ())}
    unknown = [one for one in new.apps if one not in known and services.registry.find(one) is None]
    if unknown:
        raise InvalidMetadata(Problem("apps", f"there is no application with the id {unknown[0][:60]}"))
    return new
