"""Single sign-on by the browser (Prof §4.1): the endpoint that takes an AuthnRequest, and the one that goes on with it.

In order: where an answer may go at all (`destination`); our checks (`accepting`); then the sign-in engine
(`sign_in_flow`). Until the assertion consumer service is known to be the service provider's own, an error is shown and
never sent.
"""

from __future__ import annotations

from idp.browser import cookie_name
from idp.errors import Explanation, Refused, SamlError
from idp.login.browser import answered
from idp.login.flow import Flow
from idp.protocols import Services
from idp.saml import unreadable as unreadable_request
from idp.saml.evidence import evidence
from idp.saml.header_checks import is_old
from idp.saml.messages import http_post, http_redirect
from idp.saml.messages.bindings import BadMessage, Received
from idp.saml.messages.xml import BadXml
from idp.saml.protocol import PROTOCOL, SSO_PATH
from idp.saml.sign_on import delivery
from idp.saml.sign_on.accepting import accept
from idp.saml.sign_on.destination import find_destination, get_trusted, unreadable
from idp.saml.sign_on.idp_initiated import start_url
from idp.saml.sign_on.pending_authn_request import OPEN_FOR, PendingAuthnRequest, continue_url, find_pending
from idp.saml.sign_on.sign_in_flow import begin_sign_in
from idp.saml.unreadable import find_sender
from idp.showing import form_target
from idp.texts import N_
from idp.wire import Redirect, Request, Response


def receive_authn_request(services: Services, request: Request) -> Response:
    """GET (HTTP-Redirect) and POST (HTTP-POST) /saml/sso."""
    received: Received | None = None
    try:
        received = _receive(services, request)
        incoming, pending = find_destination(services, received, services.url(SSO_PATH), delivery.SEND)
    except (BadMessage, BadXml) as error:
        said = unreadable_request.explain(services, request, SSO_PATH, error.reason)
        raise unreadable(error.reason, received, said, find_sender(services, received)) from error
    brings_session = cookie_name(services, "session") in request.cookies
    before = answered.find(services, request, PROTOCOL, pending.client_id, pending.request_id or "")
    if before is not None and is_old(services, incoming.provider, incoming.request.header):
        return _lead_on(services, request, pending)
    try:
        pending = accept(services, incoming, pending)
        is_answered = before is not None and before.became != "s"
        is_hop = request.method == "POST" and not brings_session  # who it is shows after it
        if not brings_session and not is_hop and not is_answered:
            delivery.check_unspent(services, pending)
    except SamlError as error:
        error.evidence = evidence(received)
        return delivery.deliver_error(services, request, pending, error)
    if is_hop:
        # A cross-site POST comes without our Lax cookies; a GET from here brings them.
        return Redirect(location=continue_url(services, pending))
    return begin_sign_in(services, request, pending)


def continue_sign_on(services: Services, request: Request) -> Response:
    """GET /saml/continue: a request that came by POST, or one that is begun anew from a page of ours."""
    pending = find_pending(services, request.query.get("request"), request.query.get("handle"))
    if pending is None or services.clock() - pending.at > OPEN_FOR:
        # L8: the request is too old for its application to take an answer; a sign-in of our own is not.
        location = start_url(services, get_trusted(services, pending)[0]) if pending is not None else None
        if location is not None:
            return Redirect(location=location)
        raise Refused(
            "saml_request_gone", N_("This sign-in was begun too long ago."), title=N_("Please start again"),
            advice=N_("Go back to the application and sign in from there."),
            detail="the sealed request is unknown or old", client_id=None if pending is None else pending.client_id,
            explanation=Explanation("person", "An old tab or a copied address; the application starts a new one."),
        )  # fmt: skip
    get_trusted(services, pending)
    if cookie_name(services, "session") not in request.cookies and not _is_known(services, request, pending):
        try:
            delivery.check_unspent(services, pending)
        except SamlError as error:
            return delivery.deliver_error(services, request, pending, error)
    return begin_sign_in(services, request, pending)


def _is_known(services: Services, request: Request, pending: PendingAuthnRequest) -> bool:
    """Whether this browser was here with the request: it is led on by what became of that."""
    return answered.find(services, request, PROTOCOL, pending.client_id, pending.request_id or "") is not None


def _lead_on(services: Services, request: Request, pending: PendingAuthnRequest) -> Response:
    """L8: a tab that was restored, or Back, after the request has run out. Its application begins anew."""
    flow = Flow(PROTOCOL, pending.client_id, request=pending.to_json(), destination=form_target(pending.acs))
    return answered.lead_on(services, request, flow)


def _receive(services: Services, request: Request) -> Received:
    if request.method == "POST":
        received = http_post.decode_post(request.form)
    else:
        received = http_redirect.decode_redirect(request.environ.get("QUERY_STRING") or "")
    if received.parameter != "SAMLRequest":
        raise BadMessage("this address takes SAMLRequest, not SAMLResponse")
    strict = services.settings.saml.strict_relay_state
    if strict and received.relay_state is not None and len(received.relay_state.encode()) > 80:
        raise BadMessage("RelayState has more than 80 bytes (Bind §3.4.3)")
    return received
