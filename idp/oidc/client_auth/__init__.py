"""Which client is asking, at token, introspection, revocation and logout: one file and one row for each method.

A row reads what the request shows of its method, and proves it. Door: `authenticate`. Rule: exactly one method in one
request, and one that the client is registered for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from clients.client import Client
from clients.offered import AUTH_METHODS
from clients.snapshots import MAX_KEY
from idp.errors import OAuthError
from idp.ids import shown_id
from idp.oidc import client_documents
from idp.oidc.certificates import arriving
from idp.oidc.client_auth import (
    client_certificate,
    client_secret_basic,
    client_secret_post,
    none,
    private_key_jwt,
    self_signed_tls_client_auth,
    shared_secret,
    tls_client_auth,
)
from idp.oidc.client_auth.client_keys import client_keys, keys_standing
from idp.oidc.client_auth.presented import Presented, failed
from idp.protocols import Services
from idp.readers import JWKS, Readers
from idp.wire import BadRequest, Request

__all__ = ["CLIENT_AUTH", "ClientAuth", "authenticate", "claimed", "client_keys", "is_tried", "keys_standing", "named"]


@dataclass(frozen=True, slots=True)
class ClientAuth:
    """A client authentication method. Both may raise `OAuthError` (invalid_client, invalid_request)."""

    present: Callable[[Request], Presented | None]
    prove: Callable[[Services, Request, Client, Presented], None]


CLIENT_AUTH: dict[str, ClientAuth] = {
    "client_secret_basic": ClientAuth(client_secret_basic.present, shared_secret.prove),
    "client_secret_post": ClientAuth(client_secret_post.present, shared_secret.prove),
    "private_key_jwt": ClientAuth(private_key_jwt.present, private_key_jwt.prove),
    "tls_client_auth": ClientAuth(client_certificate.present, tls_client_auth.prove),
    "self_signed_tls_client_auth": ClientAuth(client_certificate.present, self_signed_tls_client_auth.prove),
    "none": ClientAuth(none.present, none.prove),
}
CERTIFICATE = "a certificate"  # what came of a client that is registered for something else
MAX_SECRET = 1_000  # characters: ours have fewer
FORM = "application/x-www-form-urlencoded"
_SWAPPED = "Its client id stands where the secret belongs, and the secret as the id: swap them, and make a new secret."
_COMPARE_ID = "Compare the application's client id with `doorward client list`; an id is case-sensitive."


def authenticate(services: Services, request: Request, *, public: bool = True) -> Client:
    """The client that proves itself, by exactly one method that it may use.

    `public=False` refuses clients that cannot prove anything. Errors: `OAuthError` (invalid_client, invalid_request).
    """
    repeated = [name for name in request.form.repeated if name not in ("resource", "audience")]
    if repeated:  # RFC 6749 §3.2: parameters must not be included more than once
        raise OAuthError(
            "invalid_request", f"Repeated parameter: {repeated[0]}.",
            field=repeated[0][:60], expected="once", got="twice", fix="Let the application send it once.",
            kind="repeated",
        )  # fmt: skip
    try:
        presented = _presented(request)
    except OAuthError as error:
        raise (_nameless(services, request) if error.kind == "client_auth_missing" else None) or error from None
    wrong = client_documents.look(services, request, presented.client_id, proving=True)
    if wrong is not None:
        raise failed(
            wrong.detail, basic=presented.is_basic, hint=wrong.developer.rstrip("."), fix=wrong.fix, field=wrong.field,
            expected=wrong.expected, got=wrong.got, kind=wrong.code,
        )  # fmt: skip
    client = services.registry.find(presented.client_id)
    if client is None:
        detail = f"client id {shown_id(presented.client_id)!r} is not registered"
        is_swapped = bool(presented.secret) and services.registry.find(presented.secret) is not None
        raise failed(
            detail, basic=presented.is_basic, hint=presented.remark, fix=_SWAPPED if is_swapped else _COMPARE_ID,
            field="client_id", expected="a client id that is registered here", got=shown_id(presented.client_id),
            kind="client_unknown",
        )  # fmt: skip
    presented = _by_connection(client, presented)
    try:
        _check_may_use(services, request, client, presented, public=public)
        CLIENT_AUTH[presented.method].prove(services, request, client, presented)
    except OAuthError as error:
        error.client_id = client.id  # it says so, and the admins read at whose requests to look
        raise
    request.learn(client_id=client.id)
    if not AUTH_METHODS[presented.method].public:  # one without a secret runs on people's own devices
        services.part(Readers).came(client.id, request.remote_address, services.clock())
    return client


def offered(services: Services) -> list[str]:
    """The methods that work here: those by certificate where the settings say how one comes."""
    return [name for name in CLIENT_AUTH if not AUTH_METHODS[name].tls or arriving.is_taken(services.settings, name)]


def _nameless(services: Services, request: Request) -> OAuthError | None:
    """RFC 8705 §2: a certificate alone says of no client that it is its own."""
    if arriving.of(services, request).certificate is None:
        return None
    hint = "a certificate came, and no client_id: send client_id in the form beside it"
    return failed(
        hint, hint=hint, field="client_id", expected="the client id", got="(nothing)",
        kind="certificate_without_client_id",
        fix="Let the application send its client_id in the form, with its certificate and without a secret.",
    )  # fmt: skip


def _by_connection(client: Client, presented: Presented) -> Presented:
    """RFC 8705 §2: who proves itself by its certificate sends its client_id alone."""
    method = client.oidc.auth_methods[0]
    is_silent = AUTH_METHODS[presented.method].public and AUTH_METHODS[method].tls
    return replace(presented, method=method) if is_silent else presented


def check_form(request: Request) -> None:
    """RFC 6749 §3.2, Appendix B: parameters come as a form in the body. Errors: `OAuthError` (invalid_request)."""
    if request.content_type == FORM:
        return
    got = request.content_type or "no Content-Type"
    raise OAuthError(
        "invalid_request", f"Send the parameters as {FORM} in the body; what came is {got[:80]}.",
        field="Content-Type", expected=FORM, got=got,
        kind="content_type",
    )  # fmt: skip


def note_reader(services: Services, request: Request, at: float) -> None:
    """A fetch of the JWKS that shows client credentials, which nobody has to: they are looked at later."""
    try:
        presented = client_secret_basic.present(request)
    except OAuthError:
        return
    if presented is not None and len(presented.secret) <= MAX_SECRET:
        client_id, secret = presented.client_id, presented.secret

        def proof() -> bool:
            client = services.registry.find(client_id)
            return client is not None and client.find_secret(secret, services.clock()) is not None

        services.part(Readers).fetched_as(JWKS, client_id[:MAX_KEY], request.remote_address, at, proof)


def _presented(request: Request) -> Presented:
    """What the request shows, by one method; by none where the client only says its name."""
    shown = [
        presented
        for name, method in CLIENT_AUTH.items()
        if not AUTH_METHODS[name].public and (presented := method.present(request)) is not None
    ]
    # RFC 6749 §2.3: never more than one method in one request.
    if len(shown) > 1:
        ways = " and ".join(one.method for one in shown)
        raise OAuthError(
            "invalid_request", f"The client authenticates in more than one way ({ways}); use one.",
            field="client authentication", expected="one way", got=ways, kind="client_auth_twice",
        )  # fmt: skip
    named = request.form.get("client_id")
    if shown and named is not None and named != shown[0].client_id:
        where = "the Authorization header" if shown[0].is_basic else "the client_assertion"
        hint = f"client_id in the form is another one than in {where}"
        raise failed(
            hint, basic=shown[0].is_basic, hint=hint, field="client_id", expected=shown_id(shown[0].client_id),
            got=shown_id(named), fix="Let the application send one client id: leave it out of the form, or correct it.",
            kind="client_id_differs",
        )  # fmt: skip
    found = shown[0] if shown else none.present(request)
    if found is None:
        fix = "Let the application send its client id and secret (HTTP Basic), or client_id where it has no secret."
        way = request.authorization_scheme
        hint = f"Authorization: {way} is no client authentication here" if way else "none was sent"
        raise failed(
            "no client authentication", basic=True, fix=fix, hint=f"{hint}; send client_id and secret by HTTP Basic",
            field="Authorization", expected="Basic, with client id and secret", got=way or "(nothing)",
            kind="client_auth_missing",
        )  # fmt: skip
    return found


def _check_may_use(services: Services, request: Request, client: Client, presented: Presented, *, public: bool) -> None:
    method, basic = presented.method, presented.is_basic
    if not client.enabled:
        fix = f"{client.name} is turned off here; if it shall be on: doorward client enable {client.id}"
        raise failed(
            f"{client.name} is turned off", basic=basic, hint=presented.remark, fix=fix, side="doorward",
            field="enabled", expected="on", got="off", kind="client_turned_off",
        )  # fmt: skip
    # A confidential client is never accepted with `none`, at any endpoint (S20).
    if method not in client.oidc.auth_methods or (
        AUTH_METHODS[method].public and not (client.oidc.is_public and public)
    ):
        detail = f"{method} is not registered for {client.id}, but {', '.join(client.oidc.auth_methods)}"
        if AUTH_METHODS[method].public and arriving.of(services, request).certificate is not None:
            method = CERTIFICATE
        raise failed(
            detail, basic=basic, hint=presented.remark, fix=_other_method(client, method, public=public),
            field="token_endpoint_auth_method", expected=" or ".join(client.oidc.auth_methods), got=method,
            kind="client_auth_method",
        )  # fmt: skip


def _other_method(client: Client, method: str, *, public: bool) -> str:
    """What an admin may do about a client that proves itself by another method than is registered."""
    if method == CERTIFICATE:
        return (
            f"{client.name} shows a certificate and sends no secret. If it is to prove itself by that: doorward client "
            f"set {client.id} token_endpoint_auth_method=tls_client_auth tls_client_auth_subject_dn=…"
        )
    if not public and client.oidc.is_public:
        return (
            f"{client.name} has no secret (profile {client.profile}), and this endpoint is for applications that prove "
            "themselves: let its server ask, registered as an application of its own (profile web or machine)."
        )
    if client.oidc.is_public:
        return f"{client.name} has no secret (profile {client.profile}): let it send its client_id alone, with PKCE."
    if AUTH_METHODS[method].public:
        return (
            f"{client.name} sends no secret: paste it there (doorward client secret {client.id} makes a new one), or "
            "register it as spa or native where it cannot keep one."
        )
    if AUTH_METHODS[client.oidc.auth_methods[0]].tls:
        return (
            f"{client.name} proves itself by its certificate ({client.oidc.auth_methods[0]}): let it send client_id in "
            "the form, and neither a secret, nor an assertion, nor an Authorization header. Or: "
            f"doorward client set {client.id} token_endpoint_auth_method={method}"
        )
    return (
        f"Let it prove itself by {client.oidc.auth_methods[0]}, or: "
        f"doorward client set {client.id} token_endpoint_auth_method={method}"
    )


def is_tried(services: Services, request: Request) -> bool:
    """Whether a client says that it is one, at an endpoint that browsers come to as well.

    A browser may bring Basic credentials of its own, for a proxy in front of us: those name no client.
    """
    if request.form.get("client_secret") or request.form.get("client_assertion"):
        return True
    try:
        basic = client_secret_basic.present(request)
    except OAuthError:
        return False
    return basic is not None and services.registry.find(basic.client_id) is not None


def named(request: Request) -> tuple[str, str]:
    """The client id and the method that a request shows, registered or not; '' for what it does not. For records."""
    try:
        presented = _presented(request)
    except BadRequest:
        return "", ""
    except OAuthError:
        return request.form.get("client_id") or "", ""
    return presented.client_id, presented.method


def claimed(services: Services, request: Request) -> str:
    """The registered client that a request says it is of, proven or not; '' for none. For records alone."""
    try:
        client = services.registry.find(_presented(request).client_id)
    except OAuthError:
        client = services.registry.find(request.form.get("client_id") or "")
    return client.id if client is not None else ""
