"""An application as admins and programs see it: everything that is set, defaults included, and what its side needs."""

from __future__ import annotations

from typing import Any

from clients.client import Client
from clients.snippets import snippet
from idp.protocols import Services


def described(services: Services, client: Client, secret: str | None = None) -> dict[str, Any]:
    """All metadata under its names in the standards. `secret`: where it has just been made; it is shown this once."""
    return _service_provider(services, client) if client.saml is not None else _relying_party(services, client, secret)


def _relying_party(services: Services, client: Client, secret: str | None) -> dict[str, Any]:
    return {
        "client_id": client.id,
        **({"client_secret": secret} if secret is not None else {}),
        "kind": client.kind,
        "name": client.name,
        "profile": client.profile,
        "enabled": client.enabled,
        "access": client.access.to_json(),
        **client.metadata,
        "created_at": client.created_at,
        "changed_at": client.changed_at,
        "issuer": services.issuer,
        "discovery_url": services.url("/.well-known/openid-configuration"),
        "snippet": snippet(client, secret, services.issuer),
    }


def _service_provider(services: Services, client: Client) -> dict[str, Any]:
    """What its metadata says, what is set, and what the other side needs."""
    from idp.saml.metadata.certificate_dates import find_doubts
    from idp.saml.metadata.troubles import find_troubles

    provider = client.saml
    assert provider is not None
    settings = {key: value for key, value in client.metadata.items() if key != "sp_metadata"}
    return {
        "client_id": client.id,
        "kind": client.kind,
        "name": client.name,
        "enabled": client.enabled,
        "access": client.access.to_json(),
        "entity_id": provider.entity_id,
        **settings,
        "sp_metadata": dict(provider.facts),
        "source": _source(services, provider.source),
        "troubles": [*find_troubles(services, client), *find_doubts(services, client)],
        "created_at": client.created_at,
        "changed_at": client.changed_at,
        "issuer": services.issuer,
        "idp_entity_id": services.settings.saml_entity_id,
        "metadata_url": services.url("/saml/metadata"),
        "sso_url": services.url("/saml/sso"),
        "slo_url": services.url("/saml/slo"),
        "start_url": services.url(f"/saml/start/{client.id}") if provider.allow_idp_initiated else None,
    }


def _source(services: Services, source_id: str | None) -> dict[str, Any] | None:
    from idp.saml.metadata import sources

    source = None if source_id is None else sources.find(services, source_id)
    if source is None:
        return None
    keys = ("id", "kind", "name", "url", "checked_at", "changed_at", "next_at", "valid_until", "failures", "error")
    return {key: getattr(source, key) for key in keys}
