"""The metadata of every provider is read again in the background, by one of all the processes; what fails is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from idp.errors import Refused
from idp.federation import keeping
from idp.federation.provider import SAML, Provider
from idp.federation.saml import metadata
from idp.federation.saml.entity import BadMetadata, Entity, read
from idp.protocols import Services

EVERY: Final = 60.0  # seconds between two looks at whose time has come
LEASE: Final = 900.0
AGAIN: Final = 300.0  # seconds between two vain looks at one


@dataclass(frozen=True, slots=True)
class Failing:
    """Its metadata cannot be read. `since`: epoch seconds."""

    since: float
    reason: str


def run_due(services: Services) -> int:
    """Read those whose time has come; answers how many were read."""
    return sum(_look(services, kept.provider) for kept in keeping.list_of(services.db))


def failing(services: Services, provider: Provider) -> Failing | None:
    """Since when its address has no metadata that can be taken; None where the last look was well."""
    found: Any = services.state.get(_key(provider))
    return Failing(**found) if isinstance(found, dict) else None


def known(services: Services, provider: Provider) -> Entity | None:
    """What its metadata said at the last look, though it has ended by now; None where nobody has read it yet."""
    if not provider.metadata:
        return metadata.known(services, provider)[1]
    try:
        return read(provider.metadata.encode(), 0.0, provider.issuer)
    except BadMetadata:
        return None


def _look(services: Services, provider: Provider) -> bool:
    if provider.kind != SAML or not provider.enabled or not provider.metadata_url:
        return False
    at, found = metadata.known(services, provider)
    if found is not None and services.clock() - at < metadata.fresh_for(provider, found):
        return False
    if not services.state.add("upstream:metadata-tried:" + provider.id, 1, AGAIN - 1):
        return False
    try:
        metadata.read_anew(services, provider)
    except Refused as error:
        _note(services, provider, error.detail or error.explanation.fix)
        return False
    services.state.take(_key(provider))
    return True


def _note(services: Services, provider: Provider, reason: str) -> None:
    before = failing(services, provider)
    since = before.since if before is not None else services.clock()
    services.state.put(_key(provider), {"since": since, "reason": reason[:500]}, metadata.STALE)
    if before is None:
        services.log.warning("upstream_metadata_failed", provider=provider.id, name=provider.name, reason=reason[:500])


def _key(provider: Provider) -> str:
    return "upstream:metadata-fails:" + provider.id
