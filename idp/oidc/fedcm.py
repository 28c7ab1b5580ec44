"""Federated Credential Management (FedCM §3): the browser's own dialog signs somebody in to an application.

Off unless `oauth.fedcm` is on, and for the applications that say `fedcm`. Who may be signed in is asked as at the
authorization endpoint with prompt=none; what would need a page of ours is refused, and the application leads there.
Each request says that the browser itself sends it (`Sec-Fetch-Dest: webidentity`, which no page can forge).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from clients import uris
from clients.client import Client
from clients.offered import RESPONSE_TYPES
from idp import login_status
from idp.accounts.person import Person, fold
from idp.errors import OAuthError
from idp.ids import digest, new_id, new_secret
from idp.login import consent, engine, step_up
from idp.login.browser import sessions
from idp.login.browser.sessions import Session
from idp.login.flow import Demands, Flow
from idp.login.policy import next_step
from idp.login.steps import Deny, Done
from idp.oidc import claims, front_channel, pkce
from idp.oidc.authorization_request import PROTOCOL, AuthorizationRequest
from idp.oidc.ledger import CODE, Grant
from idp.protocols import Services
from idp.wire import Json, Request, Response

WELL_KNOWN: Final = "/.well-known/web-identity"
CONFIG, ACCOUNTS = "/oauth/fedcm/config", "/oauth/fedcm/accounts"
METADATA, ASSERTION, DISCONNECT = "/oauth/fedcm/client", "/oauth/fedcm/assertion", "/oauth/fedcm/disconnect"
LOGIN: Final = "/fedcm"  # the page to which the browser leads whoever is not signed in
MAX_PARAMS, MAX_NONCE = 4000, 255  # characters
#: What a token says of a person, by the fields that the browser told them of (§2.2.1.1).
_FIELDS: Final = {"name": "profile", "picture": "profile", "email": "email"}
_CACHE: Final = (("Cache-Control", "public, max-age=300"),)


def well_known(services: Services, request: Request) -> Response:
    """GET /.well-known/web-identity (§3.1)."""
    if not services.settings.oauth.fedcm:
        return _absent()
    return Json(body={
        "provider_urls": [services.url(CONFIG)], "accounts_endpoint": services.url(ACCOUNTS),
        "login_url": services.url(LOGIN),
    }, headers=_CACHE)  # fmt: skip


def config(services: Services, request: Request) -> Response:
    """GET /oauth/fedcm/config (§3.2)."""
    if not services.settings.oauth.fedcm:
        return _absent()
    return Json(body={
        "accounts_endpoint": services.url(ACCOUNTS), "client_metadata_endpoint": services.url(METADATA),
        "id_assertion_endpoint": services.url(ASSERTION), "disconnect_endpoint": services.url(DISCONNECT),
        "login_url": services.url(LOGIN),
    }, headers=_CACHE)  # fmt: skip


def accounts(services: Services, request: Request) -> Response:
    """GET /oauth/fedcm/accounts (§3.3): who is signed in here, the one at the front first, and not who asks."""
    if (refused := _unasked(services, request)) is not None:
        return refused
    people = dict.fromkeys(one.person_id for one in _sessions(services, request))
    found = [services.directory.find(one) for one in people]
    shown = [_account(services, person) for person in found if person is not None]
    if not shown:
        return Json(status=401, body={"error": {"code": "login_required"}}, headers=(login_status.LOGGED_OUT,))
    return Json(body={"accounts": shown})


def _account(services: Services, person: Person) -> dict[str, Any]:
    known = [one for one in (person.username, person.email) if one]
    account: dict[str, Any] = {
        "id": person.id, "name": person.name or person.username, "login_hints": known,
        "approved_clients": _approved(services, person.id),
    }  # fmt: skip
    account |= {"email": person.email} if person.email else {"username": person.username}  # one is shown below the name
    if given := person.claims.get("given_name"):
        account["given_name"] = given
    return account


def client_metadata(services: Services, request: Request) -> Response:
    """GET /oauth/fedcm/client (§3.4): what of an application the browser shows beside its question."""
    client = _client(services, request.query.get("client_id")) if services.settings.oauth.fedcm else None
    if client is None:
        return _absent()
    named = (("privacy_policy_url", "policy_uri"), ("terms_of_service_url", "tos_uri"))
    return Json(body={name: client.metadata[key] for name, key in named if client.metadata.get(key)}, headers=_CACHE)


def assertion(services: Services, request: Request) -> Response:
    """POST /oauth/fedcm/assertion (§3.5): an ID token or a code for an application whose page asks. Errors: `Stale`."""
    asked = _asked(services, request)
    if isinstance(asked, Response):
        return asked
    client, there, cors = asked
    session = next((one for one in there if one.person_id == request.form.get("account_id")), None)
    if session is None:
        return _no("access_denied", 403, cors)
    params = _params(request)
    if params is None:
        return _no("invalid_request", 400, cors)
    flow = _flow(services, request, client, params)
    needs = step_up.of_session(services, request, flow, session)
    step = next_step(flow, session, client, services.clock(), needs)
    if not isinstance(step, Done):
        code = step.code if isinstance(step, Deny) else "interaction_required"
        services.log.info("fedcm_refused", error=code, client_id=client.id, request_id=request.id)
        return _no(code, 403, cors)
    try:
        token = _token(services, request, flow, session)
    except OAuthError as error:
        return _no(error.code, 403, cors)
    sessions.note_seen(services, session)
    engine.note_use(services, request, replace(flow, demands=Demands()), session)
    return Json(body={"token": token}, headers=cors)


def disconnect(services: Services, request: Request) -> Response:
    """POST /oauth/fedcm/disconnect (§3.6): the person's consent is taken back, and what was issued under it ends."""
    asked = _asked(services, request)
    if isinstance(asked, Response):
        return asked
    client, there, cors = asked
    # §3.6: the hint says which account; where it is nobody's, an error, by which the browser forgets them by itself.
    session = _hinted(services, client, there, request.form.get("account_hint") or "")
    if session is None:
        return _no("access_denied", 403, cors)
    consent.revoke(services, request, session, client.id)
    return Json(body={"account_id": session.person_id}, headers=cors)


