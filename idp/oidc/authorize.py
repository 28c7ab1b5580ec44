"""The authorization endpoint (RFC 6749 §3.1, Core §3.1.2).

In order: where an answer may go at all; RFC 6749's rules; our checks; then the sign-in engine. Until the destination is
known to be the client's own, an error is shown and never followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clients import redirects
from clients.client import Client
from idp.audit import Event, record
from idp.browser import cookie_name
from idp.db import Unavailable
from idp.errors import Explanation, OAuthError, Refused
from idp.ids import digest, new_id, new_secret
from idp.login import engine, pages
from idp.login.browser import sessions
from idp.login.browser.loops import PARAMETER
from idp.login.browser.sessions import Ended, Session
from idp.login.flow import Flow
from idp.login.signout import Notice
from idp.login.steps import Deny
from idp.oidc import backchannel, cross_site, request_objects, requests, response_modes, scopes
from idp.oidc.grants import authorization_code
from idp.oidc.ledger import CODE, Grant
from idp.oidc.response_modes.sending import Answer
from idp.protocols import Services
from idp.state import StateUnavailable
from idp.texts import N_
from idp.wire import Params, Request, Response, with_parameters

PROTOCOL = "oidc"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the answer goes: proven to be the client's own."""

    client: Client
    redirect_uri: str
    response_mode: str
    state: str | None


def answer(services: Services, request: Request) -> Response:
    """GET and POST /oauth/authorize."""
    params = request.query if request.method != "POST" else request.form
    if request.method == "POST" and cookie_name(services, "session") not in request.cookies:
        again = cross_site.again(services, "/oauth/authorize", params, requests.KNOWN)
        if again is not None:
            return again
    request.ui_locales = params.get("ui_locales") or ""
    destination = find_destination(services, params)
    try:
        request_objects.check(params)
        scope = authorization_code.check_authorization(params, destination.client)
        asked = requests.read(services, destination.client, params, scope)
        flow = requests.flow(services, destination.client, asked)
        return engine.begin(services, request, flow)
    except OAuthError as error:
        return deliver_error(services, request, destination, error)
    except (StateUnavailable, Unavailable) as error:
        # Core §3.1.2.6: prompt=none shows no page, and in a frame nobody would see it; RFC 6749 §4.1.2.1 has a code.
        if "none" not in (params.get("prompt") or "").split():
            raise
        told = OAuthError(
            "temporarily_unavailable", "The store of sign-ins is silent; try again.", detail=str(error)[:400]
        )
        return deliver_error(services, request, destination, told)


def find_destination(services: Services, params: Params) -> Destination:
    """The client and its own redirect URI. Errors: `Refused`, for every way in which they cannot be trusted."""
    for name in ("client_id", "redirect_uri"):
        if name in params.repeated:
            raise _refused(
                "repeated_parameter", N_("The application sent %(name)s twice.", name=name), f"Send {name} once."
            )
    inside = request_objects.peek(params)
    client_id, redirect_uri = params.get("client_id"), params.get("redirect_uri") or inside.get("redirect_uri")
    if client_id is None:
        raise _refused("missing_client_id", N_("The application did not say which one it is."), "Send client_id.")
    client = services.registry.find(client_id)
    if client is None:
        raise _refused(
            "unknown_client", N_("This application is not registered here."),
            "client_id is not registered; compare it with `doorward client list`.",
            detail=f"client_id {client_id[:100]!r}",
        )  # fmt: skip
    if not client.enabled:
        raise _refused(
            "disabled_client", N_("%(app)s is turned off at the moment.", app=client.name),
            "The client is disabled; an admin can turn it on: doorward client enable.",
            client_id=client.id, side="doorward",
        )  # fmt: skip
    if redirect_uri is None:
        raise _refused(
            "missing_redirect_uri",
            N_("%(app)s did not say where to return to.", app=client.name),
            "Send redirect_uri.",
            client_id=client.id,
        )
    # RFC 6749 §4.1.2.1: a bad redirect_uri is shown, never followed.
    if not redirects.is_registered(redirect_uri, client):
        difference = redirects.difference(redirect_uri, client.redirect_uris) or "It has no redirect URI registered."
        raise _refused(
            "unregistered_redirect_uri",
            N_("%(app)s asked to return to an address that is not registered for it.", app=client.name),
            "redirect_uri is not registered; compared byte for byte. The error id tells an admin how it differs.",
            client_id=client.id, detail=f"redirect_uri {redirect_uri[:500]!r}",
            # What is registered is told to admins alone.
            fix=f"Register this redirect URI, or correct it in the application's settings. {difference}",
        )  # fmt: skip
    # Core §6.1: what stands in a request object supersedes the same outside.
    mode, kind, state = (inside.get(name) or params.get(name) for name in ("response_mode", "response_type", "state"))
    return Destination(client, redirect_uri, response_modes.of_answer(mode, kind), state)


def _refused(
    code: str,
    message: str,
    developer: str,
    *,
    client_id: str | None = None,
    detail: str = "",
    side: str = "application",
    fix: str = "",
) -> Refused:
    return Refused(
        code, message, title=N_("This sign-in cannot go on"), developer=developer, detail=detail,
        client_id=client_id,
        advice=N_("Nothing is wrong with your account. Tell whoever runs the application, with the error id below."),
        explanation=Explanation(side, fix or developer),
    )  # fmt: skip


# -- the two ends that the sign-in engine calls ----------------------------------------------------------------------


