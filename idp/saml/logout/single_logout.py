"""Single logout (Prof §4.4): the endpoint, by HTTP-Redirect, HTTP-POST and SOAP, whoever began it.

Every message must be signed, answers too. A service provider can end only sessions that it knows of, by the NameID
that it was given.
"""

from __future__ import annotations

from typing import Any

from idp.errors import SamlError
from idp.login import signout
from idp.login.signout import Cause, Ending
from idp.protocols import Services
from idp.readers import Readers
from idp.saml.faults import fault
from idp.saml.logout.logout_response import make_logout_response, signed
from idp.saml.logout.propagation import receive_logout_response
from idp.saml.logout.receiving import accept_logout_request, find_sessions, open_logout_message
from idp.saml.logout.refusals import keep_error, of_signature, partial_logout, untrusted
from idp.saml.logout.responding import respond
from idp.saml.messages import http_post, http_redirect, soap
from idp.saml.messages.bindings import BadMessage, Received
from idp.saml.messages.logout_request import LogoutRequest
from idp.saml.messages.signature_gate import BadSignature
from idp.saml.messages.xml import BadXml
from idp.saml.protocol import PROTOCOL, SLO_PATH
from idp.saml.unreadable import explain, find_sender
from idp.wire import Raw, Request, Response


def receive_logout_message(services: Services, request: Request) -> Response:
    """GET and POST /saml/slo."""
    if request.method == "POST" and request.content_type in soap.SOAP_TYPES:
        return _by_soap(services, request)
    received: Received | None = None
    try:
        if request.method == "POST":
            received = http_post.decode_post(request.form)
        else:
            received = http_redirect.decode_redirect(request.environ.get("QUERY_STRING") or "")
        client, provider, root = open_logout_message(services, received)
    except (BadMessage, BadXml, BadSignature) as error:
        is_signature = isinstance(error, BadSignature)
        said = of_signature(error.reason) if is_signature else explain(services, request, SLO_PATH, error.reason)
        sender = services.registry.find(find_sender(services, received) or "")
        raise untrusted(error.reason, received, sender, said) from error
    if received.parameter == "SAMLResponse":
        return receive_logout_response(services, client, root, received)
    values: dict[str, Any] = {"client_id": client.id, "binding": received.binding, "relay_state": received.relay_state}
    try:
        logout_request = accept_logout_request(services, client, provider, root, by_browser=True)
    except SamlError as error:
        told = keep_error(services, request, client, error, received)
        return respond(services, client, {**values, "request_id": root.get("ID")}, told)
    values |= {"request_id": logout_request.header.id, "asynchronous": logout_request.asynchronous}
    try:
        left = find_sessions(services, client, logout_request)
    except SamlError as error:
        return respond(services, client, values, keep_error(services, request, client, error, received))
    cause = Cause(f"signed out at {client.id}", asked_by=client.id)
    return signout.leave(services, request, left, cause, Ending(protocol=PROTOCOL, values=values))


def _by_soap(services: Services, request: Request) -> Response:
    """A LogoutRequest from server to server: whoever needs the browser is not reached (PartialLogout)."""
    received: Received | None = None
    try:
        received = soap.receive_soap(request)
        client, provider, root = open_logout_message(services, received)
        services.part(Readers).came(client.id, request.remote_address, services.clock())
    except (BadMessage, BadXml, BadSignature) as error:
        said = of_signature(error.reason) if isinstance(error, BadSignature) else None
        refusal = untrusted(error.reason, received, services.registry.find(find_sender(services, received) or ""), said)
        return fault(services, request, "The message cannot be trusted.", refusal=refusal, cause=error)
    problem: SamlError | None = None
    logout_request: LogoutRequest | None = None
    try:
        logout_request = accept_logout_request(services, client, provider, root, by_browser=False)
        left = find_sessions(services, client, logout_request)
        results, hops, _ = signout.end(services, request, left, Cause(f"signed out at {client.id}", asked_by=client.id))
        if hops or any(one.result != "signed out" for one in results):
            problem = keep_error(services, request, client, partial_logout(), received)
    except SamlError as error:
        problem = keep_error(services, request, client, error, received)
    if logout_request is not None and logout_request.asynchronous:
        return Raw(status=204)
    response = make_logout_response(services, None, root.get("ID"), problem)
    return soap.encode_soap(signed(services, provider, response))
