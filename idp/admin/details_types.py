"""Types of authorization details (RFC 9396): what applications may ask people for beyond scopes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clients.details_types import DetailsType, details_type, kept
from idp.admin import managed
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.protocols import Services

KIND = "details_type"  # as files call it


class NoSuchType(LookupError):
    """There is no such type, or it was removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A type as it is to be. `schema`: JSON Schema of a whole detail; `sentences`: language to template."""

    name: str
    schema: Any
    sentences: Mapping[str, str] = field(default_factory=dict)
    resources: tuple[str, ...] = ()


def listed(services: Services, actor: Actor) -> tuple[DetailsType, ...]:
    """All of them, by name. Errors: `NotAllowed`."""
    actor.check(Permission.APPS_CREATE)
    return kept.list_of(services.db)


def get(services: Services, actor: Actor, name: str) -> DetailsType:
    """One of them. Errors: `NotAllowed`, `NoSuchType`."""
    for one in listed(services, actor):
        if one.name == name:
            return one
    raise NoSuchType(name)


def put(services: Services, actor: Actor, wish: Wish) -> DetailsType:
    """Make one, or change the one of this name; what was granted stands as it was agreed to.

    Errors: `NotAllowed`, `ManagedByFile`, `InvalidMetadata` with all that is wrong.
    """
    actor.check(Permission.APPS_CREATE)
    managed.guard(services, KIND, wish.name)
    new = details_type.checked(wish.name, wish.schema, wish.sentences, wish.resources)
    if kept.put(services.db, new, services.clock(), record=actor.record(services)):
        services.registry.refresh()
    return new


def remove(services: Services, actor: Actor, name: str) -> None:
    """Nobody asks for such details any more, and tokens lose them.

    Errors: `NotAllowed`, `ManagedByFile`, `NoSuchType`.
    """
    actor.check(Permission.APPS_CREATE)
    managed.guard(services, KIND, name)
    if not kept.remove(services.db, name, record=actor.record(services)):
        raise NoSuchType(name)
    services.registry.refresh()


def naming(services: Services, name: str) -> tuple[str, ...]:
    """The names of the applications that are registered for it by name. For pages and plans: it reads every one."""
    return tuple(one.name for one in services.registry.every() if name in one.oidc.authorization_details_types)
