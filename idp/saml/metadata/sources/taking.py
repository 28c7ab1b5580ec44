"""What a source says is taken over: by a client that is there, or by one that it becomes at its first sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clients.access import Access
from clients.client import Client
from clients.registry import Draft
from idp.audit import Event, record
from idp.protocols import Services
from idp.saml.metadata.description import with_validity
from idp.saml.metadata.sources import store
from idp.saml.metadata.sources.store import Entity, Source


def apply(services: Services, client: Client, facts: Mapping[str, Any], now: float, actor: str = "system") -> bool:
    """Give a client new facts of its metadata; whether anything changed. The admin's settings stay as they are.

    Where only validUntil moves on, it is written when half of the time is over, and no event is. Errors:
    `InvalidMetadata`.
    """
    assert client.saml is not None, client.kind
    old = dict(client.saml.facts)
    new = dict(facts)
    until, next_until = old.pop("valid_until", None), new.pop("valid_until", None)
    only_validity = old == new
    if only_validity and _may_wait(until, next_until, now):
        return False

    def write(tx: Any, action: str, detail: Mapping[str, Any]) -> None:
        if not only_validity:
            record(tx, Event(action, actor, client_id=client.id, detail=detail), services.clock())

    services.registry.update(client.id, {"sp_metadata": dict(facts)}, record=write)
    return not only_validity


def _may_wait(until: float | None, next_until: float | None, now: float) -> bool:
    if until is None or next_until is None:
        return until == next_until
    return until == next_until or (until < next_until and (until - now) * 2 > next_until - now)


def take(services: Services, source: Source, entity: Entity) -> Client:
    """Register an entity of a source as a client. Errors: `InvalidMetadata`, also where somebody else has it."""

    def write(tx: Any, action: str, detail: Mapping[str, Any]) -> None:
        store.use_entity(tx, source.id, entity.entity_id, detail["client_id"])
        event = Event(action, f"source:{source.id}", client_id=detail["client_id"], detail=detail)
        record(tx, event, services.clock())

    facts = with_validity(entity.facts, source.valid_until)
    draft = Draft(
        kind="saml",
        name=entity.name,
        metadata={**source.defaults, "sp_metadata": facts, "metadata_source": source.id},
        access=Access.from_json(source.access) if source.access else Access(),
    )
    return services.registry.register(draft, record=write).client
