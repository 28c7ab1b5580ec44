"""Register a service provider by its metadata, from a file or a URL, and give it newer metadata by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from clients.client import Client
from clients.ports import Record
from clients.registry import Draft, Registered
from idp.ids import new_id
from idp.protocols import Services
from idp.saml.assertions.attribute_sources import with_sources_checked
from idp.saml.metadata.certificate_dates import find_doubts
from idp.saml.metadata.description import Description
from idp.saml.metadata.lexical import BadMetadata
from idp.saml.metadata.sources import fetching, store
from idp.saml.metadata.sources.own_url import fetch_entity
from idp.saml.metadata.sources.refresh_result import SOONEST
from idp.saml.metadata.sources.store import Source
from idp.saml.metadata.sources.taking import apply
from idp.saml.metadata.troubles import find_troubles


@dataclass(frozen=True, slots=True)
class Origin:
    """The service provider's own URL, from which its metadata is read again; `certificates`: of which one signs it."""

    url: str
    certificates: tuple[str, ...] = ()


def register(
    services: Services,
    found: Description,
    draft: Draft | None = None,
    *,
    origin: Origin | None = None,
    record: Record | None = None,
) -> Registered:
    """Register a service provider, with what an admin says of it beside; its own name where they say none.

    Errors: `InvalidMetadata`.
    """
    draft = draft or Draft(kind="saml")
    name, now = draft.name or found.name, services.clock()
    metadata = with_sources_checked(services, {**draft.metadata, "sp_metadata": found.facts})
    source = None
    if origin is not None:
        # An admin looked at it: it gets what an application of the house's own gets.
        metadata.setdefault("attributes", "default")
        source = Source(
            new_source_id(now), "entity", name, origin.url, now, now + SOONEST, origin.certificates,
            checked_at=now, changed_at=now, valid_until=found.valid_until, published_at=found.created_at,
        )  # fmt: skip
        metadata["metadata_source"] = source.id

    def write(tx: Any, action: str, detail: dict[str, Any]) -> None:
        if source is not None:
            store.insert_source(tx, replace(source, client_id=detail["client_id"]))
        if record is not None:
            record(tx, action, detail)

    made = services.registry.register(replace(draft, kind="saml", name=name, metadata=metadata), record=write)
    looks = (*find_troubles(services, made.client), *find_doubts(services, made.client))
    return replace(made, warnings=(*looks, *found.warnings, *made.warnings))


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