def _hinted(services: Services, client: Client, there: tuple[Session, ...], hint: str) -> Session | None:
    """The account that an application means: by the name that it knows it by, or by what people sign in with."""
    for session in there:
        person = services.directory.find(session.person_id)
        if person is None:
            continue
        logins = [fold(one) for one in (person.username, person.email) if one]
        if hint in (person.id, claims.subject(services, client, person.id)) or fold(hint) in logins:
            return session
    return None


# -- who asks, and for whom ------------------------------------------------------------------------------------------


def _asked(
    services: Services, request: Request
) -> tuple[Client, tuple[Session, ...], tuple[tuple[str, str], ...]] | Response:  # fmt: skip
    """The application whose page asks, who is signed in (at least one), and headers by which it may read the answer."""
    if (refused := _unasked(services, request)) is not None:
        return refused
    client, origin = _client(services, request.form.get("client_id")), request.header("Origin")
    if client is None or origin not in origins_of(client):  # no header: the page of another origin reads nothing
        return _no("unauthorized_client", 403)
    cors = (
        ("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true"), ("Vary", "Origin"),
    )  # fmt: skip
    there = _sessions(services, request, client.id)
    if not there:
        return _no("login_required", 401, (*cors, login_status.LOGGED_OUT))
    return client, there, cors


def _unasked(services: Services, request: Request) -> Response | None:
    if not services.settings.oauth.fedcm:
        return _absent()
    # §7.1: only the browser itself can say so; a page that sends a form or calls us cannot.
    return None if request.header("Sec-Fetch-Dest") == "webidentity" else _no("invalid_request", 400)


def _client(services: Services, client_id: str | None) -> Client | None:
    client = services.registry.find(client_id or "")
    if client is None or not client.enabled or client.kind != "oidc" or not client.oidc.fedcm:
        return None
    # RFC 9126 §5, §6, RFC 9101 §10.5: what a page gives to the browser is neither pushed nor signed.
    is_bound = client.oidc.require_pushed_authorization_requests or client.oidc.require_signed_request_object
    return None if is_bound or services.settings.oauth.require_pushed_authorization_requests else client


def origins_of(client: Client) -> frozenset[str]:
    """Where its pages are: the origins that are registered, and those of its redirect URIs."""
    return frozenset((*client.oidc.allowed_origins, *(uris.read(uri).origin for uri in client.oidc.redirect_uris)))


