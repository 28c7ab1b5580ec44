"""Enhanced Client or Proxy (Prof §4.2, ECP 2.0): a program signs a person in by HTTP Basic, without a browser.

The SOAP envelope comes from the client, which got the AuthnRequest from the service provider. The answer is a SOAP
envelope too, whatever happens: never a page.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from idp.errors import Refused, SamlError
from idp.login.browser import sessions
from idp.login.browser.sessions import Session
from idp.login.policy import next_step
from idp.login.steps import Deny, Done
from idp.protocols import Services
from idp.saml import provider_keys
from idp.saml.assertions import authn_context, issuing
from idp.saml.assertions.issuing import SessionEnded
from idp.saml.evidence import evidence
from idp.saml.faults import fault, not_soap
from idp.saml.messages import names, soap
from idp.saml.messages.bindings import BadMessage, Received
from idp.saml.messages.xml import BadXml, Element, element, qualified
from idp.saml.protocol import ECP_PATH
from idp.saml.sign_on import delivery, http_basic
from idp.saml.sign_on.accepting import accept
from idp.saml.sign_on.authn_request_checks import IncomingAuthnRequest
from idp.saml.sign_on.channel_bindings import NEXT, Bound, bind, find_unknown
from idp.saml.sign_on.destination import find_destination, unreadable
from idp.saml.sign_on.pending_authn_request import PendingAuthnRequest
from idp.saml.sign_on.sign_in_flow import make_flow
from idp.wire import Request, Response

_BINDINGS: Final = (names.PAOS,)


def receive_ecp_request(services: Services, request: Request) -> Response:
    """POST /saml/ecp."""
    # Nor can a page of another site have a browser use a password that it saved.
    if request.content_type not in soap.SOAP_TYPES:
        return not_soap(services, request)
    try:
        received = soap.receive_soap(request)
        incoming, pending = find_destination(services, received, services.url(ECP_PATH), _BINDINGS)
    except (BadMessage, BadXml) as error:
        problem = unreadable(error.reason, None)
        return fault(services, request, "The message cannot be read.", refusal=problem, cause=error)
    except Refused as error:
        return fault(services, request, error.message, refusal=error, cause=error)
    unknown = find_unknown(received.headers)
    if unknown is not None:
        text = f"The header {unknown[:200]} is not understood here."
        return fault(services, request, text, code="MustUnderstand", client_id=incoming.client.id)
    session = http_basic.authenticate(services, request, incoming.client.id, force=incoming.request.force_authn)
    if isinstance(session, Response):
        return session
    bound = Bound()
    try:
        bound = _bind(services, incoming, received)
        message = _issue(services, request, incoming, session, accept(services, incoming, pending), bound)
    except SamlError as error:
        bound = Bound()
        error.evidence = evidence(received)
        with_id = delivery.record_error(services, request, pending.client_id, error)
        message = issuing.refuse(services, incoming.client, pending.acs, pending.request_id, with_id)
    return soap.encode_soap(message, [_header(pending.acs), *bound.headers])


def _bind(services: Services, incoming: IncomingAuthnRequest, received: Received) -> Bound:
    """What the client and the service provider agree on, and their key. Errors: `SamlError`."""
    try:
        return bind(
            incoming.request.channel_bindings, received.headers, signed=incoming.signed,
            encrypted=provider_keys.recipient(services, incoming.provider) is not None,
        )  # fmt: skip
    except BadXml as error:
        raise SamlError(
            names.REQUESTER, names.REQUEST_UNSUPPORTED, "A header is wrong.", detail=error.reason, kind="ecp_header"
        ) from error


def _issue(
    services: Services, request: Request, incoming: IncomingAuthnRequest, session: Session,
    pending: PendingAuthnRequest, bound: Bound,
) -> Element:  # fmt: skip
    """The Response for this person, if the access policy allows it. Errors: `SamlError`."""
    client = incoming.client
    flow = make_flow(services, request, client, pending)
    # There is no page to show, and the proof is of this very moment.
    demands = replace(flow.demands, silent=True, fresh_after=None)
    session = sessions.get(services, session.id, client.id)
    step = next_step(replace(flow, demands=demands), session, client, services.clock())
    if not isinstance(step, Done):
        raise _error_of(step if isinstance(step, Deny) else Deny("interaction_required", "A page is needed."))
    spec = delivery.assertion_spec(client, flow, pending, consent=names.CONSENT_PRIOR)
    try:
        message = issuing.issue(services, request, client, session, replace(spec, advice=bound.advice))
    except SessionEnded:
        raise SamlError(
            names.RESPONDER, names.AUTHN_FAILED, "The session ended meanwhile.", kind="session_ended"
        ) from None
    delivery.spend(services, pending)
    return message


def _error_of(reason: Deny) -> SamlError:
    if reason.code == "unmet_authentication_requirements":
        return authn_context.no_authn_context("the sign-in by HTTP Basic is weaker than what was asked for")
    if reason.code == "access_denied":
        return SamlError(names.RESPONDER, names.REQUEST_DENIED, reason.description, kind=reason.kind)
    if reason.code == "consent_required":
        return SamlError(
            names.RESPONDER, names.REQUEST_DENIED, "The person must agree first, in a browser.", kind="consent_needed"
        )
    return SamlError(names.RESPONDER, names.AUTHN_FAILED, reason.description, kind=reason.kind)


def _header(location: str) -> Element:
    """Prof §4.2.4.5: the client compares it with where the service provider says it will take the answer."""
    about = {
        "AssertionConsumerServiceURL": location,
        qualified(names.SOAP, "mustUnderstand"): "1",
        qualified(names.SOAP, "actor"): NEXT,
    }
    return element(names.ECP, "Response", about, declare=("soap",))
