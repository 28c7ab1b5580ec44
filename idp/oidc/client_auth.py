"""Which client is asking, at token, introspection and revocation: basic, post, private_key_jwt, or none."""

from __future__ import annotations

import json
import threading
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from clients.client import Client
from idp.errors import OAuthError
from idp.http import OutboundFailed, OutboundRefused
from idp.services import Services
from idp.wire import Request
from keys.algorithms import PublicKey
from keys.verifying import InvalidToken, UnknownKey, read_jwks, verify

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: RFC 10070, and what libraries send so far: JWT, or none. Any other kind of JWT is no client assertion.
ASSERTION_TYPES = ("client-authentication+jwt", "JWT", "")
ENDPOINTS = ("/oauth/token", "/oauth/introspect", "/oauth/revoke")  # that a legacy client may name as aud
MAX_ASSERTION_LIFE = 3600  # seconds; its jti is kept that long
ASSERTION_ALGS = ("RS256", "PS256", "ES256", "EdDSA", "RS384", "RS512", "PS384", "PS512", "ES384", "ES512")
KEYS_FRESH = 300.0  # seconds a fetched JWKS is used before it is fetched again
KEYS_RETRY = 30.0  # seconds between two fetches for a key that is not in it


@dataclass(frozen=True, slots=True)
class _Presented:
    method: str
    client_id: str
    secret: str = ""


def authenticate(services: Services, request: Request, *, public: bool = True) -> Client:
    """The client that proves itself, by exactly one method that it may use.

    `public=False` refuses clients that cannot prove anything. Errors: `OAuthError` (invalid_client, invalid_request).
    """
    repeated = [name for name in request.form.repeated if name not in ("resource", "audience")]
    if repeated:  # RFC 6749 §3.2: parameters must not be included more than once
        raise OAuthError("invalid_request", f"Repeated parameter: {repeated[0]}.")
    presented = _presented(request)
    client = services.registry.find(presented.client_id)
    basic = presented.method == "client_secret_basic"
    if client is None:
        raise _failed(f"client id {presented.client_id[:100]!r} is not registered", basic=basic, fix=_COMPARE_ID)
    try:
        _prove(services, request, client, presented, public=public)
    except OAuthError as error:
        error.client_id = client.id  # it says so, and the admins read at whose requests to look
        raise
    request.client_id = client.id
    return client


def _prove(services: Services, request: Request, client: Client, presented: _Presented, *, public: bool) -> None:
    basic = presented.method == "client_secret_basic"
    if not client.enabled:
        fix = f"Turn it on: doorward client enable {client.id}"
        raise _failed(f"{client.name} is turned off", basic=basic, fix=fix, side="doorward")
    # A confidential client is never accepted with `none`, at any endpoint (S20).
    if presented.method not in client.auth_methods or (
        presented.method == "none" and not (client.is_public and public)
    ):
        detail = f"{presented.method} is not registered for {client.id}, but {', '.join(client.auth_methods)}"
        raise _failed(detail, basic=basic, fix=_other_method(client, presented.method))
    if presented.method == "private_key_jwt":
        _check_assertion(services, request, client, presented.secret)
    elif presented.method != "none":
        secret = client.find_secret(presented.secret, services.clock())
        if secret is None:
            fix = f"Paste the right secret into the application; doorward client secret {client.id} makes a new one."
            raise _failed(f"wrong or expired secret of {client.id}", basic=basic, fix=fix)
        services.registry.touch_secret(secret.id)


_COMPARE_ID = "Compare the application's client id with `doorward client list`; an id is case-sensitive."


def _other_method(client: Client, method: str) -> str:
    """What an admin may do about a client that proves itself by another method than is registered."""
    if client.is_public:
        return f"{client.name} has no secret (profile {client.profile}): let it send its client_id alone, with PKCE."
    if method == "none":
        return (
            f"{client.name} sends no secret: paste it there (doorward client secret {client.id} makes a new one), or "
            "register it as spa or native where it cannot keep one."
        )
    return (
        f"Let it prove itself by {client.auth_methods[0]}, or: "
        f"doorward client set {client.id} token_endpoint_auth_method={method}"
    )


