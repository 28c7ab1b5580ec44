"""Single logout (Prof §4.4), by HTTP-Redirect, HTTP-POST and SOAP, from either side.

Every message must be signed, answers too. An SP can end only sessions that it was told of, by the name it was told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clients.client import Client
from clients.service_provider import ServiceProvider
from idp.errors import Explanation, Refused, SamlError
from idp.ids import digest
from idp.login import pages, signout
from idp.login.browser import sessions
from idp.login.browser.sessions import Ended, Session
from idp.login.signout import Ending, Notice
from idp.protocols import Services
from idp.saml import provider_keys, store
from idp.saml.logout import logout_messages
from idp.saml.logout.logout_messages import LogoutRequest
from idp.saml.messages import authn_request, bindings, names
from idp.saml.messages.bindings import BadMessage, Received
from idp.saml.messages.locations import is_same_place
from idp.saml.messages.signatures import BadSignature, open_message
from idp.saml.messages.xml import BadXml, Element, parse
from idp.saml.sign_on import authn_request_checks, destination
from idp.saml.store import Told
from idp.texts import N_
from idp.wire import Raw, Request, Response

PATH: Final = "/saml/slo"
PROTOCOL: Final = "saml"
JOB: Final = "saml.logout"
_FRONT: Final = (names.HTTP_REDIRECT, names.HTTP_POST)


class NotConfirmed(Exception):
    """The service provider did not confirm; the queue tries again."""


def register(services: Services) -> None:
    """Let the queue know how service providers are told by SOAP."""
    services.jobs.register(
        JOB, lambda payload: deliver(services, payload), retries=signout.RETRIES, retry_delay=signout.BEFORE_RETRY
    )


# -- a message comes in ----------------------------------------------------------------------------------------------


def answer(services: Services, request: Request) -> Response:
    """GET and POST /saml/slo."""
    if request.method == "POST" and request.content_type in bindings.SOAP_TYPES:
        return _by_soap(services, request)
    received: Received | None = None
    try:
        if request.method == "POST":
            received = bindings.decode_post(request.form)
        else:
            received = bindings.decode_redirect(request.environ.get("QUERY_STRING") or "")
        client, provider, root = _open(services, received)
    except (BadMessage, BadXml, BadSignature) as error:
        raise _refused(error.reason, received) from error
    if received.parameter == "SAMLResponse":
        return _answered(services, client, provider, root, received)
    values: dict[str, Any] = {"client_id": client.id, "binding": received.binding, "relay_state": received.relay_state}
    try:
        asked = _read(services, client, provider, root, by_browser=True)
    except SamlError as error:
        _keep_error(services, request, client, error, received)
        return _respond(services, client, {**values, "request_id": root.get("ID")}, error)
    values |= {"request_id": asked.header.id, "asynchronous": asked.asynchronous}
    try:
        left = find_sessions(services, client, asked)
    except SamlError as error:
        _keep_error(services, request, client, error, received)
        return _respond(services, client, values, error)
    return signout.leave(
        services, request, left, f"signed out at {client.id}", Ending(protocol=PROTOCOL, values=values),
        asked_by=client.id,
    )  # fmt: skip


def _by_soap(services: Services, request: Request) -> Response:
    """A LogoutRequest from server to server: whoever needs the browser is not reached (PartialLogout)."""
    received: Received | None = None
    try:
        received = bindings.receive_soap(request)
        client, provider, root = _open(services, received)
    except (BadMessage, BadXml, BadSignature) as error:
        services.faults.refused(_refused(error.reason, received), request=request, cause=error)
        return bindings.soap_fault("Client", "The message cannot be trusted.")
    problem: SamlError | None = None
    asked: LogoutRequest | None = None
    try:
        asked = _read(services, client, provider, root, by_browser=False)
        left = find_sessions(services, client, asked)
        results, hops, _ = signout.end(services, request, left, f"signed out at {client.id}", asked_by=client.id)
        if hops or any(one.result != "signed out" for one in results):
            problem = _partial()
    except SamlError as error:
        _keep_error(services, request, client, error, received)
        problem = error
    if asked is not None and asked.asynchronous:
        return Raw(status=204)
    response = logout_messages.response(
        _about(services), None, root.get("ID"), problem
    )  # fmt: skip
    return bindings.encode_soap(logout_messages.signed(services, provider, response))


def _open(services: Services, received: Received) -> tuple[Client, ServiceProvider, Element]:
    """The signed message and who sent it. Errors: `BadMessage`, `BadXml`, `BadSignature`."""
    root = parse(received.message)
    issuer = authn_request.read_issuer(root)
    client = services.registry.find_entity(issuer)
    # One that was turned off may still sign people out, and is told of it.
    if client is None or client.saml is None or not client.saml.is_current(services.clock()):
        raise BadMessage(f"the Issuer {issuer[:300]!r} is not registered, or its metadata has expired")
    provider = client.saml
    keys, allowed = provider_keys.signing_keys(provider), provider_keys.algorithms(services, provider)
    opened = open_message(received, keys, allowed=allowed, root=root)
    # SDP-IDP26, SDP-IDP30: requests and responses; whatever is allowed for sign-in.
    if not opened.signed:
        raise BadSignature("logout messages must be signed, and this one is not")
    if authn_request.read_issuer(opened.root) != issuer:
        raise BadMessage("the signed part names another Issuer")
    return client, provider, opened.root


def _read(
    services: Services, client: Client, provider: ServiceProvider, root: Element, *, by_browser: bool
) -> LogoutRequest:
    try:
        asked = logout_messages.read_request(root, services.certificates.private_keys())
    except (BadMessage, BadXml) as error:
        raise SamlError(
            names.REQUESTER, names.REQUEST_UNSUPPORTED, "The LogoutRequest cannot be read.", detail=error.reason
        ) from error
    authn_request_checks.check_header_version(asked.header)
    authn_request_checks.check_header_instant(services, provider, asked.header)
    authn_request_checks.check_header_destination(asked.header, services.url(PATH), signed=by_browser)
    if asked.not_on_or_after is not None and asked.not_on_or_after <= services.clock() - _skew(services, provider):
        raise SamlError(names.REQUESTER, names.REQUEST_DENIED, "The LogoutRequest is too old (NotOnOrAfter).")
    key = "saml:spent:" + digest(f"{client.id}\n{asked.header.id}")
    if not services.state.add(key, 1, authn_request_checks.lifetime(services, provider, asked.header)):
        raise SamlError(names.REQUESTER, names.REQUEST_DENIED, "This request was answered already.")
    return asked


def find_sessions(services: Services, client: Client, asked: LogoutRequest) -> list[Session]:
    """The live sessions that this very service provider was told of by this NameID. Errors: `SamlError`.

    None where they have all ended. Without a SessionIndex: every session of the principal there (Prof §4.4.4.1).
    """
    known = [
        told
        for told in store.told_of_name(services.db, client.id, asked.name_id.value, services.clock())
        if logout_messages.is_same(services, client, told, asked.name_id)
    ]
    if asked.session_indexes:
        known = [told for told in known if told.session_index in asked.session_indexes]
    if not known:
        raise SamlError(
            names.REQUESTER, names.UNKNOWN_PRINCIPAL, "No session here was told to this service provider by this name.",
            fix="It must send the NameID and SessionIndex of the assertion, unchanged.",
        )  # fmt: skip
    found = (sessions.find_open(services, id) for id in dict.fromkeys(told.session_id for told in known))
    return [session for session in found if session is not None]


# -- telling service providers ---------------------------------------------------------------------------------------


def notices(services: Services, session: Session | Ended) -> list[Notice]:
    """Everybody who was told of the session; SOAP before the browser, since it needs nobody's patience."""
    found = []
    for told in store.told_of_session(services.db, session.id):
        client = services.registry.find(told.client_id)
        if client is not None and client.saml is not None:
            found.append(_notice(client, client.saml, told))
    return found


