"""Federations whose service providers are taken as they come, as admins and programs see them."""

from __future__ import annotations

from typing import Any

from idp.protocols import Services
from idp.saml.metadata import sources
from idp.saml.metadata.sources import Source

_SHOWN = (
    "id", "kind", "name", "url", "client_id", "defaults", "access", "max_validity", "sha1", "created_at",
    "checked_at", "changed_at", "next_at", "valid_until", "failures", "error",
)  # fmt: skip


def described(services: Services, source: Source) -> dict[str, Any]:
    """A source, with how many applications it vouches for."""
    entities = 1 if source.kind == "entity" else sources.count_entities(services, source.id)
    return {**{key: getattr(source, key) for key in _SHOWN}, "entities": entities}
