"""Initial access tokens by the API: who may register applications by themselves (RFC 7591)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from clients.self_registered.policy import MAX_CLIENTS, MAX_DAYS
from clients.self_registered.policy import Policy as Allowed
from clients.self_registered.tokens import InitialToken
from idp.admin import registration_tokens
from idp.admin.permissions import Permission
from idp.api.models import Line, Model, moment
from idp.api.operations import Call, Operation
from idp.api.problems import not_found
from idp.protocols import Services

Word = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Words = Annotated[tuple[Word, ...], Field(max_length=100)]
_USUAL: Final = Allowed()


class Policy(Model):
    """What a token lets be registered."""

    profiles: Words = _USUAL.profiles
    """Profiles of applications."""
    grant_types: Words = _USUAL.grant_types
    """Grant types that they may have."""
    scopes: Words = _USUAL.scopes
    """Scopes that they may ask for."""
    hosts: Words = ()
    """Hosts of their redirect URIs: names, `*.example.com`, `loopback`, a scheme with its colon. Empty: any."""
    resources: Words = ()
    """APIs that they may ask tokens for (RFC 8707)."""
    starts_off: bool = False
    """Whether each waits until an admin turns it on."""
    owner: Annotated[str, StringConstraints(max_length=200)] = ""
    """Who answers for them: a login or an id; answered as the id."""
    vouched: bool = False
    """Whether you answer for them: no page says that nobody checked, and they may be called as others may."""
    legacy: Words = ()
    """What they have of old libraries: `client_assertion_audience`, `request_uri_hash`."""


class NewToken(Model):
    """A token to make."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    """What it is for."""
    most: Annotated[int, Field(strict=True, ge=1, le=MAX_CLIENTS)] = 10
    """How many applications it registers."""
    days: Annotated[int, Field(strict=True, ge=1, le=MAX_DAYS)] = 30
    """How long it works."""
    policy: Policy = Policy()
    """What it lets be registered."""


class Token(Model):
    """An initial access token, not itself."""

    id: str
    """Its id."""
    name: Line
    """What it is for."""
    most: int
    """How many applications it registers in all."""
    used: int
    """How many of them are registered."""
    made_by: str
    """Who made it, as the record has it."""
    made_at: datetime
    """When."""
    ends_at: datetime
    """When it ends."""
    policy: Policy
    """What it lets be registered."""


class Made(Model):
    """A new token."""

    token: Token
    """What is known of it."""
    value: str
    """Itself. It is shown this once."""


class Tokens(Model):
    """All tokens; ended ones for a month."""

    items: tuple[Token, ...]
    """The newest first."""


class Registered(Model):
    """An application that registered itself."""

    id: str
    """Its client id."""
    name: str
    """Its name."""
    enabled: bool
    """Whether it is on."""
    token: str | None
    """What the token was for that let it; null: it came without."""
    registered_at: datetime
    """When."""


class Clients(Model):
    """Applications that registered themselves."""

    items: tuple[Registered, ...]
    """The newest first, at most 1000."""


def listed(services: Services, call: Call) -> Tokens:
    """GET /registration-tokens."""
    return Tokens(items=tuple(map(_shown, registration_tokens.list_of(services, call.actor))))


def make(services: Services, call: Call) -> Made:
    """POST /registration-tokens."""
    body = call.body
    policy = Allowed(**dict(body.policy))
    made = registration_tokens.create(services, call.actor, body.name, policy, most=body.most, days=body.days)
    return Made(token=_shown(made.token), value=made.value)


def end(services: Services, call: Call) -> None:
    """DELETE /registration-tokens/<id>."""
    try:
        registration_tokens.withdraw(services, call.actor, call.path["id"])
    except registration_tokens.NoSuchToken:
        raise not_found("token") from None


def clients(services: Services, call: Call) -> Clients:
    """GET /registration-tokens/clients."""
    found = registration_tokens.registered(services, call.actor)
    return Clients(items=tuple(
        Registered(id=one.client_id, name=one.name, enabled=one.enabled, token=one.token_name or None,
                   registered_at=moment(one.created_at))
        for one in found
    ))  # fmt: skip


def _shown(one: InitialToken) -> Token:
    policy: dict[str, Any] = one.policy.to_json()
    return Token(
        id=one.id, name=one.name, most=one.most, used=one.used, made_by=one.made_by, made_at=moment(one.created_at),
        ends_at=moment(one.expires_at), policy=Policy(**policy),
    )  # fmt: skip


_TAG: Final = "Applications"
OPERATIONS: Final = (
    Operation(
        method="GET", path="/registration-tokens", id="listRegistrationTokens", permission=Permission.APPS_CREATE,
        tag=_TAG, summary="Tokens by which applications register themselves", handler=listed, gives=Tokens,
    ),
    Operation(
        method="POST", path="/registration-tokens", id="makeRegistrationToken", permission=Permission.APPS_CREATE,
        tag=_TAG, summary="Make a token; it is shown this once", handler=make, takes=NewToken, gives=Made, status=201,
        creates=True,
        examples={"build server": {"name": "CI of the shop", "most": 5, "policy": {"hosts": ["*.shop.example"]}}},
    ),
    Operation(
        method="GET", path="/registration-tokens/clients", id="listSelfRegistered",
        permission=Permission.APPS_CREATE, tag=_TAG, summary="Applications that registered themselves", handler=clients,
        gives=Clients,
    ),
    Operation(
        method="DELETE", path="/registration-tokens/<id>", id="endRegistrationToken",
        permission=Permission.APPS_CREATE, tag=_TAG, summary="End a token now; what it registered stays", handler=end,
    ),
)  # fmt: skip