def _notice(client: Client, provider: ServiceProvider, told: Told) -> Notice:
    payload = logout_messages.named(told)
    if not told.name_id:
        return Notice(client.id, client.name)
    protocol = PROTOCOL if provider.find_slo(*_FRONT) else ""
    if provider.find_slo(names.SOAP_BINDING):
        return Notice(client.id, client.name, JOB, protocol, {**payload, "client_id": client.id})
    return Notice(client.id, client.name, protocol=protocol, payload=payload)


def deliver(services: Services, payload: Mapping[str, Any]) -> None:
    """One LogoutRequest by SOAP, made anew for each try. Errors: `NotConfirmed`, and those of `Outbound.post`."""
    if signout.is_told(services, payload):
        return
    client = services.registry.find(payload["client_id"])
    endpoint = client.saml.find_slo(names.SOAP_BINDING) if client is not None and client.saml is not None else None
    if client is None or client.saml is None or endpoint is None:
        return
    message = logout_messages.request(_about(services), endpoint.location, payload)
    identifier = str(message.get("ID"))
    body = bindings.encode_soap(logout_messages.signed(services, client.saml, message)).body
    headers = {
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": '"http://www.oasis-open.org/committees/security"',
    }
    fetched = services.outbound.post(endpoint.location, body, headers)
    try:
        sender, _, root = _open(services, bindings.decode_soap(fetched.body))
        status = logout_messages.read_response(root)
    except (BadMessage, BadXml, BadSignature) as error:
        raise NotConfirmed(f"{client.id} answered with status {fetched.status}: {error.reason}") from error
    if sender.id != client.id or status.in_response_to != identifier or not status.success:
        raise NotConfirmed(f"{client.id} did not confirm: {status.code}")
    signout.mark_told(services, payload)


