"""The backchannel authentication endpoint (CIBA Core 1.0 §7): an application asks a person who is not at its screen.

In order: read the form; authenticate the client; the signed request in place of the form, where one came; whom it
means; what it asks for. Whoever is meant, and whether there is such a person, the answer is the same, and a job asks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from clients.client import Client
from clients.offered import CIBA
from idp.errors import OAuthError
from idp.ids import TAG, digest, new_id_of, new_secret
from idp.oidc import authorization_details, authorization_parameters, ciba_hints, claims_parameter, client_auth, scopes
from idp.oidc.decoupled import asking, pending
from idp.oidc.decoupled.asking import PUSH
from idp.oidc.decoupled.pending import INTERVAL, Pending
from idp.oidc.ledger import AUTH_REQUEST
from idp.oidc.request_objects import signed
from idp.protocols import Services
from idp.wire import Json, Params, Request, Response

DELIVERY_MODES: Final = ("poll", "ping", "push")
A_MINUTE: Final = 120  # requests of one client
#: What two screens can show side by side. Our mail has it as well, where an address, or half a sentence of somebody
#: else's, would look like ours: so no dots, slashes, colons, @.
_MESSAGE: Final = re.compile(r"(?:[^\W_]|[ -]){0,40}")
MAX_SIGNED: Final = 3600  # seconds that a signed request may live (§7.1.1)
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]{1,1024}=*")  # §7.1: the syntax of RFC 6750 §2.1
_OF_CLIENT: Final = frozenset(("request", "client_id", "client_secret", "client_assertion", "client_assertion_type"))


def authorize(services: Services, request: Request) -> Response:
    """POST /oauth/bc-authorize."""
    try:
        client_auth.check_form(request)
        client = client_auth.authenticate(services, request, public=False)
        _check_may(client)
        _pace(services, client)
        params = _resolved(services, client, request.form)
        wanted = _wanted(services, client, params)
        person_id = ciba_hints.read(services, client, params)
    except OAuthError as error:
        error.client_id = error.client_id or request.visitor.client_id or client_auth.claimed(services, request)
        raise
    asked, secret = _pending(services, request, client, wanted, person_id)
    auth_req_id = f"{AUTH_REQUEST}{asked.id}.{secret}"
    pending.keep(services, asked)
    if wanted.notification_token:
        asking.keep_notice(services, asked, wanted.notification_token, auth_req_id)
    services.jobs.enqueue(asking.ASK, {"id": asked.id})
    body: dict[str, Any] = {"auth_req_id": auth_req_id, "expires_in": round(asked.expires_at - asked.asked_at)}
    if _mode(client) == PUSH:  # who is told of an answer is told of none as well
        services.jobs.enqueue(asking.NOTIFY, {"id": asked.id, "over": True}, delay=wanted.life + 1)
    else:  # §7.3
        body["interval"] = INTERVAL
    return Json(body=body)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What an application asks for, every rule applied."""

    scope: str
    resource: list[str]
    claims: dict[str, object]
    message: str
    life: float
    notification_token: str
    details: list[dict[str, Any]]


def _mode(client: Client) -> str:
    return str(client.metadata.get("backchannel_token_delivery_mode") or "")


def _check_may(client: Client) -> None:
    if CIBA not in client.oidc.grant_types:
        raise OAuthError(
            "unauthorized_client", "This application is not registered for backchannel authentication (CIBA).",
            field="grant_types", expected=CIBA, got=" ".join(sorted(client.oidc.grant_types)),
            fix=f"If it asks people who are elsewhere: doorward client set {client.id} grant_types+={CIBA} "
            "backchannel_token_delivery_mode=poll", kind="ciba_not_allowed",
        )  # fmt: skip


def _pace(services: Services, client: Client) -> None:
    if services.state.count(f"ciba-pace:{client.id}", 60) > A_MINUTE:
        raise OAuthError(
            "temporarily_unavailable", "This application asks too often; try again in a minute.", status=429,
            headers=(("Retry-After", "60"),), field="client_id", expected=f"at most {A_MINUTE} a minute", got="more",
            fix="Let it ask when a person has begun something, and once for each.", kind="ciba_too_often",
        )  # fmt: skip


