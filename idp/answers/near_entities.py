"""Registered applications that an unknown entity ID may have meant, the nearest first."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Final

from clients.client import Client
from idp.answers.differences import alike
from idp.normal_forms import taken_apart
from idp.protocols import Services

_MOST: Final = 3
_CANDIDATES: Final = 20  # of one search
_PART: Final = 10  # characters


def near(services: Services, issuer: str) -> list[Client]:
    """Those whose entity ID is nearly the same, of the same host, or that have it as another value of theirs."""
    registry = services.registry
    found: dict[str, Client] = {}
    own = registry.find(issuer)
    if own is not None:  # the id that it has here, in place of its entity ID
        return [own]
    parts = (issuer[:_PART], issuer[-_PART:], _host(issuer), _host(issuer).split(".")[0])
    for part in dict.fromkeys(parts):
        for entry in registry.search(part, limit=_CANDIDATES) if len(part) > 2 else ():
            client = registry.find(entry.id)
            if client is not None and client.saml is not None and _may_mean(client, issuer):
                found[client.id] = client
    return sorted(found.values(), key=lambda one: -_ratio(one, issuer))[:_MOST]


def _may_mean(client: Client, issuer: str) -> bool:
    provider = client.saml
    if provider is None:
        return False
    if issuer in (client.name, *provider.acs_locations, *(one.location for one in provider.slo)):
        return True
    host = _host(issuer)
    return alike(issuer, provider.entity_id) or bool(host and host == _host(provider.entity_id))


def _ratio(client: Client, issuer: str) -> float:
    entity_id = client.saml.entity_id if client.saml is not None else ""
    return SequenceMatcher(None, issuer[:300].casefold(), entity_id[:300].casefold()).ratio()


def _host(entity_id: str) -> str:
    try:
        return taken_apart(entity_id).hostname or ""
    except ValueError:
        return ""
