"""What goes to a client in an envelope: encrypted for one of its keys (Core §10.2, JARM §3, RFC 9701 §6)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from clients.client import Client
from clients.errors import Problem
from idp import reach
from idp.errors import OAuthError
from idp.http import OutboundFailed, OutboundRefused
from idp.oidc.fetched import Fetched
from idp.protocols import Services
from keys.encrypting import DEFAULT_ENC, Recipient, choose, encrypt, read_recipients

#: What may be encrypted; each has two fields of client metadata.
ANSWERS: Final = ("id_token", "userinfo", "authorization", "introspection")
FRESH: Final = 300.0  # seconds that a fetched JWKS is used
RETRY: Final = 30.0  # seconds between two fetches for a key that is not in it


class _Recipients(Fetched[tuple[Recipient, ...]]):
    """The keys by address, or by version of a registration; empty: they cannot be had, or there is none."""

    nothing = ()


class _Published(Fetched[tuple[tuple[Recipient, ...] | None]]):
    """What was found while somebody registered; None in it: it could not be read, which is remembered as well."""

    nothing = ()


def is_wanted(client: Client, what: str) -> bool:
    """Whether this kind of answer is encrypted for the client."""
    return bool(getattr(client.oidc, f"{what}_encrypted_response_alg"))


def check(services: Services, client: Client, what: str) -> None:
    """That it can be, before anything is used up for it. Errors: `OAuthError`."""
    if is_wanted(client, what):
        _recipient(services, client, what)


def check_answers(services: Services, client: Client, scope: str, response_mode: str) -> None:
    """That all of an authorization request's answers can be, before a person signs in. Errors: `OAuthError`."""
    if "openid" in scope.split():
        check(services, client, "id_token")
    if response_mode.endswith("jwt"):
        check(services, client, "authorization")


def sealed(services: Services, client: Client, what: str, text: str, *, cty: str = "JWT") -> str:
    """The text as the client is registered to get it. `cty` '': it is no JWT. Errors: `OAuthError`."""
    if not is_wanted(client, what):
        return text
    alg = getattr(client.oidc, f"{what}_encrypted_response_alg")
    enc = getattr(client.oidc, f"{what}_encrypted_response_enc") or DEFAULT_ENC
    return encrypt(text.encode(), _recipient(services, client, what), alg, enc, cty=cty)


def _recipient(services: Services, client: Client, what: str) -> Recipient:
    alg = getattr(client.oidc, f"{what}_encrypted_response_alg")
    uri = client.oidc.jwks_uri
    name = reach.kept_as(client.metadata, uri) if uri else f"{client.id}:{client.changed_at!r}"
    now, cache = services.clock(), services.part(_Recipients)
    known = cache.find(name, now, FRESH, RETRY)
    found = choose(known or (), alg)
    if known is None:
        found = choose(_fetch(services, cache, name, client), alg)
    if found is None:
        where = client.oidc.jwks_uri or "jwks"
        raise OAuthError(
            "invalid_request", f"The answer cannot be encrypted: {_lacks(alg)}.", detail=f"{where}: {_lacks(alg)}",
            field="jwks", expected=f"a public key for {alg}, with use=enc or without use", got=f"none at {where}",
            fix=f"Let the application publish such a key in {where}, or take the encryption out: "
            f"doorward client set {client.id} {what}_encrypted_response_alg=", kind="encryption_key",
        )  # fmt: skip
    return found


def _lacks(alg: str) -> str:
    kind = "RSA key of 2048 bits or more" if alg.startswith("RSA") else "EC key (P-256, P-384, P-521) or X25519 key"
    return f"none of the application's keys is for {alg}; that takes an {kind} with use=enc or without use"


def _fetch(services: Services, cache: _Recipients, name: str, client: Client) -> tuple[Recipient, ...]:
    """What is there now; what was there before, where it cannot be read."""
    before, uri = cache.kept(name)[1], client.oidc.jwks_uri

    def get() -> tuple[Recipient, ...]:
        try:
            return read_recipients(client.oidc.jwks if uri is None else _read(services, uri, client.metadata))
        except (OutboundFailed, OutboundRefused, ValueError, RecursionError) as error:
            services.log.warning("client_keys_unavailable", uri=uri, reason=str(error)[:200])
            return before

    return cache.fetch(name, services.clock(), get)


def _read(services: Services, uri: str, values: Mapping[str, Any]) -> Any:
    answer = reach.outbound(services, values).get(uri, accept="application/json")
    if answer.status != 200:
        raise OutboundFailed(f"it answered with status {answer.status}")
    return json.loads(answer.body)


def problems(services: Services, values: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with the keys of an application that is to have these values. It may ask another server.

    One whose jwks_uri does not answer yet may be registered: it is told of that apart.
    """
    fields = [field for field in (f"{what}_encrypted_response_alg" for what in ANSWERS) if values.get(field)]
    jwks, uri = values.get("jwks"), values.get("jwks_uri")
    if not fields or (jwks is None and uri is None):
        return
    found = _published(services, values, str(uri)) if jwks is None else _recipients(jwks)
    if found is None:
        return
    for field in fields:
        if choose(found, values[field]) is None:
            yield Problem(field, _lacks(values[field]))


def _published(services: Services, values: Mapping[str, Any], uri: str) -> tuple[Recipient, ...] | None:
    """The keys at a jwks_uri. Whoever registers itself makes us read them once in a while, an admin each time."""
    now, cache, name = services.clock(), services.part(_Published), reach.kept_as(values, uri)
    known = cache.find(name, now, RETRY, RETRY) if reach.is_stranger(values) else None
    if not known:

        def get() -> tuple[tuple[Recipient, ...] | None]:
            try:
                return (read_recipients(_read(services, uri, values)),)
            except (OutboundFailed, OutboundRefused, ValueError, RecursionError):
                return (None,)

        known = cache.fetch(name, now, get)
    return known[0] if known else None


def _recipients(jwks: Any) -> tuple[Recipient, ...] | None:
    try:
        return read_recipients(jwks)
    except ValueError:
        return None
