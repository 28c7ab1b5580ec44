"""What somebody reads of the scopes that they are asked to agree to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clients.client import Client
from idp.attributes import TITLES
from idp.oidc import scopes
from idp.protocols import Services


def described(services: Services, client_id: str, asked: Iterable[str], locale: str) -> list[dict[str, Any]]:
    """`name`, `title`, `description` of each, those that everybody knows first; own attributes by name (U1)."""
    release = services.registry.release_to(client_id)
    given = {**release.by_scope, "profile": (*release.by_scope.get("profile", ()), *release.own)}
    client = services.registry.find(client_id)
    made = () if client is None else client.oidc.claim_rules.names  # they come with the profile
    asked, found = tuple(asked), []
    apart = frozenset(scope.removeprefix("claim:") for scope in asked if scope.startswith("claim:"))
    for scope in scopes.in_order(asked):
        titles = _titles(services, (name for name in given.get(scope, ()) if name not in apart), locale)
        if scope.startswith("claim:") and client is not None:
            titles = _title(services, client, scope.removeprefix("claim:"), locale)
        if scope == "profile":
            titles += tuple(name.replace("_", " ") for name in made if name not in apart)
        title, text = scopes.describe(scope, titles)
        found.append({"name": scope, "title": title, "description": text})
    return found


def _title(services: Services, client: Client, claim: str, locale: str) -> tuple[str, ...]:
    """What people call what a claim of the application's own table is made from, where that is one attribute."""
    if claim in client.oidc.claim_rules.names:
        return ()
    source = client.oidc.claims_map.get(claim, claim)
    named = _titles(services, (source,), locale)
    return named or ((TITLES[source],) if source in TITLES else ())


def _titles(services: Services, names: Iterable[str], locale: str) -> tuple[str, ...]:
    """What people call these attributes of theirs."""
    defined = services.registry.attributes()
    return tuple(defined[name].called(locale) for name in names if name in defined)
