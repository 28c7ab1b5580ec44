"""A sign-out is told to the service providers that know of the session: by SOAP from the queue, or by the browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clients.client import Client
from clients.service_provider import ServiceProvider
from idp import reach
from idp.errors import Explanation
from idp.formats import duration
from idp.http import OutboundFailed, OutboundRefused
from idp.login import deliveries, signout
from idp.login.browser.sessions import Ended, Session
from idp.login.signout import Notice
from idp.protocols import Services
from idp.saml import store
from idp.saml.logout import logout_request, logout_response
from idp.saml.logout.front_channel import FRONT_CHANNEL, FrontChannel, send_by_browser
from idp.saml.logout.receiving import open_logout_message
from idp.saml.logout.refusals import untrusted
from idp.saml.messages import names, soap
from idp.saml.messages.bindings import BadMessage, Received
from idp.saml.messages.locations import is_same_place
from idp.saml.messages.signature_gate import BadSignature
from idp.saml.messages.xml import BadXml, Element
from idp.saml.protocol import PROTOCOL, SLO_PATH
from idp.saml.store import SessionParticipant
from idp.wire import Response

JOB: Final = "saml.logout"
FIELD: Final = "SingleLogoutService"  # of its metadata


class NotConfirmed(Exception):
    """The service provider did not confirm; the queue tries again."""


def register(services: Services) -> None:
    """Let the queue know how service providers are told by SOAP."""
    services.jobs.register(
        JOB, lambda payload: deliver(services, payload), retries=signout.RETRIES, retry_delay=signout.BEFORE_RETRY
    )


def notices(services: Services, session: Session | Ended) -> list[Notice]:
    """Everybody who knows of the session; SOAP before the browser, since it needs nobody's patience."""
    found = []
    for participant in store.participants_of_session(services.db, session.id):
        client = services.registry.find(participant.client_id)
        if client is not None and client.saml is not None:
            found.append(_notice(client, client.saml, participant))
    return found


def _notice(client: Client, provider: ServiceProvider, participant: SessionParticipant) -> Notice:
    payload = logout_request.identify(participant)
    if not participant.name_id:
        return Notice(client.id, client.name)
    protocol = PROTOCOL if provider.find_slo(*FRONT_CHANNEL) else ""
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
    with deliveries.trying(services, payload):
        try:
            _send(services, client, client.saml, endpoint.location, payload)
        except (NotConfirmed, OutboundFailed, OutboundRefused) as error:
            told = reach.explain(endpoint.location, error, FIELD)
            services.faults.undelivered(client.id, f"{endpoint.location}: {error}", told)
            raise
    signout.mark_told(services, payload)


def _send(
    services: Services, client: Client, provider: ServiceProvider, location: str, payload: Mapping[str, Any]
) -> None:
    message = logout_request.make_logout_request(services, location, payload)
    identifier = str(message.get("ID"))
    body = soap.encode_soap(logout_response.signed(services, provider, message)).body
    headers = {
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": '"http://www.oasis-open.org/committees/security"',
    }
    fetched = services.outbound.post(location, body, headers)
    try:
        sender, _, root = open_logout_message(services, soap.decode_soap(fetched.body))
        status = logout_response.read_logout_response(root)
    except (BadMessage, BadXml, BadSignature) as error:
        raise NotConfirmed(f"{client.id} answered with status {fetched.status}: {error.reason}") from error
    if sender.id != client.id or status.in_response_to != identifier or not status.success:
        raise NotConfirmed(f"{client.id} did not confirm: {status.code}")


def hop(services: Services, notice: Notice, chain: str, at: int) -> Response | None:
    """The browser's way to a service provider, with a LogoutRequest."""
    client = services.registry.find(notice.client_id)
    endpoint = client.saml.find_slo(*FRONT_CHANNEL) if client is not None and client.saml is not None else None
    if client is None or client.saml is None or endpoint is None:
        return None
    message = logout_request.make_logout_request(services, endpoint.location, notice.payload)
    services.state.put(f"saml:hop:{message.get('ID')}", [chain, at, client.id], signout.CHAIN_SECONDS)
    to = FrontChannel(client, client.saml, endpoint.binding, endpoint.location)
    return send_by_browser(services, to, "SAMLRequest", message)


def receive_logout_response(services: Services, client: Client, root: Element, received: Received) -> Response:
    """A LogoutResponse: on with the chain, if it answers the very request that was sent to its sender."""
    try:
        status = logout_response.read_logout_response(root)
    except (BadMessage, BadXml) as error:
        raise untrusted(error.reason, received, client) from error
    if not is_same_place(status.destination or "", services.url(SLO_PATH)):  # Bind §3.4.5.2, §3.5.5.2
        raise untrusted(
            "the Destination of the LogoutResponse is another place than this one", received, client,
            Explanation("application", f"Let it send LogoutResponses to {services.url(SLO_PATH)}, with that as their "
                        "Destination: its copy of our metadata may be old.", "Destination", services.url(SLO_PATH),
                        status.destination or "(nothing)"),
        )  # fmt: skip
    hop_of = services.state.get(f"saml:hop:{status.in_response_to}"[:500])
    if hop_of is None or hop_of[2] != client.id:
        raise untrusted(
            "the LogoutResponse answers no request that was sent to its sender", received, client,
            Explanation("application", "Let it put the ID of our LogoutRequest into InResponseTo. An answer that comes "
                        f"later than {duration(signout.CHAIN_SECONDS)}, or twice, is not taken either.", "InResponseTo",
                        "the ID of a LogoutRequest that waits", status.in_response_to[:200] or "(nothing)"),
        )  # fmt: skip
    services.state.take(f"saml:hop:{status.in_response_to}")
    if not status.success:
        fix = "It was asked, and could not sign the person out: its log says why. Often it has no session of this "
        fix += "NameID and SessionIndex, or one of its own applications did not confirm."
        told = Explanation("application", fix, "StatusCode", names.SUCCESS, status.code)
        services.faults.undelivered(client.id, f"its LogoutResponse has the status {status.code}", told)
    return signout.answered(services, hop_of[0], hop_of[1], confirmed=status.success)
