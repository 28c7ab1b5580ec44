"""private_key_jwt: a JWT that the client signs with its own key (RFC 7523, Core §9, RFC 10070)."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

from clients.client import Client
from idp.errors import OAuthError
from idp.oidc.client_auth.client_keys import algs_of, client_keys
from idp.oidc.client_auth.presented import Presented, failed
from idp.protocols import Services
from idp.wire import Request
from keys.algorithms import ALGORITHMS
from keys.verifying import InvalidToken, UnknownKey, verify

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: RFC 10070, and what libraries send so far: JWT, or none. Any other kind of JWT is no client assertion.
ASSERTION_TYPES = ("client-authentication+jwt", "JWT", "")
ENDPOINTS = (
    "/oauth/token",
    "/oauth/par",
    "/oauth/device",
    "/oauth/bc-authorize",
    "/oauth/introspect",
    "/oauth/revoke",
)  # that a legacy client may name as aud
MAX_ASSERTION_LIFE = 3600  # seconds; its jti is kept that long
ASSERTION_ALGS = tuple(ALGORITHMS)  # every one that we know


def endpoints(services: Services) -> frozenset[str]:
    """Their addresses, and those at which certificates are asked for (RFC 8705 §5): what a legacy `aud` may name."""
    own, alias = services.issuer.removesuffix(services.settings.server.issuer_path), services.settings.oauth.mtls_origin
    ours = frozenset(map(services.url, ENDPOINTS))
    return ours | {one.replace(own, alias, 1) for one in ours if alias}


def present(request: Request) -> Presented | None:
    """The assertion, and whose it says it is. Errors: `OAuthError` where it cannot be read, or is of another type."""
    assertion, kind = request.form.get("client_assertion"), request.form.get("client_assertion_type")
    if assertion is None and kind is None:
        return None
    client_id = _subject(assertion or "")
    if kind != ASSERTION_TYPE:
        raise OAuthError(
            "invalid_request", f"client_assertion_type must be {ASSERTION_TYPE}",
            field="client_assertion_type", expected=ASSERTION_TYPE, got=kind or "(nothing)",
            kind="client_assertion_type",
        )  # fmt: skip
    return Presented("private_key_jwt", client_id, assertion or "")


def _subject(assertion: str) -> str:
    """Whose assertion it says it is; it chooses the keys that then must verify it, and nothing else."""
    try:
        segment = assertion.split(".")[1] if len(assertion) < 16384 else ""
        claims = json.loads(b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_"))
        return str(claims["sub"])
    except (IndexError, KeyError, TypeError, ValueError, RecursionError):
        raise failed(
            "unreadable client_assertion", hint="client_assertion is no JWT with the client id as sub",
            field="client_assertion", expected="a signed JWT whose iss and sub are the client id", got="something else",
            kind="assertion",
        ) from None  # fmt: skip


def prove(services: Services, request: Request, client: Client, presented: Presented) -> None:
    """Signed by the client's own key, for us alone, and used once. Errors: `OAuthError` (invalid_client)."""
    legacy = client.oidc.client_assertion_audience == "legacy"
    registered = client.oidc.token_endpoint_auth_signing_alg
    try:
        claims = _verified(services, client, presented.secret, algs_of(client, registered))
    except InvalidToken as error:
        raise failed(f"client_assertion of {client.id}: {error.reason}", hint=error.reason, kind="assertion") from None
    now = services.clock()
    # RFC 7523 §3: iss and sub are the client.
    if claims.get("iss") != client.id or claims.get("sub") != client.id:
        raise failed(
            "iss and sub must both be the client_id",
            hint="iss and sub must both be the client_id",
            kind="assertion_names",
        )
    # RFC 10070: the issuer identifier as the sole value; an array or an endpoint lets one server pass it to another.
    accepted = {services.issuer, *(endpoints(services) if legacy else ())}
    audience = claims.get("aud")
    # The legacy switch takes lists, too, as openid-client 5 sends one of both; of our own addresses alone.
    named = audience if legacy and isinstance(audience, list) else [audience]
    if not named or not all(isinstance(value, str) and value in accepted for value in named):
        raise failed(
            "aud is not the issuer alone",
            hint=_audience_hint(services, client, audience, legacy),
            kind="assertion_audience",
        )
    jti, expires = claims.get("jti"), float(claims["exp"])
    if not isinstance(jti, str) or not jti.isprintable() or not 0 < len(jti) <= 256:
        raise failed(
            "jti is missing or unusable", hint="jti must be 1 to 256 printable characters", kind="assertion_jti"
        )
    if expires > now + MAX_ASSERTION_LIFE:
        raise failed("exp too far ahead", hint="exp lies more than an hour ahead", kind="assertion_exp")
    # A request that is run again on a fresh snapshot brings an assertion that it has had accepted itself.
    spent = f"jti:{client.id}:{jti}"
    if not services.state.add(spent, request.id, expires - now + 1) and services.state.get(spent) != request.id:
        raise failed(
            f"replayed client_assertion of {client.id}", hint="this jti was used before", kind="assertion_replayed"
        )


def _audience_hint(services: Services, client: Client, audience: Any, legacy: bool) -> str:
    """What `aud` must be; for whoever has the client's key also the setting for a library that cannot be told."""
    wanted = f"aud must be the string {services.issuer} and nothing beside it (RFC 10070)"
    named = audience if isinstance(audience, list) else [audience]
    ours = {*endpoints(services), services.issuer}
    if legacy or not named or not all(isinstance(value, str) and value in ours for value in named):
        return wanted
    return f"{wanted}; for a library that sends an endpoint or a list, an admin sets client_assertion_audience=legacy"


def _verified(services: Services, client: Client, assertion: str, algs: tuple[str, ...]) -> dict[str, Any]:
    types = ASSERTION_TYPES
    try:
        return verify(assertion, client_keys(services, client), algs=algs, types=types, now=services.clock())[1]
    except UnknownKey:
        if not client.oidc.jwks_uri:
            raise
        keys = client_keys(services, client, renewed=True)
        return verify(assertion, keys, algs=algs, types=types, now=services.clock())[1]
