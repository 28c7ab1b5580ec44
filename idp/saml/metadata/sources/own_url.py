"""A source that is one service provider's own URL."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from clients.service_provider import ENTITY_CATEGORY
from idp.protocols import Services
from idp.saml.metadata import reading
from idp.saml.metadata.description import Description
from idp.saml.metadata.lexical import DAY
from idp.saml.metadata.sources import fetching
from idp.saml.metadata.sources.refresh_result import RefreshResult, check_newer, keys_of, succeeded
from idp.saml.metadata.sources.store import Source
from idp.saml.metadata.sources.taking import apply

REMOVED: Final = "its application was removed"


def fetch_entity(services: Services, source: Source, entity_id: str | None, now: float) -> Description:
    """What a service provider's own URL says. Errors: `BadMetadata`."""
    found = reading.read(
        fetching.fetch(services, source.url), now, entity_id=entity_id, keys=keys_of(source.certificates),
        max_validity=source.max_validity, allow_loopback=services.registry.allow_loopback,
    )  # fmt: skip
    return found if source.certificates else _without_categories(found)


def _without_categories(found: Description) -> Description:
    """Entity categories are a registrar's word, and stand for attributes: nobody gives them to themselves."""
    attributes = dict(found.facts.get("entity_attributes", {}))
    if attributes.pop(ENTITY_CATEGORY, None) is None:
        return found
    facts = {key: fact for key, fact in found.facts.items() if key != "entity_attributes"}
    word = "its entity categories are left out: only metadata signed by a pinned key can vouch for them"
    return replace(
        found,
        facts={**facts, **({"entity_attributes": attributes} if attributes else {})},
        warnings=(*found.warnings, word),
    )


def refresh_entity(services: Services, source: Source, now: float, accept_older: bool) -> RefreshResult:
    """Read it again for its application."""
    client = services.registry.find(source.client_id or "")
    if client is None or client.saml is None:
        return RefreshResult(_resting(source, now), 0)
    found = fetch_entity(services, source, client.saml.entity_id, now)
    check_newer(source, found.created_at, found.valid_until, accept_older)
    changed = apply(services, client, found.facts, now)
    after = succeeded(
        source, now, changed, found.cache_duration, valid_until=found.valid_until, published_at=found.created_at
    )
    return RefreshResult(after, changed=int(changed), notes=found.warnings)


def _resting(source: Source, now: float) -> Source:
    """Its application was removed: nobody is asked, until it is brought back or cannot be any more."""
    return replace(source, next_at=now + DAY, failures=source.failures + 1, error=REMOVED)
