"""SAML service providers as admins register them: read from a document or a URL, looked at, taken, read again.

Or from the few facts that stand for metadata.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from clients.client import Client
from clients.registry import Draft, Registered
from clients.service_provider import HTTP_POST, HTTP_REDIRECT
from idp.admin import claim_rules
from idp.admin.applications import unreachable
from idp.admin.permissions import Permission
from idp.protocols import Services

if TYPE_CHECKING:
    from clients.gallery.filling import ServiceProviderDraft
    from idp.admin.actor import Actor
    from idp.saml.metadata.description import Description
    from idp.saml.metadata.sources import Origin

_BINDINGS = {"post": HTTP_POST, "redirect": HTTP_REDIRECT}


def read_document(
    services: Services, document: bytes, entity_id: str | None = None, certificates: tuple[str, ...] = ()
) -> Description:
    """The service provider that a document describes; `entity_id`: which one, where it has several.

    `certificates`: of which one must have signed it. Errors: `BadMetadata`.
    """
    from idp.saml.metadata import reading  # these read XML: showing products does without
    from idp.saml.metadata.sources.refresh_result import keys_of

    return reading.read(
        document, services.clock(), entity_id=entity_id, keys=keys_of(certificates),
        allow_loopback=services.registry.allow_loopback,
    )  # fmt: skip


def read_url(services: Services, origin: Origin, entity_id: str | None = None) -> Description:
    """The service provider that a URL describes. Errors: `BadMetadata`."""
    from idp.saml.metadata import sources

    return sources.read_url(services, origin.url, entity_id=entity_id, certificates=origin.certificates)


def register(
    services: Services, actor: Actor, found: Description, draft: Draft, *, origin: Origin | None = None
) -> Registered:
    """Register a service provider; with an `origin` it is read again from there from now on.

    Its warnings say what an admin should look at, now that it is here. Errors: `NotAllowed`, `InvalidMetadata`.
    """
    from idp.saml.metadata import sources

    actor.check(Permission.APPS_CREATE)
    draft = replace(draft, metadata=claim_rules.checked(services, draft.metadata, "saml", None))
    made = sources.register(services, found, draft, origin=origin, record=actor.record(services))
    return replace(made, warnings=(*made.warnings, *unreachable(services, made.client)))


def refresh(
    services: Services, actor: Actor, client: Client, found: Description | None = None
) -> tuple[bool, tuple[str, ...]]:
    """Give a service provider newer metadata: what was `found`, else what its own URL says now.

    Answers whether it changed, and notes. Errors: `NotAllowed`, `BadMetadata`, `InvalidMetadata`.
    """
    from idp.saml.metadata import sources

    actor.check_app(Permission.APPS_CHANGE, client.id)
    if found is not None:
        return sources.replace_metadata(services, client, found, actor.name), found.warnings
    outcome = sources.refresh_client(services, client)
    return bool(outcome.changed), outcome.notes


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