def _sessions(services: Services, request: Request, client_id: str = "") -> tuple[Session, ...]:
    """Those that this browser has the marks of, live, the one at the front first. Errors: `Stale`."""
    # Any page makes the browser ask without anybody's doing: that alone keeps no session from its idle end.
    return tuple(
        found
        for session_id, mark in login_status.presented(services, request).items()
        if (found := sessions.find_proven(services, session_id, client_id, _proves(services, session_id, mark)))
    )


def _proves(services: Services, session_id: str, mark: str) -> Callable[[float], bool]:
    return lambda auth_time: hmac.compare_digest(
        login_status.mark(services, session_id, auth_time).encode(), mark.encode()
    )  # fmt: skip


def _approved(services: Services, person_id: str) -> list[str]:
    """The applications of FedCM that the person has agreed to: the browser does not tell them again what it shares."""
    return [one for one in consent.given(services, person_id) if _client(services, one) is not None]


# -- the token -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Params:
    """What the page gave to the browser for us (§2.2.1.1). `challenge`: then a code comes, for the page's server."""

    nonce: str
    challenge: str


def _params(request: Request) -> _Params | None:
    """None where they cannot be taken. Core §3.2.2.1: what comes through the browser is bound to the page that asked,
    by a nonce; RFC 7636 §4.3: a code by a challenge, too.
    """
    given = request.form.get("params") or ""
    try:
        found = json.loads(given) if 0 < len(given) <= MAX_PARAMS else {}
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    nonce = found.get("nonce", request.form.get("nonce") or "")  # older browsers send it by itself
    challenge = found.get("code_challenge", "")
    if not isinstance(nonce, str) or not 0 < len(nonce) <= MAX_NONCE or not isinstance(challenge, str):
        return None
    if challenge and (found.get("code_challenge_method") != "S256" or pkce.FORM.fullmatch(challenge) is None):
        return None
    return _Params(nonce, challenge)


def _flow(services: Services, request: Request, client: Client, params: _Params) -> Flow:
    """The request as the sign-in engine has it: prompt=none, as no page can come."""
    scope = " ".join(one for one in ("openid", *_wanted(request)) if one == "openid" or one in client.oidc.scopes)
    asked = AuthorizationRequest(
        redirect_uri="", state=None, nonce=params.nonce, response_mode="", scope=scope, challenge=params.challenge,
        claims={}, resource=[], params=[], response_type="code" if params.challenge else "id_token",
    )  # fmt: skip
    return Flow(
        protocol=PROTOCOL, client_id=client.id, request=asked.to_json(),
        demands=Demands(silent=True, max_age=client.oidc.default_max_age), scopes=tuple(scope.split()),
        started_at=services.clock(), login_hint="", ui_locales="", destination="", began=request.id,
    )  # fmt: skip


def _wanted(request: Request) -> list[str]:
    """The scopes of the fields that the browser told the person of: none of them, where it sends none."""
    names = [one for one in (request.form.get("fields") or "").split(",") if one in _FIELDS]
    return list(dict.fromkeys(_FIELDS[name] for name in names))


def _token(services: Services, request: Request, flow: Flow, session: Session) -> str:
    """The ID token, or a code where one was asked for; of a grant that ends with the session (Core §3.1, §3.2).

    Errors: `OAuthError`, `Stale`.
    """
    asked, now, secret = AuthorizationRequest.from_json(flow.request), services.clock(), new_secret()
    grant = Grant(
        id=new_id(now), code_hash=digest(secret), client_id=flow.client_id, person_id=session.person_id,
        session_id=session.id, redirect_uri="", scope=asked.scope, nonce=asked.nonce, challenge=asked.challenge,
        claims={}, resource=[],
        auth_time=session.auth_time, methods=" ".join(session.methods), offline=False, issued_at=now,
    )  # fmt: skip
    if asked.challenge:
        services.state.put(f"code:{grant.id}", grant.to_json(), services.settings.tokens.code)
        return f"{CODE}{grant.id}.{secret}"
    return dict(front_channel.mint(services, request, RESPONSE_TYPES["id_token"], grant, session, "", ""))["id_token"]


def _no(code: str, status: int, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    """§3.5.2: what the browser tells the page, and the person."""
    return Json(status=status, body={"error": {"code": code}}, headers=headers)


def _absent() -> Response:
    return Json(status=404, body={"error": {"code": "not_found"}})