def hop(services: Services, notice: Notice, chain: str, at: int) -> Response | None:
    """The browser's way to a service provider, with a LogoutRequest."""
    client = services.registry.find(notice.client_id)
    endpoint = client.saml.find_slo(*_FRONT) if client is not None and client.saml is not None else None
    if client is None or client.saml is None or endpoint is None:
        return None
    message = logout_messages.request(_about(services), endpoint.location, notice.payload)
    services.state.put(f"saml:hop:{message.get('ID')}", [chain, at, client.id], signout.CHAIN_SECONDS)
    return _send(services, client, client.saml, endpoint.binding, endpoint.location, "SAMLRequest", message, None)


def _answered(
    services: Services, client: Client, provider: ServiceProvider, root: Element, received: Received
) -> Response:
    """A LogoutResponse: on with the chain, if it answers the very request that was sent to its sender."""
    try:
        status = logout_messages.read_response(root)
    except (BadMessage, BadXml) as error:
        raise _refused(error.reason, received) from error
    if not is_same_place(status.destination or "", services.url(PATH)):  # Bind §3.4.5.2, §3.5.5.2
        raise _refused("the Destination of the LogoutResponse is another place than this one", received)
    hop_of = services.state.get(f"saml:hop:{status.in_response_to}"[:500])
    if hop_of is None or hop_of[2] != client.id:
        raise _refused("the LogoutResponse answers no request that was sent to its sender", received)
    services.state.take(f"saml:hop:{status.in_response_to}")
    return signout.answered(services, hop_of[0], hop_of[1], confirmed=status.success)


# -- the answer to whoever asked -------------------------------------------------------------------------------------


def conclude(services: Services, values: Mapping[str, Any], *, complete: bool) -> Response:
    """Success, or PartialLogout where somebody did not confirm (Prof §4.4.3.5)."""
    client = services.registry.find(values["client_id"])
    if client is None or values["asynchronous"]:  # ASLO §2.3: nobody waits for an answer
        return pages.signed_out(services, ())
    return _respond(services, client, values, None if complete else _partial())


def _respond(services: Services, client: Client, values: Mapping[str, Any], problem: SamlError | None) -> Response:
    provider = client.saml
    endpoint = None if provider is None else provider.find_slo(values["binding"]) or provider.find_slo(*_FRONT)
    if provider is None or endpoint is None:
        return pages.signed_out(services, ())
    location = endpoint.for_responses
    message = logout_messages.response(_about(services), location, values["request_id"], problem)
    return _send(
        services, client, provider, endpoint.binding, location, "SAMLResponse", message, values["relay_state"]
    )  # fmt: skip


def _send(
    services: Services, client: Client, provider: ServiceProvider, binding: str, location: str, parameter: str,
    message: Element, relay_state: str | None,
) -> Response:  # fmt: skip
    if binding == names.HTTP_REDIRECT:
        key = provider_keys.signer(services, provider)
        return bindings.encode_redirect(location, parameter, message, relay_state, key)
    signed = logout_messages.signed(services, provider, message)
    return bindings.encode_post(location, parameter, signed, relay_state, app_name=client.name)


# -- refusals --------------------------------------------------------------------------------------------------------


def _partial() -> SamlError:
    return SamlError(names.RESPONDER, names.PARTIAL_LOGOUT, "Not every application has confirmed the logout.")


def _about(services: Services) -> tuple[str, float]:
    return services.settings.saml_entity_id, services.clock()


def _skew(services: Services, provider: ServiceProvider) -> int:
    return services.settings.saml.skew_seconds if provider.skew_seconds is None else provider.skew_seconds


def _keep_error(services: Services, request: Request, client: Client, error: SamlError, received: Received) -> None:
    refusal = Refused(
        "saml_logout", error.message, client_id=client.id, detail=error.detail or error.message,
        evidence=destination.evidence(received), explanation=Explanation("application", error.fix or error.message),
    )  # fmt: skip
    services.faults.refused(refusal, request=request, cause=error)


def _refused(reason: str, received: Received | None) -> Refused:
    return Refused(
        "saml_logout", N_("The application's sign-out message cannot be trusted."), detail=reason,
        title=N_("You are not signed out yet"), evidence=destination.evidence(received),
        developer="The SAML logout message is refused; the error id tells an admin why.",
        advice=N_("To sign out here, use “Sign out” at the top of any page."),
        explanation=Explanation("application", f"{reason}. Logout messages are signed with a key of its metadata."),
    )  # fmt: skip


__all__ = ["PATH", "answer", "conclude", "deliver", "hop", "notices", "register"]