def is_tried(services: Services, request: Request) -> bool:
    """Whether a client says that it is one, at an endpoint that browsers come to as well.

    A browser may bring Basic credentials of its own, for a proxy in front of us: those name no client.
    """
    if request.form.get("client_secret") or request.form.get("client_assertion"):
        return True
    header = request.header("Authorization")
    try:
        return header[:6].lower() == "basic " and services.registry.find(_basic(header[6:]).client_id) is not None
    except OAuthError:
        return False


def claimed(services: Services, request: Request) -> str:
    """The registered client that a request says it is of, proven or not; '' for none. For records alone."""
    try:
        client = services.registry.find(_presented(request).client_id)
    except OAuthError:
        client = services.registry.find(request.form.get("client_id") or "")
    return client.id if client is not None else ""


def _presented(request: Request) -> _Presented:
    form = request.form
    header = request.header("Authorization")
    ways: list[_Presented] = []
    if header[:6].lower() == "basic ":
        ways.append(_basic(header[6:]))
    if form.get("client_assertion") or form.get("client_assertion_type"):
        ways.append(
            _Presented(
                "private_key_jwt", _subject(form.get("client_assertion") or ""), form.get("client_assertion") or ""
            )
        )
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise OAuthError("invalid_request", f"client_assertion_type must be {ASSERTION_TYPE}")
    if form.get("client_secret"):
        ways.append(_Presented("client_secret_post", form.get("client_id") or "", form.get("client_secret") or ""))
    # RFC 6749 §2.3: never more than one method in one request.
    if len(ways) > 1:
        raise OAuthError("invalid_request", "The client authenticates in more than one way; use one.")
    if not ways:
        if not form.get("client_id"):
            fix = "Let the application send its client id and secret (HTTP Basic), or client_id where it has no secret."
            raise _failed("no client authentication", basic=True, fix=fix)
        return _Presented("none", form.get("client_id") or "")
    named = form.get("client_id")
    if named is not None and named != ways[0].client_id:
        raise _failed(
            "client_id differs from the client that authenticates", basic=ways[0].method == "client_secret_basic"
        )
    return ways[0]


def _basic(encoded: str) -> _Presented:
    try:
        user, _, password = b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except ValueError:
        raise _failed("unreadable Basic credentials", basic=True) from None
    # RFC 6749 §2.3.1: both are form-urlencoded before they go into Basic.
    return _Presented("client_secret_basic", unquote_plus(user), unquote_plus(password))


