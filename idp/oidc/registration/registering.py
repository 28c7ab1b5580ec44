"""Registering (RFC 7591 §3): who may, what they may, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clients.client import Client
from clients.errors import InvalidMetadata
from clients.ports import Statements
from clients.registry import Draft, takes_secret
from clients.rules import find_warnings
from clients.self_registered import kept, standard, tokens
from clients.self_registered.policy import Policy
from clients.self_registered.tokens import InitialToken
from idp import audit
from idp.errors import OAuthError
from idp.ids import digest
from idp.oidc import sectors
from idp.oidc.registration import names, problems, reading
from idp.protocols import Services
from idp.readers.seen import place_of
from idp.wire import Json, Request, Response
from keys.algorithms import ALGORITHMS

#: Tries of one address in a minute, with a token or without: each asks the store.
TRIES_A_MINUTE: Final = 60
CHANGES_AN_HOUR: Final = 20  # of one application, by itself
OPEN_AN_HOUR: Final = 10  # that one address may register without a token
_ASK: Final = "Ask an admin of this sign-in service for an initial access token (`doorward registration create`)."


def register(services: Services, request: Request) -> Response:
    """POST /oauth/register."""
    if services.settings.oauth.registration == "off":
        raise OAuthError(
            "access_denied", "Applications do not register themselves here; ask an admin to do it.", status=403,
            field="oauth.registration", expected="token or open", got="off", kind="registration_off",
            fix="Register it with `doorward client add`, or set registration to token in [oauth].",
        )  # fmt: skip
    pace(services, request)
    token = _allowed(services, request)
    if token is None:
        _pace_open(services, request)
    sent = reading.sent(request)
    if sent.get("software_statement") is not None:
        raise problems.statement(sent)
    policy = token.policy if token is not None else open_policy(services)
    try:
        wanted = standard.read(sent, policy, strict=token is None)
        if token is None:
            names.check(services, wanted.said)
        client, secret, access = _registered(services, request, token, policy, wanted)
    except InvalidMetadata as error:
        raise problems.told(error, sent) from None
    except tokens.Spent:  # in the meantime
        raise _spent() from None
    ensure_keys(services, client)
    return Json(status=201, body=information(services, client, access, secret))


def open_policy(services: Services) -> Policy:
    """What may be registered without a token: what a person is asked about, and nothing that acts by itself."""
    oauth = services.settings.oauth
    return Policy(
        scopes=tuple(oauth.open_registration_scope.split()), resources=tuple(oauth.open_registration_resources)
    )


def information(services: Services, client: Client, access: str, secret: str | None) -> dict[str, Any]:
    """The client information response (RFC 7591 §3.2.1, RFC 7592 §3); `secret`: where one was made just now."""
    found: dict[str, Any] = {"client_id": client.id, "client_id_issued_at": int(client.created_at)}
    if secret is not None:
        found |= {"client_secret": secret}
    if takes_secret(client):
        found |= {"client_secret_expires_at": 0}
    if access:
        found |= {"registration_access_token": access}
    return {**found, "registration_client_uri": services.url(f"/oauth/register/{client.id}"), **standard.told(client)}


def ensure_keys(services: Services, client: Client) -> None:
    """Every algorithm that we sign with for it has a key from now on."""
    asked = {str(value) for key, value in client.metadata.items() if key.endswith("_signed_response_alg")}
    services.ring.ensure(sorted(asked & ALGORITHMS.keys()))


def as_left(profile: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """What the client has said, as it is kept to tell an admin's later word from its own."""
    return {"profile": profile, **{key: value for key, value in said.items() if standard.is_known(key)}}


def _registered(
    services: Services, request: Request, token: InitialToken | None, policy: Policy, wanted: standard.Wanted
) -> tuple[Client, str | None, str]:
    now, made = services.clock(), []
    by = f"registration:{token.id}" if token is not None else "registration:open"
    about = {"registration_token": token.name if token is not None else ""}
    record = audit.recorder(
        services.clock, by, address=request.remote_address, request_id=request.id, also=about
    )  # fmt: skip

    def noted(tx: Statements, action: str, detail: dict[str, Any]) -> None:
        if token is not None:
            tokens.spend(tx, token.id, now)
        said = as_left(wanted.profile, {**detail["metadata"], "client_name": detail["name"]})
        made.append(kept.put(tx, detail["client_id"], token_id=token.id if token else "",
                             token_name=token.name if token else "", policy=policy, said=said, now=now))  # fmt: skip
        # RFC 7591 §5: a page elsewhere may lend its good name; whoever looks at the event reads so.
        record(tx, action, {**detail, "warnings": find_warnings(wanted.profile, detail["metadata"])})

    draft = Draft(profile=wanted.profile, metadata={**wanted.said, **policy.settings}, off=policy.starts_off)
    done = services.registry.register(draft, record=noted)
    sectors.forget(services, done.client.metadata)
    request.learn(client_id=done.client.id)
    return done.client, done.client_secret, made[0]


def _allowed(services: Services, request: Request) -> InitialToken | None:
    """The token that was shown; None: anybody may. Errors: `OAuthError`."""
    shown = reading.token(request)
    if not shown:
        if services.settings.oauth.registration == "open":
            return None
        raise reading.refused(
            "Send an initial access token: Authorization: Bearer ...", kind="registration_token_missing", fix=_ASK
        )  # fmt: skip
    found = tokens.find(services.db, shown, services.clock())
    if found is None:
        raise _spent()
    return found


def _spent() -> OAuthError:
    return reading.refused(
        "The initial access token is unknown, has ended, or has registered as many applications as it may.",
        kind="registration_token", fix=_ASK,
    )  # fmt: skip


def pace(services: Services, request: Request) -> None:
    """So many tries of one address, whatever it shows. Errors: `OAuthError`."""
    who = digest(f"registration {place_of(request.remote_address)}")
    if services.state.count(f"registration-pace:{who}", 60) > TRIES_A_MINUTE:
        raise _too_often("60", f"at most {TRIES_A_MINUTE} a minute")


def pace_changes(services: Services, client: Client) -> None:
    """So many changes of one application, from any address: each makes every process read it anew."""
    if services.state.count(f"registration-change:{client.id}", 3600) > CHANGES_AN_HOUR:
        raise _too_often("3600", f"at most {CHANGES_AN_HOUR} changes of one application an hour")


def _pace_open(services: Services, request: Request) -> None:
    who = digest(f"registration open {place_of(request.remote_address)}")
    most = services.settings.oauth.open_registration_per_hour
    if services.state.count(f"registration-open:{who}", 3600) > OPEN_AN_HOUR:
        raise _too_often("3600", f"at most {OPEN_AN_HOUR} an hour from one address")
    if services.state.count("registration-open", 3600) > most:
        raise _too_often("3600", f"at most {most} an hour from everybody")


def _too_often(after: str, expected: str) -> OAuthError:
    return OAuthError(
        "temporarily_unavailable", f"Too many registrations come: {expected}. Try again later.", status=429,
        headers=(("Retry-After", after),), field="Authorization", expected=expected, got="more",
        kind="registration_too_often",
        fix="Let the application keep what it was registered as, rather than register at each start.",
    )  # fmt: skip
