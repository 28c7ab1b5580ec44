"""A logout message is believed, a LogoutRequest checked, and the sessions found that it ends."""

from __future__ import annotations

from clients.client import Client
from clients.service_provider import ServiceProvider
from idp.errors import SamlError
from idp.formats import duration
from idp.login.browser import sessions
from idp.login.browser.sessions import Session
from idp.protocols import Services
from idp.saml import header_checks, replay, store
from idp.saml.logout.logout_request import is_same_subject
from idp.saml.logout.unknown_principal import unknown_principal
from idp.saml.messages import names
from idp.saml.messages.bindings import BadMessage, Received
from idp.saml.messages.logout_request import LogoutRequest, read_logout_request
from idp.saml.messages.schema_types import instant
from idp.saml.messages.xml import BadXml, Element
from idp.saml.protocol import SLO_PATH
from idp.saml.signed_message import open_signed


def open_logout_message(services: Services, received: Received) -> tuple[Client, ServiceProvider, Element]:
    """The signed message and who sent it. Errors: `BadMessage`, `BadXml`, `BadSignature`."""
    # SDP-IDP26, SDP-IDP30: requests and responses are signed; whatever is allowed for sign-in. One that was turned off
    # may still sign people out, and is told of it.
    return open_signed(services, received, rule="logout messages", enabled=False)


def accept_logout_request(
    services: Services, client: Client, provider: ServiceProvider, root: Element, *, by_browser: bool
) -> LogoutRequest:
    """A LogoutRequest that is current, for us, and was not answered before. Errors: `SamlError`."""
    try:
        logout_request = read_logout_request(root, services.certificates.private_keys())
    except (BadMessage, BadXml) as error:
        raise SamlError(
            names.REQUESTER,
            names.REQUEST_UNSUPPORTED,
            "The LogoutRequest cannot be read.",
            detail=error.reason,
            kind="saml_unreadable",
        ) from error
    header = logout_request.header
    header_checks.check_version(header)
    header_checks.check_instant(services, provider, header)
    header_checks.check_destination(header, services.url(SLO_PATH), signed=by_browser)
    oldest = services.clock() - header_checks.skew_seconds(services, provider)
    if logout_request.not_on_or_after is not None and logout_request.not_on_or_after <= oldest:
        ended = services.clock() - logout_request.not_on_or_after
        raise SamlError(
            names.REQUESTER, names.REQUEST_DENIED,
            f"The LogoutRequest is too old (NotOnOrAfter): it ran out {duration(ended)} ago.", kind="clock",
            fix="Set the clock of the application's server by NTP, or let it give its LogoutRequests five minutes.",
            field="NotOnOrAfter", expected=f"after {instant(oldest)}",
            got=f"{instant(logout_request.not_on_or_after)}, {duration(ended)} ago",
        )  # fmt: skip
    if not replay.spend(services, client.id, header.id, header_checks.lifetime(services, provider, header)):
        raise replay.replayed(header.id, "LogoutRequest")
    return logout_request


def find_sessions(services: Services, client: Client, logout_request: LogoutRequest) -> list[Session]:
    """The live sessions that this very service provider knows by this NameID. Errors: `SamlError`.

    None where they have all ended. Without a SessionIndex: every session of the principal there (Prof §4.4.4.1).
    """
    name_id, now = logout_request.name_id, services.clock()
    named = store.participants_by_name_id(services.db, client.id, name_id.value, now)
    known = [participant for participant in named if is_same_subject(services, client, participant, name_id)]
    if logout_request.session_indexes:
        known = [participant for participant in known if participant.session_index in logout_request.session_indexes]
    if not known:
        raise unknown_principal(services, client, logout_request, named)
    found = (sessions.find_open(services, id) for id in dict.fromkeys(one.session_id for one in known))
    return [session for session in found if session is not None]
