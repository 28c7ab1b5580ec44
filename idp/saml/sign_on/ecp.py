"""Enhanced Client or Proxy (Prof §4.2, ECP 2.0): a program signs a person in by HTTP Basic, without a browser.

The SOAP envelope comes from the client, which got the AuthnRequest from the service provider. The answer is a SOAP
envelope too, whatever happens: never a page.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import replace
from typing import Final

from clients.client import Client
from idp.accounts.passwords import Busy
from idp.errors import Explanation, Refused, SamlError
from idp.login import engine
from idp.login.authenticators import password
from idp.login.authn import PASSWORD
from idp.login.browser import sessions
from idp.login.browser.sessions import Session
from idp.login.flow import Demands, Flow
from idp.login.policy import next_step
from idp.login.steps import Deny, Done
from idp.protocols import Services
from idp.saml import provider_keys
from idp.saml.assertions import authn_context, issuing
from idp.saml.assertions.issuing import SessionEnded, Wanted
from idp.saml.messages import bindings, names
from idp.saml.messages.bindings import BadMessage, Received
from idp.saml.messages.xml import BadXml, Element, element, qualified
from idp.saml.sign_on import delivery, destination, sso
from idp.saml.sign_on.authn_request_checks import CHECKS, Incoming
from idp.saml.sign_on.channel_bindings import NEXT, Bound, bind, find_unknown
from idp.saml.sign_on.pending_authn_request import Asked
from idp.wire import Raw, Request, Response

PATH: Final = "/saml/ecp"


def answer(services: Services, request: Request) -> Response:
    """POST /saml/ecp."""
    # Nor can a page of another site have a browser use a password that it kept.
    if request.content_type not in bindings.SOAP_TYPES:
        return bindings.not_soap()
    try:
        received = bindings.receive_soap(request)
        incoming, (acs, binding) = destination.find_destination(services, received, services.url(PATH), (names.PAOS,))
    except (BadMessage, BadXml) as error:
        services.faults.refused(destination.unreadable(error.reason), request=request, cause=error)
        return bindings.soap_fault("Client", "The message cannot be read.")
    except Refused as error:
        error_id = services.faults.refused(error, request=request, cause=error)
        return bindings.soap_fault("Client", f"{error.message} (Error {error_id})")
    unknown = find_unknown(received.headers)
    if unknown is not None:
        return bindings.soap_fault("MustUnderstand", f"The header {unknown[:200]} is not understood here.")
    session = _authenticate(services, request, incoming.client.id, force=incoming.request.force_authn)
    if isinstance(session, Response):
        return session
    pending = Asked(
        client_id=incoming.client.id,
        acs=acs,
        binding=binding,
        at=services.clock(),
        name_id_format=names.NAMEID_UNSPECIFIED,
        request_id=incoming.request.header.id,
    )
    bound = Bound()
    try:
        bound = _bind(services, incoming, received)
        message = _issue(services, request, incoming, pending, session, bound)
    except SamlError as error:
        bound = Bound()
        message = _refuse(services, request, incoming.client, pending, error, destination.evidence(received))
    return bindings.encode_soap(message, [_header(acs), *bound.headers])


def _bind(services: Services, incoming: Incoming, received: Received) -> Bound:
    """What the client and the service provider agree on, and their key. Errors: `SamlError`."""
    try:
        return bind(
            incoming.request.channel_bindings, received.headers, signed=incoming.signed,
            encrypted=provider_keys.recipient(services, incoming.provider) is not None,
        )  # fmt: skip
    except BadXml as error:
        raise SamlError(
            names.REQUESTER, names.REQUEST_UNSUPPORTED, "A header is wrong.", detail=error.reason
        ) from error


def _authenticate(services: Services, request: Request, client_id: str, *, force: bool) -> Session | Response:
    """A session for the name and password of the Authorization header, throttled as on the page."""
    presented = _basic(request)
    if presented is None:
        return _unauthorized()
    try:
        outcome = password.prove(services, request, *presented)
        if outcome.is_unheard:
            text = "Too many attempts. Try again later, or sign in with a browser."
            return replace(bindings.soap_fault("Client", text), status=429)
        if outcome.error == password.DISABLED:
            return replace(bindings.soap_fault("Client", str(password.DISABLED)), status=403)
        if outcome.person is None:
            return _unauthorized()
        now = services.clock()
        demands = Demands(silent=True, fresh_after=now if force else None)
        flow = Flow("saml", client_id, demands=demands, started_at=now)
        # ASVS 6.3.4: no path is weaker than the page. A second factor, a password that ran out: there is nobody to ask.
        if engine.lacks(services, request, flow, outcome.person, (PASSWORD,)):
            text = "A password alone does not sign this account in. Sign in with a browser."
            return replace(bindings.soap_fault("Client", text), status=403)
        session_id, _ = sessions.start(services, request, outcome.person, (PASSWORD,), stay=False)
    except Busy as error:
        busy = replace(bindings.soap_fault("Server", "Too many sign-ins at once. Try again."), status=503)
        return replace(busy, headers=(*busy.headers, ("Retry-After", str(error.retry_after))))
    except sessions.Changed:
        return _unauthorized()
    return sessions.get(services, session_id)


def _basic(request: Request) -> tuple[str, str] | None:
    """RFC 7617, in UTF-8."""
    scheme, _, encoded = request.header("Authorization").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        login, colon, secret = b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (ValueError, binascii.Error):
        return None
    return (login, secret) if colon else None


def _unauthorized() -> Raw:
    fault = bindings.soap_fault("Client", "Sign in by HTTP Basic: the name or the password is missing or not right.")
    challenge = ("WWW-Authenticate", 'Basic realm="Sign in", charset="UTF-8"')
    return replace(fault, status=401, headers=(*fault.headers, challenge))


def _issue(
    services: Services, request: Request, incoming: Incoming, pending: Asked, session: Session, bound: Bound
) -> Element:
    """The Response for this person, if every check and the access policy allow it. Errors: `SamlError`."""
    for check in CHECKS:
        check(services, incoming)
    pending = sso.read(services, incoming, pending)
    client = incoming.client
    flow = sso.make_flow(services, request, client, incoming.provider, pending)
    # There is no page to show, and the proof is of this very moment.
    demands = replace(flow.demands, silent=True, fresh_after=None)
    session = sessions.get(services, session.id, client.id)
    step = next_step(replace(flow, demands=demands), session, client, services.clock())
    if not isinstance(step, Done):
        raise _error_of(step if isinstance(step, Deny) else Deny("interaction_required", "A page is needed."))
    explicit = client.consent == "explicit"
    wanted = Wanted(
        destination=pending.acs,
        in_response_to=pending.request_id,
        name_id_formats=(pending.name_id_format, *pending.other_formats),
        may_create=pending.may_create,
        encrypt_name_id=pending.encrypt_name_id,
        classes=pending.classes,
        service_index=pending.service_index,
        not_on_or_after=pending.not_on_or_after,
        scopes=frozenset(flow.scopes) if explicit else None,
        consent=names.CONSENT_PRIOR if explicit and flow.scopes else None,
        advice=bound.advice,
    )
    try:
        message = issuing.issue(services, request, client, session, wanted)
    except SessionEnded:
        raise SamlError(names.RESPONDER, names.AUTHN_FAILED, "The session ended meanwhile.") from None
    delivery.spend(services, pending)
    return message


def _error_of(reason: Deny) -> SamlError:
    if reason.code == "unmet_authentication_requirements":
        return authn_context.no_authn_context("the sign-in by HTTP Basic is weaker than what was asked for")
    if reason.code == "access_denied":
        return SamlError(names.RESPONDER, names.REQUEST_DENIED, reason.description)
    if reason.code == "consent_required":
        return SamlError(names.RESPONDER, names.REQUEST_DENIED, "The person must agree first, in a browser.")
    return SamlError(names.RESPONDER, names.AUTHN_FAILED, reason.description)


def _refuse(
    services: Services, request: Request, client: Client, pending: Asked, error: SamlError, evidence: str
) -> Element:
    refusal = Refused(
        "saml_" + (error.substatus or error.status).rpartition(":")[2].lower(), error.message, client_id=client.id,
        detail=error.detail or error.message, evidence=evidence,
        explanation=Explanation("application", error.fix or error.message),
    )  # fmt: skip
    error_id = services.faults.refused(refusal, request=request, cause=error)
    told = SamlError(error.status, error.substatus, f"{error.message} (Error {error_id})", detail=error.detail)
    return issuing.refuse(services, client, pending.acs, pending.request_id, told)


def _header(location: str) -> Element:
    """Prof §4.2.4.5: the client compares it with where the service provider says it will take the answer."""
    about = {
        "AssertionConsumerServiceURL": location,
        qualified(names.SOAP, "mustUnderstand"): "1",
        qualified(names.SOAP, "actor"): NEXT,
    }
    return element(names.ECP, "Response", about, declare=("soap",))