def _subject(assertion: str) -> str:
    """Whose assertion it says it is; it chooses the keys that then must verify it, and nothing else."""
    try:
        segment = assertion.split(".")[1] if len(assertion) < 16384 else ""
        claims = json.loads(b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_"))
        return str(claims["sub"])
    except (IndexError, KeyError, TypeError, ValueError, RecursionError):
        raise _failed("unreadable client_assertion") from None


def _check_assertion(services: Services, request: Request, client: Client, assertion: str) -> None:
    legacy = client.client_assertion_audience == "legacy"
    registered = client.metadata.get("token_endpoint_auth_signing_alg")
    try:
        claims = _verified(services, client, assertion, (registered,) if registered else ASSERTION_ALGS)
    except InvalidToken as error:
        raise _failed(f"client_assertion of {client.id}: {error.reason}", hint=error.reason) from None
    now = services.clock()
    # RFC 7523 §3: iss and sub are the client.
    if claims.get("iss") != client.id or claims.get("sub") != client.id:
        raise _failed("iss and sub must both be the client_id", hint="iss and sub must both be the client_id")
    # RFC 10070: the issuer identifier as the sole value; an array or an endpoint lets one server pass it to another.
    accepted = {services.issuer, *(map(services.url, ENDPOINTS) if legacy else ())}
    audience = claims.get("aud")
    # The legacy switch takes lists, too, as openid-client 5 sends one of both; of our own addresses alone.
    named = audience if legacy and isinstance(audience, list) else [audience]
    if not named or not all(isinstance(value, str) and value in accepted for value in named):
        raise _failed("aud is not the issuer alone", hint=_audience_hint(services, client, audience, legacy))
    jti, expires = claims.get("jti"), float(claims["exp"])
    if not isinstance(jti, str) or not jti.isprintable() or not 0 < len(jti) <= 256:
        raise _failed("jti is missing or unusable", hint="jti must be 1 to 256 printable characters")
    if expires > now + MAX_ASSERTION_LIFE:
        raise _failed("exp too far ahead", hint="exp lies more than an hour ahead")
    # A hop that is run again on a fresh snapshot carries the assertion that it has had accepted.
    if request.accepted_jti != jti and not services.state.add(f"jti:{client.id}:{jti}", 1, expires - now + 1):
        raise _failed(f"replayed client_assertion of {client.id}", hint="this jti was used before")
    request.accepted_jti = jti


def _audience_hint(services: Services, client: Client, audience: Any, legacy: bool) -> str:
    """What `aud` must be; for whoever has the client's key also the setting for a library that cannot be told."""
    wanted = f"aud must be the string {services.issuer} and nothing beside it (RFC 10070)"
    named = audience if isinstance(audience, list) else [audience]
    endpoints = {*map(services.url, ENDPOINTS), services.issuer}
    if legacy or not named or not all(isinstance(value, str) and value in endpoints for value in named):
        return wanted
    return f"{wanted}; for a library that sends an endpoint or a list, an admin sets client_assertion_audience=legacy"


def _verified(services: Services, client: Client, assertion: str, algs: tuple[str, ...]) -> dict[str, Any]:
    types = ASSERTION_TYPES
    try:
        return verify(assertion, client_keys(services, client), algs=algs, types=types, now=services.clock())[1]
    except UnknownKey:
        if not client.metadata.get("jwks_uri"):
            raise
        keys = client_keys(services, client, renewed=True)
        return verify(assertion, keys, algs=algs, types=types, now=services.clock())[1]


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


_cache = _KeyCache()


def client_keys(services: Services, client: Client, *, renewed: bool = False) -> tuple[PublicKey, ...]:
    """The keys that a client registered, or that its jwks_uri holds. Errors: `InvalidToken` without any."""
    now, uri = services.clock(), client.jwks_uri
    key = uri or f"{client.id}:{client.changed_at!r}"
    keys = _cache.find(key, now, KEYS_RETRY if renewed else KEYS_FRESH)
    if keys is None:
        keys = _cache.fetch(key, now, lambda: _read_keys(services, client))
    if not keys:
        raise InvalidToken("the application's keys cannot be read")
    return keys


def _read_keys(services: Services, client: Client) -> tuple[PublicKey, ...]:
    try:
        if client.jwks_uri:
            fetched = services.outbound.get(client.jwks_uri, accept="application/json")
            if fetched.status != 200:  # an error page is no key set, whatever it holds
                raise OutboundFailed(f"it answered with status {fetched.status}")
            return read_jwks(json.loads(fetched.body))
        return read_jwks(client.jwks or {"keys": []})
    except (OutboundFailed, OutboundRefused, ValueError, RecursionError) as error:
        services.log.warning("client_keys_unavailable", client_id=client.id, uri=client.jwks_uri, reason=str(error))
        return ()


def _failed(
    detail: str, *, basic: bool = False, hint: str = "", fix: str = "", side: str = "application"
) -> OAuthError:  # fmt: skip
    # RFC 6749 §5.2: 401, and WWW-Authenticate when the client tried Basic.
    headers = (("WWW-Authenticate", 'Basic realm="doorward", charset="UTF-8"'),) if basic else ()
    description = f"Client authentication failed: {hint}." if hint else "Client authentication failed."
    return OAuthError(
        "invalid_client", description, status=401, detail=detail, headers=headers, side=side,
        fix=fix or (f"Correct the application's authentication: {hint}." if hint else ""),
    )  # fmt: skip