def _resolved(services: Services, client: Client, form: Params) -> Params:
    """§7.1.1: of a signed request nothing beside it counts, and nothing may stand there. Errors: `OAuthError`."""
    text, alg = form.get("request"), client.metadata.get("backchannel_authentication_request_signing_alg")
    if text is None:
        if alg:
            raise OAuthError(
                "invalid_request", "This application must sign its requests: send request=JWT.", field="request",
                expected="a signed JWT", got="plain parameters", kind="request_object_missing",
                fix="Let it sign, or take backchannel_authentication_request_signing_alg from its registration.",
            )  # fmt: skip
        return form
    beside = sorted({name for name, _ in form.pairs} - _OF_CLIENT)
    if beside:
        raise OAuthError(
            "invalid_request", f"{beside[0][:60]} stands beside the signed request; put it inside.",
            field=beside[0][:60], expected="inside the request", got="beside it", kind="ciba_beside",
        )  # fmt: skip
    return signed.read_dated(services, client, text, str(alg) if alg else None, MAX_SIGNED)


def _wanted(services: Services, client: Client, params: Params) -> _Wanted:
    authorization_parameters.check_length(params)
    scope = scopes.read(params, client).split()
    if "openid" not in scope:  # §7.1
        raise OAuthError(
            "invalid_scope", "scope must have openid.", field="scope", expected="openid and what else is needed",
            got=(params.get("scope") or "(nothing)")[:200], kind="openid_missing",
        )  # fmt: skip
    if "offline_access" in scope and "refresh_token" not in client.oidc.grant_types:
        scope.remove("offline_access")
    claims = claims_parameter.read(params, client)
    claims_parameter.essential_acr(claims)
    details = authorization_details.read(services, params, client)
    resource = authorization_details.with_places(
        services, client, authorization_parameters.read_resource(services, params, client), details
    )
    return _Wanted(
        " ".join(scope), resource, claims, _read_message(params), _read_life(services, params),
        _read_token(client, params), details,
    )  # fmt: skip


def _read_message(params: Params) -> str:
    """§7.1: what both screens show; §13: invalid_binding_message."""
    message = " ".join((params.get("binding_message") or "").split())
    if not _MESSAGE.fullmatch(message):
        raise OAuthError(
            "invalid_binding_message", "binding_message must be at most 40 letters, digits, spaces and hyphens.",
            field="binding_message", expected="a few letters that both screens show", got=message[:60],
            kind="binding_message",
        )  # fmt: skip
    return message


def _read_life(services: Services, params: Params) -> float:
    most, asked = services.settings.tokens.backchannel_request, params.get("requested_expiry")
    if asked is None:
        return most
    if not asked.isascii() or not asked.isdigit() or len(asked) > 9 or int(asked) == 0:
        raise OAuthError(
            "invalid_request", "requested_expiry must be a positive number of seconds.", field="requested_expiry",
            expected="seconds", got=asked[:60], kind="requested_expiry",
        )  # fmt: skip
    return min(most, int(asked))


def _read_token(client: Client, params: Params) -> str:
    """§7.1: what we show when we call the application, needed where it wants to be called."""
    if _mode(client) not in ("ping", PUSH):
        return ""
    token = params.get("client_notification_token") or ""
    if not _TOKEN.fullmatch(token):
        raise OAuthError(
            "invalid_request", "client_notification_token is missing, or no bearer token of at most 1024 characters.",
            field="client_notification_token", expected="a bearer token (RFC 6750 §2.1)",
            got=f"{len(token)} characters", kind="client_notification_token",
        )  # fmt: skip
    return token


def _pending(
    services: Services, request: Request, client: Client, wanted: _Wanted, person_id: str
) -> tuple[Pending, str]:
    now, secret = services.clock(), new_secret()
    return Pending(
        id=new_id_of(now, request.id[:TAG]),
        client_id=client.id,
        secret_hash=digest(secret),
        scope=wanted.scope,
        resource=wanted.resource,
        asked_at=now,
        expires_at=now + wanted.life,
        address=request.remote_address,
        browser=request.user_agent[:256],
        claims=dict(wanted.claims),
        max_age=client.oidc.default_max_age,
        person_id=person_id,
        message=wanted.message,
        details=wanted.details,
    ), secret
