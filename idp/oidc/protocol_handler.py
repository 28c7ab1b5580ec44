"""OpenID Connect's end of the sign-in conversation: what the engine calls when somebody is proven, or is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from clients.offered import DEVICE_SSO, RESPONSE_TYPES
from idp import catalogue, traffic
from idp.audit import Event, record
from idp.browser import cookie_name
from idp.errors import OAuthError
from idp.ids import TAG, digest, new_id_of, new_secret
from idp.login import pages
from idp.login.browser import sessions
from idp.login.browser.loops import PARAMETER
from idp.login.browser.sessions import Ended, Session
from idp.login.flow import Flow
from idp.login.services import Elsewhere
from idp.login.signout import Notice
from idp.login.steps import Deny
from idp.oidc import agreeing, authorization_details, backchannel, front_channel, hints, session_management
from idp.oidc.authorization_request import AuthorizationRequest
from idp.oidc.authorization_response import deliver, deliver_error
from idp.oidc.destination import Destination, Untrusted, find_again
from idp.oidc.ledger import CODE, Grant
from idp.oidc.request_objects import pushed
from idp.protocols import Services
from idp.traffic import Traffic
from idp.wire import Request, Response, with_parameters

#: Scopes of which something may outlive the session: the person sees later on what they gave it.
_LASTING = frozenset(("offline_access", DEVICE_SSO))


class ProtocolHandler:
    """OpenID Connect's end of the sign-in conversation."""

    is_trial = False

    def finish(self, services: Services, request: Request, flow: Flow, session: Session) -> Response:
        """Proven and agreed: a code, by one write; of a pushed request one more, which ends it. Tokens, where the
        application is registered for them, by one transaction. Errors: `Refused`.
        """
        asked, now = AuthorizationRequest.from_json(flow.request), services.clock()
        wanted = RESPONSE_TYPES[asked.response_type]
        code_id, secret = new_id_of(now, flow.began[:TAG]), new_secret()
        grant = Grant(
            id=code_id,
            code_hash=digest(secret),
            client_id=flow.client_id,
            person_id=session.person_id,
            session_id=session.id,
            redirect_uri=asked.redirect_uri,
            scope=asked.scope,
            nonce=asked.nonce,
            challenge=asked.challenge,
            claims=asked.claims,
            resource=asked.resource,
            auth_time=session.auth_time,
            methods=" ".join(session.methods),
            offline="offline_access" in asked.scope.split(),
            issued_at=now,
            dpop_jkt=asked.dpop_jkt,
            browser=request.user_agent[:400] if _LASTING & set(asked.scope.split()) else "",
            details=asked.details,
        )
        if asked.pushed and not pushed.spend(services, request, asked.pushed):
            raise pushed.used_up(services, services.registry.get(flow.client_id))
        destination, answer = _destination(services, flow, asked), list[tuple[str, str]]()
        if wanted.code:
            services.state.put(f"code:{code_id}", grant.to_json(), services.settings.tokens.code)
            answer.append(("code", f"{CODE}{code_id}.{secret}"))
        if wanted.front:
            code = answer[0][1] if answer else ""
            try:
                answer += front_channel.mint(services, request, wanted, grant, session, code, asked.state or "")
            except OAuthError as error:
                return deliver_error(services, request, destination, error)
        about = (code_id, session.person_id, flow.scopes, flow.demands.fresh_after is not None)  # `Granted`
        kind = traffic.SILENT_CODE if flow.demands.silent else traffic.CODE
        services.part(Traffic).proven(kind, flow.client_id, session.id, about, now)
        if not wanted.code:  # there is nothing to redeem
            used = (request.remote_address, False)  # `Used`
            services.part(Traffic).proven(traffic.REDEEMED, flow.client_id, code_id, used, now)
        return _with_browser_state(services, request, destination, asked, session, answer)

    def deny(self, services: Services, request: Request, flow: Flow, reason: Deny) -> Response:
        """The application is told why there is no code."""
        # Only for somebody who is signed in: anybody can press Cancel, as often as they like.
        if reason.code == "access_denied" and sessions.current(services, request) is not None:
            _record_denial(services, request, flow, reason)
        if flow.demands.silent:
            has_cookie = cookie_name(services, "session") in request.cookies
            kind = traffic.NO_SESSION if has_cookie else traffic.NO_COOKIE
            services.part(Traffic).said(kind, flow.client_id, about=request.header("Sec-Fetch-Dest"))
        destination = _destination(services, flow, AuthorizationRequest.from_json(flow.request))
        if reason.cause != "cancelled":
            return deliver_error(
                services,
                request,
                destination,
                OAuthError(reason.code, reason.description, kind=reason.kind, side=reason.side, fix=_fix(flow, reason)),
                pressed=reason.cause == "declined",
                person_id=reason.person_id or None,
            )
        # Somebody's choice and nobody's fault: there is nothing to look up, and strangers leave no row (S61).
        services.log.info(
            "authorization_error", error=reason.code, detail=reason.description, client_id=flow.client_id,
            request_id=request.id,
        )  # fmt: skip
        error = OAuthError(reason.code, reason.description, kind=reason.kind)
        told = error.parameters("", catalogue.url_of(services, error.kind))
        return deliver(services, request, destination, [*told.items()])

    def restart_url(self, services: Services, flow: Flow) -> str:
        """The request once more, from its beginning."""
        asked = AuthorizationRequest.from_json(flow.request)
        pairs = [(str(name), str(value)) for name, value in asked.params if name != PARAMETER]
        return with_parameters(services.url("/oauth/authorize"), hints.for_url(services, pairs))

    def request_name(self, flow: Flow) -> str:
        """The whole request, where something in it is made anew each time: Back repeats it to the letter.

        But a hint, which is sealed anew each time that it goes into a URL.
        """
        asked = AuthorizationRequest.from_json(flow.request)
        own = (asked.state, asked.nonce, asked.challenge)
        return (
            "\n".join(f"{name}={value}" for name, value in asked.params if name != hints.PARAMETER) if any(own) else ""
        )

    def is_one_time(self, flow: Flow) -> bool:
        """Whether it is no request that is sent the same each time: there are applications with one state for ever."""
        asked = AuthorizationRequest.from_json(flow.request)
        return bool(asked.nonce or asked.challenge)

    def start_url(self, services: Services, flow: Flow) -> str:
        """Its own start, or where a sign-in that we initiate begins (Core §4); else its home page."""
        client = services.registry.find(flow.client_id)
        if client is None:
            return ""
        if client.launch_url or not client.oidc.initiate_login_uri:
            home = str(client.metadata.get("client_uri") or "")
            return client.launch_url or (home if home.startswith(("https://", "http://")) else "")
        return with_parameters(client.oidc.initiate_login_uri, [("iss", services.issuer)])

    def purpose(self, flow: Flow) -> str:
        """The application is named."""
        return ""

    def describe_consent(self, services: Services, flow: Flow, session: Session, locale: str) -> list[dict[str, Any]]:
        """The details (RFC 9396 §3), and the scopes, those that everybody knows first."""
        named = tuple(one for one in flow.scopes if not one.startswith(authorization_details.CONSENT))
        return [
            *authorization_details.described(services, flow.request.get("details", [])),
            *agreeing.described(services, flow.client_id, named, locale),
        ]

    def asked_elsewhere(self, services: Services, flow: Flow) -> Elsewhere | None:
        """Whoever sees the page has begun it in this very browser."""
        return None

    def notices(self, services: Services, session: Session | Ended) -> list[Notice]:
        """Those that hold tokens of this session."""
        return backchannel.notices(services, session)

    def hop(self, services: Services, notice: Notice, chain: str, at: int) -> None:
        """Applications are told from server to server."""

    def conclude(self, services: Services, request: Request, values: Any, *, complete: bool) -> Response:
        """Where an application asked, `Ending.location` leads back to it."""
        return pages.signed_out(services, ())


