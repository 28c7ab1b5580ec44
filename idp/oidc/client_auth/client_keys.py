"""The public keys of clients: as registered, or as fetched from their jwks_uri and kept a while."""

from __future__ import annotations

import json
from dataclasses import dataclass

from clients.client import Client
from idp import reach
from idp.http import OutboundFailed, OutboundRefused
from idp.oidc.fetched import Fetched
from idp.protocols import Services
from keys.algorithms import ALGORITHMS, PublicKey
from keys.verifying import InvalidToken, read_jwks

KEYS_FRESH = 300.0  # seconds a fetched JWKS is used before it is fetched again
MAX_PROBLEMS = 1_000
KEYS_RETRY = 30.0  # seconds between two fetches for a key that is not in it


class _KeyCache(Fetched[tuple[PublicKey, ...]]):
    """JWKS of clients, by URI or by version of the client; empty: they cannot be had."""

    nothing = ()

    def __init__(self) -> None:
        super().__init__()
        self.problems: dict[str, str] = {}  # why the last fetch of each failed


@dataclass(frozen=True, slots=True)
class Standing:
    """The keys of a client as this process has them; `read_at`: when its jwks_uri was read, 0 without one."""

    keys: tuple[PublicKey, ...]
    read_at: float
    problem: str = ""


def keys_standing(services: Services, client: Client) -> Standing:
    """For whoever explains a refusal: nothing is fetched."""
    cache = services.part(_KeyCache)
    key = _name(client)
    at, keys = cache.kept(key)
    return Standing(keys, at if client.oidc.jwks_uri else 0.0, cache.problems.get(key, ""))


def _name(client: Client) -> str:
    uri = client.oidc.jwks_uri
    return reach.kept_as(client.metadata, uri) if uri else f"{client.id}:{client.changed_at!r}"


#: FAPI 2.0 Security Profile §5.4.1.
_FAPI2 = ("PS256", "ES256", "EdDSA")


def algs_of(client: Client, registered: str | None) -> tuple[str, ...]:
    """By which algorithms a client may sign what it sends: the registered one, else those of its profile."""
    if registered:
        return (registered,)
    return _FAPI2 if client.profile == "fapi2" else tuple(ALGORITHMS)


def client_keys(services: Services, client: Client, *, renewed: bool = False) -> tuple[PublicKey, ...]:
    """The keys that a client registered, or that its jwks_uri holds. Errors: `InvalidToken` without any."""
    now, key, cache = services.clock(), _name(client), services.part(_KeyCache)
    keys = cache.find(key, now, KEYS_RETRY if renewed else KEYS_FRESH, KEYS_RETRY)
    if keys is None:
        keys = cache.fetch(key, now, lambda: _read_keys(services, client))
    if not keys:
        raise InvalidToken("the application's keys cannot be read")
    return keys


def _read_keys(services: Services, client: Client) -> tuple[PublicKey, ...]:
    try:
        if client.oidc.jwks_uri:
            fetched = reach.outbound(services, client.metadata).get(client.oidc.jwks_uri, accept="application/json")
            if fetched.status != 200:  # an error page is no key set, whatever it holds
                raise OutboundFailed(f"it answered with status {fetched.status}")
            return read_jwks(json.loads(fetched.body))
        return read_jwks(client.oidc.jwks or {"keys": []})
    except (OutboundFailed, OutboundRefused, ValueError, RecursionError) as error:
        problems = services.part(_KeyCache).problems
        if len(problems) >= MAX_PROBLEMS:
            problems.clear()
        problems[_name(client)] = str(error)[:200]
        services.log.warning(
            "client_keys_unavailable", client_id=client.id, uri=client.oidc.jwks_uri, reason=str(error)
        )
        return ()
