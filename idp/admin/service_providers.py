"""Register SAML service providers: from their metadata, or from the few facts that stand for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from clients.access import EVERYONE, Access
from clients.ports import Record
from clients.registry import Registered
from clients.service_provider import HTTP_POST, HTTP_REDIRECT
from idp.admin.applications import unreachable
from idp.protocols import Services

if TYPE_CHECKING:
    from clients.gallery.filling import ServiceProviderDraft
    from idp.saml.metadata.description import Description

_BINDINGS = {"post": HTTP_POST, "redirect": HTTP_REDIRECT}


def register(
    services: Services,
    found: Description,
    *,
    name: str = "",
    settings: Mapping[str, Any] | None = None,
    access: Access = EVERYONE,
    url: str = "",
    certificates: tuple[str, ...] = (),
    record: Record,
) -> Registered:
    """Register a service provider; with a `url`, its metadata is read again from there. Errors: `InvalidMetadata`."""
    from idp.saml.metadata import sources

    made = sources.register(
        services, found, name=name, settings=settings, access=access, url=url, certificates=certificates, record=record
    )
    return replace(made, warnings=(*made.warnings, *unreachable(services, made.client)))


def description(draft: ServiceProviderDraft) -> Description:
    """A service provider of which only these facts are known, as its metadata would describe it."""
    from idp.saml.metadata.description import from_acs

    return from_acs(draft.entity_id, draft.acs, ((_BINDINGS[one.binding], one.location) for one in draft.logout))


def disagreements(found: Description, draft: ServiceProviderDraft) -> list[str]:
    """Where the metadata says something else than was typed (R1), a sentence each; what the metadata says holds."""
    said = []
    if draft.entity_id and draft.entity_id != found.entity_id:
        said.append(f"the metadata's entity ID is {found.entity_id}, not {draft.entity_id}: the metadata's holds")
    there = [one["location"] for one in found.facts["acs"]]
    said += [
        f"the metadata has no ACS {one}; it has {', '.join(there)}: the metadata's hold"
        for one in draft.acs
        if one not in there
    ]
    return said
