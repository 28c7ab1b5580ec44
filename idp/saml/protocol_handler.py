"""SAML's end of the sign-in conversation: what the engine calls when it knows who is there, or that nobody is."""

from __future__ import annotations

from typing import Any

from clients.client import Client
from idp.audit import Event, record
from idp.browser import cookie_name
from idp.errors import SamlError
from idp.login.browser import answered
from idp.login.browser.sessions import Ended, Session
from idp.login.flow import Demands, Flow
from idp.login.signout import Notice
from idp.login.steps import Deny
from idp.protocols import Services
from idp.saml.assertions import attribute_titles, authn_context, issuing
from idp.saml.assertions.issuing import AssertionSpec, SessionEnded
from idp.saml.logout import propagation, responding
from idp.saml.messages import names
from idp.saml.protocol import START_PATH
from idp.saml.sign_on import delivery, subjects
from idp.saml.sign_on.destination import get_provider, get_trusted
from idp.saml.sign_on.idp_initiated import start_url
from idp.saml.sign_on.pending_authn_request import PendingAuthnRequest, sealed_url
from idp.traffic import NO_COOKIE, NO_SESSION, RESPONSE, Traffic
from idp.wire import Redirect, Request, Response


class SamlHandler:
    """SAML's `ProtocolHandler`."""

    is_trial = False

    def finish(self, services: Services, request: Request, flow: Flow, session: Session) -> Response:
        """Proven and agreed: an assertion."""
        pending = PendingAuthnRequest.from_json(flow.request)
        client, _ = get_trusted(services, pending)
        try:
            message = issuing.issue(services, request, client, session, _spec(client, flow, session, pending))
            delivery.spend(services, pending, session.id)
        except SamlError as error:
            if delivery.was_answered_to(services, pending, session.id):
                return answered.lead_on(services, request, flow)
            return delivery.deliver_error(services, request, pending, error, session.person_id)
        except SessionEnded:
            # Signed out between two of our statements: the same request meets the sign-in page.
            return Redirect(location=self.restart_url(services, flow))
        about = (pending.request_id or "", session.person_id, flow.scopes, pending.force)  # `Granted`
        services.part(Traffic).proven(RESPONSE, client.id, session.id, about)
        return delivery.send(services, client, pending, message, session.id)

    def deny(self, services: Services, request: Request, flow: Flow, reason: Deny) -> Response:
        """The service provider is told why there is no assertion."""
        if reason.cause in ("policy", "declined"):
            _record_denial(services, request, flow, reason)
        pending = PendingAuthnRequest.from_json(flow.request)
        if flow.demands.silent:
            kind = NO_SESSION if cookie_name(services, "session") in request.cookies else NO_COOKIE
            services.part(Traffic).said(kind, flow.client_id, about=request.header("Sec-Fetch-Dest"))
        return delivery.send_error(services, request, pending, _error_of(reason, flow.demands))

    def restart_url(self, services: Services, flow: Flow) -> str:
        """Where the pending request begins anew."""
        pending = PendingAuthnRequest.from_json(flow.request)
        if pending.request_id is None:
            return services.url(f"{START_PATH}/{pending.client_id}")
        return sealed_url(services, pending)

    def request_name(self, flow: Flow) -> str:
        """The ID of the AuthnRequest."""
        return str(flow.request["request_id"] or "")

    def is_one_time(self, flow: Flow) -> bool:
        """Core §1.3.4: an ID stands for one request."""
        return True

    def start_url(self, services: Services, flow: Flow) -> str:
        """Its own start, or ours for it."""
        client, _ = get_provider(services, flow.client_id)
        return client.launch_url or start_url(services, client) or ""

    def purpose(self, flow: Flow) -> str:
        """The application is named."""
        return ""

    def describe_consent(self, services: Services, flow: Flow, session: Session, locale: str) -> list[dict[str, str]]:
        """The attributes, with the values that would be told."""
        client, _ = get_provider(services, flow.client_id)
        released = issuing.preview(services, client, session, PendingAuthnRequest.from_json(flow.request).service_index)
        return attribute_titles.described(released, flow.scopes, services.registry.attributes(), locale)

    def asked_elsewhere(self, services: Services, flow: Flow) -> None:
        """Whoever sees the page has begun it in this very browser."""

    def notices(self, services: Services, session: Session | Ended) -> list[Notice]:
        """The service providers that know of this session."""
        return propagation.notices(services, session)

    def hop(self, services: Services, notice: Notice, chain: str, at: int) -> Response | None:
        """To a service provider with a LogoutRequest."""
        return propagation.hop(services, notice, chain, at)

    def conclude(self, services: Services, request: Request, values: Any, *, complete: bool) -> Response:
        """Back to the service provider that asked, with a LogoutResponse."""
        return responding.conclude(services, request, values, complete=complete)


HANDLER = SamlHandler()


def _spec(client: Client, flow: Flow, session: Session, pending: PendingAuthnRequest) -> AssertionSpec:
    consent = names.CONSENT_OBTAINED if session.consent_at >= flow.started_at else names.CONSENT_PRIOR
    return delivery.assertion_spec(client, flow, pending, consent=consent)


def _error_of(reason: Deny, demands: Demands) -> SamlError:
    """What a denial is called in SAML (Core §3.2.2.2)."""
    if reason.code == "access_denied":
        if reason.cause == "cancelled":
            return SamlError(names.RESPONDER, names.AUTHN_FAILED, "The person cancelled the sign-in.", kind=reason.kind)
        return SamlError(names.RESPONDER, names.REQUEST_DENIED, reason.description, kind=reason.kind, side=reason.side)
    if reason.code == "unmet_authentication_requirements":
        return authn_context.no_authn_context("the session is weaker than what was asked for")
    if demands.silent:
        return SamlError(names.RESPONDER, names.NO_PASSIVE, f"Not without a page: {reason.description}", kind="passive")
    if demands.subject == subjects.NOBODY:
        return SamlError(
            names.RESPONDER,
            names.UNKNOWN_PRINCIPAL,
            "Nobody here has the NameID of the Subject.",
            kind="subject_unknown",
        )
    return SamlError(names.RESPONDER, names.AUTHN_FAILED, reason.description, kind=reason.kind)


def _record_denial(services: Services, request: Request, flow: Flow, reason: Deny) -> None:
    event = Event(
        "client:refused", person_id=reason.person_id or None, client_id=flow.client_id, address=request.remote_address,
        request_id=request.id, detail={"why": reason.description},
    )  # fmt: skip
    record(services.db, event, services.clock())
