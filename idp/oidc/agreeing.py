"""What somebody reads of the scopes that they are asked to agree to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from idp.oidc import scopes
from idp.protocols import Services


def described(services: Services, client_id: str, asked: Iterable[str], locale: str) -> list[dict[str, Any]]:
    """`name`, `title`, `description` of each, those that everybody knows first; own attributes by name (U1)."""
    release = services.registry.release_to(client_id)
    given = {**release.by_scope, "profile": (*release.by_scope.get("profile", ()), *release.own)}
    found = []
    for scope in scopes.in_order(tuple(asked)):
        title, text = scopes.describe(scope, _titles(services, given.get(scope, ()), locale))
        found.append({"name": scope, "title": title, "description": text})
    return found


def _titles(services: Services, names: Iterable[str], locale: str) -> tuple[str, ...]:
    """What people call these attributes of theirs."""
    defined = services.registry.attributes()
    return tuple(defined[name].called(locale) for name in names if name in defined)
