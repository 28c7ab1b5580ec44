"""Federations whose service providers are taken as they come: trusted, read again, forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from idp.admin import managed
from idp.admin.permissions import Permission
from idp.protocols import Services
from idp.saml.metadata import sources
from idp.saml.metadata.sources import RefreshResult, Source, SourceDraft

if TYPE_CHECKING:
    from idp.admin.actor import Actor

_SHOWN = (
    "id", "kind", "name", "url", "client_id", "defaults", "access", "max_validity", "sha1", "created_at",
    "checked_at", "changed_at", "next_at", "valid_until", "failures", "error",
)  # fmt: skip


def described(services: Services, source: Source) -> dict[str, Any]:
    """A source, with how many applications it vouches for."""
    entities = 1 if source.kind == "entity" else sources.count_entities(services, source.id)
    return {**{key: getattr(source, key) for key in _SHOWN}, "entities": entities}


def add(services: Services, actor: Actor, draft: SourceDraft) -> RefreshResult:
    """Trust a federation and read it; what it brings is registered. Errors: `NotAllowed`, `BadMetadata`."""
    actor.check(Permission.APPS_CREATE)
    return sources.add_and_read(services, draft, record=actor.record(services))


def refresh(services: Services, actor: Actor, source_id: str, *, accept_older: bool = False) -> RefreshResult:
    """Read it again now: applications come, change and go by it. Errors: `NotAllowed`, `BadMetadata`."""
    actor.check(Permission.APPS_CREATE)
    return sources.refresh(services, source_id, accept_older=accept_older)


def remove(services: Services, actor: Actor, source: Source) -> int:
    """Forget it; answers how many applications are turned off by that.

    Errors: `NotAllowed`, `ManagedByFile`, `BadMetadata`.
    """
    actor.check(Permission.APPS_REMOVE)
    managed.guard(services, "source", source.id)
    return sources.remove(services, source.id, record=actor.record(services))
