"""A request object: a JWT that the client signed, whose claims are the parameters (RFC 9101, Core §6.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from clients.client import Client
from idp.errors import OAuthError
from idp.ids import digest
from idp.oidc.client_auth.client_keys import algs_of, client_keys
from idp.oidc.request_objects import envelope
from idp.protocols import Services
from idp.wire import Params, dumps
from keys.algorithms import ALGORITHMS
from keys.verifying import InvalidToken, UnknownKey, verify

#: RFC 9101 §10.8; and what libraries send that are older: JWT, or none. An assertion or a token is of another type.
TYPES: Final = ("oauth-authz-req+jwt", "JWT", "")
ALGS: Final = tuple(ALGORITHMS)
#: Claims about the JWT itself (RFC 7519 §4.1); all others are parameters.
_OF_THE_JWT: Final = frozenset(("iss", "aud", "exp", "nbf", "iat", "jti"))
#: FAPI 2.0 Message Signing §5.3.1: seconds that nbf may lie in the past, and exp after nbf.
_FAPI2_LIFE: Final = 3600
_FAPI2_CLAIMS: Final = ("aud", "exp", "nbf")
_NEVER_INSIDE: Final = ("request", "request_uri")  # RFC 9101 §4


def read(services: Services, client: Client, text: str) -> Params:
    """The parameters inside, once the client's own key has verified them. Errors: `OAuthError`."""
    registered = client.oidc.request_object_signing_alg
    try:
        text = envelope.opened(services, client, text) if envelope.is_encrypted(text) else text
        is_fapi2 = client.profile == "fapi2"
        claims = _verified(services, client, text, algs_of(client, registered), _FAPI2_CLAIMS if is_fapi2 else ())
        _check(services, client, claims)
        if is_fapi2:
            _check_life(claims, services.clock())
        return Params([*_pairs(claims)])
    except InvalidToken as error:
        raise OAuthError(
            "invalid_request_object", f"The request object: {error.reason}.", detail=f"request object: {error.reason}",
            field="request", expected=f"a JWT signed by a key of {client.name}, for {services.issuer}",
            got=error.reason, kind="request_object",
            fix=_fix(client),
        ) from None  # fmt: skip


def _fix(client: Client) -> str:
    if not (client.oidc.jwks or client.oidc.jwks_uri):
        return (
            "No key of the application is registered here, so nothing that it signs can be read. Switch signed "
            "requests (request objects, JAR) off there; or register its public keys: "
            f"doorward client set {client.id} jwks_uri=…"
        )
    return (
        "Correct how the application makes its signed request (JAR); its keys here stand in jwks or jwks_uri: "
        f"doorward client show {client.id}"
    )


def read_dated(services: Services, client: Client, text: str, alg: str | None, most: int) -> Params:
    """The same of a request that is used once, at once (CIBA §7.1.1). `most`: seconds. Errors: `OAuthError`."""
    try:
        claims = claims_dated(services, client, text, alg, most)
        used = digest(f"{client.id} {claims['jti']}")
        if not services.state.add(f"signed-used:{used}", 1, most + 60.0):
            raise InvalidToken("jti was used before")
        return Params([*_pairs(claims)])
    except InvalidToken as error:
        raise OAuthError(
            "invalid_request", f"The signed request: {error.reason}.", detail=f"request object: {error.reason}",
            field="request", expected=f"a JWT signed by a key of {client.name}, for {services.issuer}",
            got=error.reason, kind="request_object",
        ) from None  # fmt: skip


def claims_dated(services: Services, client: Client, text: str, alg: str | None, most: int) -> Mapping[str, Any]:
    """The claims of a JWT of the client's that says whose and for whom it is, and lives shortly.

    Errors: `InvalidToken`.
    """
    claims = _verified(services, client, text, algs_of(client, alg), ("iss", "aud", "exp", "iat", "nbf", "jti"))
    _check(services, client, claims)
    if claims["exp"] - claims["nbf"] > most:
        raise InvalidToken(f"it lives longer than {most} seconds")
    return claims


def _verified(
    services: Services, client: Client, text: str, algs: tuple[str, ...], required: tuple[str, ...] = ()
) -> Mapping[str, Any]:
    now = services.clock()
    keys = client_keys(services, client)
    try:
        return verify(text, keys, algs=algs, types=TYPES, now=now, required=required)[1]
    except UnknownKey:
        if not client.oidc.jwks_uri:
            raise
        keys = client_keys(services, client, renewed=True)
        return verify(text, keys, algs=algs, types=TYPES, now=now, required=required)[1]


def _check(services: Services, client: Client, claims: Mapping[str, Any]) -> None:
    """Whose it is, and for whom. Errors: `InvalidToken`."""
    # RFC 9101 §5: client_id outside and inside are the same; §4: iss is the client, aud is us, where they stand.
    if claims.get("client_id", client.id) != client.id:
        raise InvalidToken("client_id inside is not the one outside")
    if claims.get("iss", client.id) != client.id:
        raise InvalidToken("iss must be the client_id")
    audience = claims.get("aud", services.issuer)
    if services.issuer not in (audience if isinstance(audience, list) else [audience]):
        raise InvalidToken(f"aud must be {services.issuer}")
    if claims.get("sub") == client.id:  # RFC 9101 §10.8: such a one could pass for a client assertion, elsewhere
        raise InvalidToken("sub must not be the client_id: that is for client assertions")
    inside = [name for name in _NEVER_INSIDE if name in claims]
    if inside:
        raise InvalidToken(f"{inside[0]} must not stand inside a request object")


def _check_life(claims: Mapping[str, Any], now: float) -> None:
    """FAPI 2.0 Message Signing §5.3.1. Errors: `InvalidToken`."""
    if claims["nbf"] < now - _FAPI2_LIFE:
        raise InvalidToken(f"nbf lies more than {_FAPI2_LIFE} seconds in the past")
    if claims["exp"] - claims["nbf"] > _FAPI2_LIFE:
        raise InvalidToken(f"it lives longer than {_FAPI2_LIFE} seconds")


def _pairs(claims: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The claims as they would stand in a URL (RFC 9101 §4: strings as they are, numbers and objects as JSON)."""
    for name, value in claims.items():
        if name in _OF_THE_JWT or value is None:
            continue
        if name == "resource" and isinstance(value, list):  # RFC 8707 §2: several are an array
            yield from ((name, _text(name, one)) for one in value)
        else:
            yield name, _text(name, value)


def _text(name: str, value: Any) -> str:
    text = value if isinstance(value, str) else dumps(value).decode()
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidToken(f"{name[:40]!r} is no text") from None
    return text
