"""Register a service provider by its metadata, from a file or a URL, and give it newer metadata by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clients.access import EVERYONE, Access
from clients.client import Client
from clients.ports import Record
from clients.registry import Draft, Registered
from idp.ids import new_id
from idp.protocols import Services
from idp.saml.assertions.attribute_sources import check_sources
from idp.saml.metadata.description import Description
from idp.saml.metadata.lexical import BadMetadata
from idp.saml.metadata.sources import fetching, store
from idp.saml.metadata.sources.own_url import fetch_entity
from idp.saml.metadata.sources.refresh_result import SOONEST
from idp.saml.metadata.sources.store import Source
from idp.saml.metadata.sources.taking import apply
from idp.saml.metadata.troubles import find_troubles


def register(
    services: Services,
    found: Description,
    *,
    name: str = "",
    settings: Mapping[str, Any] | None = None,
    access: Access = EVERYONE,
    url: str = "",
    certificates: tuple[str, ...] = (),
    record: Record | None = None,
) -> Registered:
    """Register a service provider; with a `url`, it is read again from there from now on. Errors: `InvalidMetadata`."""
    now = services.clock()
    metadata: dict[str, Any] = {**(settings or {}), "sp_metadata": found.facts}
    check_sources(services, metadata)
    source = None
    if url:
        # An admin looked at it: it gets what an application of the house's own gets.
        metadata.setdefault("attributes", "default")
        source = Source(
            new_source_id(now), "entity", name or found.name, url, now, now + SOONEST, certificates,
            checked_at=now, changed_at=now, valid_until=found.valid_until, published_at=found.created_at,
        )  # fmt: skip
        metadata["metadata_source"] = source.id

    def write(tx: Any, action: str, detail: dict[str, Any]) -> None:
        if source is not None:
            store.insert_source(tx, replace(source, client_id=detail["client_id"]))
        if record is not None:
            record(tx, action, detail)

    made = services.registry.register(
        Draft(kind="saml", name=name or found.name, metadata=metadata, access=access), record=write
    )
    return replace(made, warnings=(*find_troubles(services, made.client), *found.warnings, *made.warnings))


def read_url(
    services: Services, url: str, *, entity_id: str | None = None, certificates: tuple[str, ...] = ()
) -> Description:
    """The service provider that a URL describes. Errors: `BadMetadata`."""
    fetching.check_url(url, is_signed=bool(certificates))
    now = services.clock()
    source = Source("", "entity", "", url, now, now, certificates)
    return fetch_entity(services, source, entity_id, now)


def replace_metadata(services: Services, client: Client, found: Description, actor: str) -> bool:
    """Give a service provider newer metadata by hand; whether it changed. Errors: `BadMetadata`, `InvalidMetadata`."""
    if client.saml is None or found.entity_id != client.saml.entity_id:
        raise BadMetadata(f"it is the metadata of {found.entity_id}, not of this application")
    return apply(services, client, found.facts, services.clock(), actor)


def new_source_id(now: float) -> str:
    """An id for a source that is added now."""
    return "m" + new_id(now)
