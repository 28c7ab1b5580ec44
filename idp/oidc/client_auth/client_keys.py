"""The public keys of clients: as registered, or as fetched from their jwks_uri and kept a while."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

from clients.client import Client
from idp.http import OutboundFailed, OutboundRefused
from idp.protocols import Services
from keys.algorithms import PublicKey
from keys.verifying import InvalidToken, read_jwks

KEYS_FRESH = 300.0  # seconds a fetched JWKS is used before it is fetched again
KEYS_RETRY = 30.0  # seconds between two fetches for a key that is not in it


class _KeyCache:
    """JWKS of clients, by URI or by version of the client; bounded. Empty: they cannot be had."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, tuple[PublicKey, ...]]] = {}
        self._fetching: set[str] = set()

    def find(self, key: str, now: float, fresh: float) -> tuple[PublicKey, ...] | None:
        """Keys that are younger than `fresh` seconds; a failure counts for `KEYS_RETRY`."""
        kept = self._kept.get(key)
        if kept is None or kept[0] <= now - (fresh if kept[1] else KEYS_RETRY):
            return None
        return kept[1]

    def fetch(self, key: str, now: float, get: Callable[[], tuple[PublicKey, ...]]) -> tuple[PublicKey, ...]:
        """Get and keep. One thread at a time asks one client's server; the others go on with what there is."""
        with self._lock:
            if key in self._fetching:
                return self._kept.get(key, (0.0, ()))[1]
            self._fetching.add(key)
        keys: tuple[PublicKey, ...] = ()
        try:
            keys = get()
        finally:
            with self._lock:
                self._fetching.discard(key)
                if len(self._kept) >= 10_000:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[key] = (now, keys)
        return keys


def client_keys(services: Services, client: Client, *, renewed: bool = False) -> tuple[PublicKey, ...]:
    """The keys that a client registered, or that its jwks_uri holds. Errors: `InvalidToken` without any."""
    now, uri = services.clock(), client.oidc.jwks_uri
    key = uri or f"{client.id}:{client.changed_at!r}"
    cache = services.part(_KeyCache)
    keys = cache.find(key, now, KEYS_RETRY if renewed else KEYS_FRESH)
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
