"""The public keys of clients: as registered, or as fetched from their jwks_uri and kept a while."""

from __future__ import annotations

import json

from clients.client import Client
from idp.http import OutboundFailed, OutboundRefused
from idp.oidc.fetched import Fetched
from idp.protocols import Services
from keys.algorithms import PublicKey
from keys.verifying import InvalidToken, read_jwks

KEYS_FRESH = 300.0  # seconds a fetched JWKS is used before it is fetched again
KEYS_RETRY = 30.0  # seconds between two fetches for a key that is not in it


class _KeyCache(Fetched[tuple[PublicKey, ...]]):
    """JWKS of clients, by URI or by version of the client; empty: they cannot be had."""

    nothing = ()


def client_keys(services: Services, client: Client, *, renewed: bool = False) -> tuple[PublicKey, ...]:
    """The keys that a client registered, or that its jwks_uri holds. Errors: `InvalidToken` without any."""
    now, uri = services.clock(), client.oidc.jwks_uri
    key = uri or f"{client.id}:{client.changed_at!r}"
    cache = services.part(_KeyCache)
    keys = cache.find(key, now, KEYS_RETRY if renewed else KEYS_FRESH, KEYS_RETRY)
    if keys is None:
        keys = cache.fetch(key, now, lambda: _read_keys(services, client))
    if not keys:
        raise InvalidToken("the application's keys cannot be read")
    return keys


def _read_keys(services: Services, client: Client) -> tuple[PublicKey, ...]:
    try:
        if client.oidc.jwks_uri:
            fetched = services.outbound.get(client.oidc.jwks_uri, accept="application/json")
            if fetched.status != 200:  # an error page is no key set, whatever it holds
                raise OutboundFailed(f"it answered with status {fetched.status}")
            return read_jwks(json.loads(fetched.body))
        return read_jwks(client.oidc.jwks or {"keys": []})
    except (OutboundFailed, OutboundRefused, ValueError, RecursionError) as error:
        services.log.warning(
            "client_keys_unavailable", client_id=client.id, uri=client.oidc.jwks_uri, reason=str(error)
        )
        return ()
