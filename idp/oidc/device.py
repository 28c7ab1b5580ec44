"""The device authorization endpoint (RFC 8628 §3.1): a device without a keyboard asks, and is told what to show.

In order: read the form; authenticate the client; may it use the grant; what it asks for, by the rules of an
authorization request; keep it under a code for the device and one for its person.
"""

from __future__ import annotations

from typing import Final

from clients.client import Client
from clients.offered import DEVICE_CODE
from idp.db import Unavailable
from idp.errors import OAuthError
from idp.ids import TAG, digest, new_id_of, new_secret
from idp.oidc import authorization_details, authorization_parameters, claims_parameter, client_auth, scopes
from idp.oidc.decoupled import pending, user_codes
from idp.oidc.decoupled.pending import INTERVAL, Pending
from idp.oidc.ledger import DEVICE
from idp.protocols import Services
from idp.readers.seen import place_of
from idp.wire import Json, Request, Response, with_parameters

#: Requests of one address for one app that proves nothing: each is kept for some minutes. An office has one address.
PUBLIC_A_MINUTE: Final = 60
_PAGE: Final = "/device"


def authorize(services: Services, request: Request) -> Response:
    """POST /oauth/device."""
    try:
        client_auth.check_form(request)
        client = client_auth.authenticate(services, request)
        if DEVICE_CODE not in client.oidc.grant_types:
            raise OAuthError(
                "unauthorized_client", "This application is not registered for the device grant.",
                field="grant_types", expected=DEVICE_CODE, got=" ".join(sorted(client.oidc.grant_types)),
                fix=f"If it runs on devices: doorward client set {client.id} grant_types+={DEVICE_CODE}",
                kind="device_not_allowed",
            )  # fmt: skip
        if client.oidc.is_public:
            _pace(services, request, client)
        asked, secret = _asked(services, request, client)
    except OAuthError as error:
        error.client_id = error.client_id or request.visitor.client_id or client_auth.claimed(services, request)
        raise
    pending.keep(services, asked)
    page, code = services.url(_PAGE), user_codes.shown(asked.user_code)
    return Json(
        body={
            "device_code": f"{DEVICE}{asked.id}.{secret}",
            "user_code": code,
            "verification_uri": page,
            "verification_uri_complete": with_parameters(page, [("user_code", code)]),
            "expires_in": round(asked.expires_at - asked.asked_at),
            "interval": INTERVAL,
        }
    )


def _asked(services: Services, request: Request, client: Client) -> tuple[Pending, str]:
    """The request, under a user code that no other has, and the secret of its device code. Errors: `OAuthError`."""
    scope = scopes.read(request.form, client).split()
    details = authorization_details.read(services, request.form, client)
    resource = authorization_details.with_places(
        services, client, authorization_parameters.read_resource(services, request.form, client), details
    )
    # RFC 9470: what a resource may ask for, and what is registered, holds here as well.
    claims, max_age = (
        claims_parameter.read(request.form, client),
        authorization_parameters.read_max_age(request.form, client),
    )
    claims_parameter.essential_acr(claims)
    # Core §11: its basis is the consent page, which everybody sees here.
    if "offline_access" in scope and "refresh_token" not in client.oidc.grant_types:
        scope.remove("offline_access")
    now, life, secret = services.clock(), services.settings.tokens.device_code, new_secret()
    device_id = new_id_of(now, request.id[:TAG])
    return Pending(
        id=device_id,
        client_id=client.id,
        secret_hash=digest(secret),
        scope=" ".join(scope),
        resource=resource,
        asked_at=now,
        expires_at=now + life,
        address=request.remote_address,
        browser=request.user_agent[:256],
        claims=claims,
        max_age=max_age,
        user_code=_user_code(services, device_id, life),
        details=details,
    ), secret


def _user_code(services: Services, device_id: str, life: float) -> str:
    for _ in range(10):
        code = user_codes.new()
        if services.state.add(user_codes.key(code), device_id, life):
            return code
    raise Unavailable("no user code is free")


def _pace(services: Services, request: Request, client: Client) -> None:
    """Anybody can ask in the name of an app that keeps no secret."""
    who = digest(f"{client.id} {place_of(request.remote_address)}")
    if services.state.count(f"device-pace:{who}", 60) > PUBLIC_A_MINUTE:
        raise OAuthError(
            "temporarily_unavailable", "Too many devices ask from this address; try again in a minute.",
            status=429, headers=(("Retry-After", "60"),), field="client_id",
            expected=f"at most {PUBLIC_A_MINUTE} a minute", got="more", kind="device_too_often",
            fix="Let a device ask when somebody presses “sign in”, and show the same code until it has expired.",
        )  # fmt: skip