class Door:
    """OpenID Connect's end of the sign-in conversation."""

    def finish(self, services: Services, request: Request, flow: Flow, session: Session) -> Response:
        """Proven and agreed: a code. One write."""
        asked, now = flow.request, services.clock()
        code_id, secret = new_id(now), new_secret()
        grant = Grant(
            id=code_id,
            code_hash=digest(secret),
            client_id=flow.client_id,
            person_id=session.person_id,
            session_id=session.id,
            redirect_uri=asked["redirect_uri"],
            scope=asked["scope"],
            nonce=asked["nonce"],
            challenge=asked["challenge"],
            claims=asked["claims"],
            resource=asked["resource"],
            auth_time=session.auth_time,
            methods=" ".join(session.methods),
            offline="offline_access" in asked["scope"].split(),
            issued_at=now,
        )
        services.state.put(f"code:{code_id}", grant.to_json(), services.settings.tokens.code)
        return deliver(services, request, _destination(services, flow), [("code", f"{CODE}{code_id}.{secret}")])

    def deny(self, services: Services, request: Request, flow: Flow, reason: Deny) -> Response:
        """The application is told why there is no code."""
        # Only for somebody who is signed in: anybody can press Cancel, as often as they like.
        if reason.code == "access_denied" and sessions.current(services, request) is not None:
            _record_denial(services, request, flow, reason)
        destination = _destination(services, flow)
        if reason.cause != "cancelled":
            return deliver_error(services, request, destination, OAuthError(reason.code, reason.description))
        # Somebody's choice and nobody's fault: there is nothing to look up, and strangers leave no row (S61).
        services.log.info(
            "authorization_error", error=reason.code, detail=reason.description, client_id=flow.client_id,
            request_id=request.id,
        )  # fmt: skip
        told = [("error", reason.code), ("error_description", reason.description)]
        return deliver(services, request, destination, told)

    def restart_url(self, services: Services, flow: Flow) -> str:
        """The same request anew, from its beginning."""
        pairs = [(str(name), str(value)) for name, value in flow.request["params"] if name != PARAMETER]
        return with_parameters(services.url("/oauth/authorize"), pairs)

    def request_name(self, flow: Flow) -> str:
        """The whole request, where something in it is made anew each time: Back repeats it to the letter."""
        asked = flow.request
        own = (asked["state"], asked["nonce"], asked["challenge"])
        return "\n".join(f"{name}={value}" for name, value in asked["params"]) if any(own) else ""

    def start_url(self, services: Services, flow: Flow) -> str:
        """Its own start, or where a sign-in that we initiate begins (Core §4); else its home page."""
        client = services.registry.find(flow.client_id)
        if client is None:
            return ""
        if client.launch_url or not client.initiate_login_uri:
            home = str(client.metadata.get("client_uri") or "")
            return client.launch_url or (home if home.startswith(("https://", "http://")) else "")
        return with_parameters(client.initiate_login_uri, [("iss", services.issuer)])

    def describe_consent(self, services: Services, flow: Flow, session: Session) -> list[dict[str, str]]:
        """The scopes, those that everybody knows first."""
        described = [(scope, *scopes.describe(scope)) for scope in scopes.in_order(flow.scopes)]
        return [{"name": name, "title": title, "description": text} for name, title, text in described]

    def notices(self, services: Services, session: Session | Ended) -> list[Notice]:
        """Those that hold tokens of this session."""
        return backchannel.notices(services, session)

    def hop(self, services: Services, notice: Notice, chain: str, at: int) -> None:
        """Applications are told from server to server."""

    def conclude(self, services: Services, request: Request, values: Any, *, complete: bool) -> Response:
        """Where an application asked, `Ending.location` leads back to it."""
        return pages.signed_out(services, ())


DOOR = Door()


def _destination(services: Services, flow: Flow) -> Destination:
    client = services.registry.find(flow.client_id)
    asked = flow.request
    if client is None or not client.enabled or not redirects.is_registered(asked["redirect_uri"], client):
        # It was trusted when the page was made; it is not any more.
        raise _refused(
            "client_changed",
            "This application was turned off or changed a moment ago.",
            "Start again.",
            client_id=flow.client_id,
        )
    return Destination(client, asked["redirect_uri"], asked["response_mode"], asked["state"])


def deliver_error(services: Services, request: Request, destination: Destination, error: OAuthError) -> Response:
    """RFC 6749 §4.1.2.1."""
    error_id = services.faults.told(
        error, request=request, client_id=destination.client.id, name="authorization_error"
    )  # fmt: skip
    told = [("error", error.code), ("error_description", error.told(error_id))]
    return deliver(services, request, destination, told)


def deliver(
    services: Services, request: Request, destination: Destination, parameters: list[tuple[str, str]]
) -> Response:
    """Send the browser back with an answer, always with `iss` (RFC 9207 §2) and the byte-exact state."""
    if destination.state is not None:
        parameters.append(("state", destination.state))
    parameters.append(("iss", services.issuer))
    answer = Answer(destination.redirect_uri, parameters, destination.client.name, request.method == "POST")
    return response_modes.RESPONSE_MODES[destination.response_mode](answer)


def _record_denial(services: Services, request: Request, flow: Flow, reason: Deny) -> None:
    event = Event(
        "client:refused",
        client_id=flow.client_id,
        address=request.remote_address,
        request_id=request.id,
        detail={"why": reason.description},
    )
    record(services.db, event, services.clock())