HANDLER = ProtocolHandler()


def _destination(services: Services, flow: Flow, asked: AuthorizationRequest) -> Destination:
    found = find_again(services, flow.client_id, asked.redirect_uri, asked.response_mode, asked.state)
    if isinstance(found, Untrusted):
        raise found.refused()
    return found


def _with_browser_state(
    services: Services, request: Request, destination: Destination, asked: AuthorizationRequest, session: Session,
    answer: list[tuple[str, str]],
) -> Response:  # fmt: skip
    """The answer; with `session_state` and its cookie, where applications may ask about it (Session Management §2)."""
    if not services.settings.oauth.session_management or "openid" not in asked.scope.split():
        return deliver(services, request, destination, answer)
    state = session_management.session_state(services, destination.client.id, asked.redirect_uri, session.id)
    response = deliver(services, request, destination, [*answer, ("session_state", state)] if state else answer)
    more = session_management.cookies(services, request, session.id) if state else ()
    return replace(response, cookies=(*response.cookies, *more)) if more else response


def _fix(flow: Flow, reason: Deny) -> str:
    """What an admin may do about it, in the record; '' where the description says it all."""
    if reason.cause != "policy":
        return ""
    return f"To let them in: doorward client access {flow.client_id} --add-person LOGIN (or --everyone)"


def _record_denial(services: Services, request: Request, flow: Flow, reason: Deny) -> None:
    event = Event(
        "client:refused",
        person_id=reason.person_id or None,
        client_id=flow.client_id,
        address=request.remote_address,
        request_id=request.id,
        detail={"why": reason.description},
    )
    record(services.db, event, services.clock())
