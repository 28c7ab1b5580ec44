"""How an answer leaves: what it is to say, by the binding of the assertion consumer service, each request once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from clients.client import Client
from idp import catalogue
from idp.errors import Refused, SamlError
from idp.login.flow import Flow
from idp.protocols import Services
from idp.saml import replay
from idp.saml.assertions import issuing
from idp.saml.assertions.issuing import AssertionSpec
from idp.saml.messages import http_post, names
from idp.saml.messages.xml import Element
from idp.saml.sign_on import artifact
from idp.saml.sign_on.destination import get_trusted
from idp.saml.sign_on.pending_authn_request import OPEN_FOR, PendingAuthnRequest
from idp.wire import Request, Response

#: Sends a Response, of a session ("" of none), to where it was asked for.
Send = Callable[[Services, Client, PendingAuthnRequest, Element, str], Response]


def _by_post(
    services: Services, client: Client, pending: PendingAuthnRequest, message: Element, session_id: str
) -> Response:
    return http_post.encode_post(pending.acs, "SAMLResponse", message, pending.relay_state, app_name=client.name)


#: The bindings that we answer by, and how. Prof §4.1.2: never HTTP-Redirect.
SEND: Final[Mapping[str, Send]] = {names.HTTP_POST: _by_post, names.HTTP_ARTIFACT: artifact.issue}


def send(
    services: Services, client: Client, pending: PendingAuthnRequest, message: Element, session_id: str = ""
) -> Response:
    """Hand a Response to the browser. `session_id`: of the session that an assertion speaks of."""
    return SEND[pending.binding](services, client, pending, message, session_id)


def assertion_spec(client: Client, flow: Flow, pending: PendingAuthnRequest, *, consent: str) -> AssertionSpec:
    """What the assertion is to be that answers a request. `consent`: how it was given, where the client asks for it."""
    explicit = client.consent == "explicit"
    return AssertionSpec(
        destination=pending.acs,
        in_response_to=pending.request_id,
        name_id_formats=(pending.name_id_format, *pending.other_formats),
        may_create=pending.may_create,
        encrypt_name_id=pending.encrypt_name_id,
        classes=pending.classes,
        service_index=pending.service_index,
        not_on_or_after=pending.not_on_or_after,
        scopes=frozenset(flow.scopes) if explicit else None,
        consent=consent if explicit and flow.scopes else None,
    )


def deliver_error(
    services: Services, request: Request, pending: PendingAuthnRequest, error: SamlError, person_id: str | None = None
) -> Response:
    """A request that is refused: an error Response, under whose id the admins find what happened."""
    with_id = record_error(services, request, pending.client_id, error, person_id)
    return send_error(services, request, pending, with_id)


def record_error(
    services: Services, request: Request, client_id: str, error: SamlError, person_id: str | None = None
) -> SamlError:
    """Keep a refusal for the admins; answers it with its id, which the service provider is told as well."""
    refusal = Refused(
        "saml_" + (error.substatus or error.status).rpartition(":")[2].lower(), error.message,
        client_id=client_id, detail=error.detail or error.message, evidence=error.evidence,
        explanation=error.explanation, kind=error.kind,
    )  # fmt: skip
    error_id = services.faults.refused(refusal, request=request, person_id=person_id, cause=error)
    return error.told(error_id, catalogue.url_of(services, error.kind))


def send_error(services: Services, request: Request, pending: PendingAuthnRequest, error: SamlError) -> Response:
    """A Response with a status and no assertion, logged and not recorded: NoPassive is no news."""
    client, _ = get_trusted(services, pending)
    services.log.info(
        "saml_error", client_id=client.id, status=error.status, substatus=error.substatus,
        detail=error.detail or error.message, request_id=request.id,
    )  # fmt: skip
    return send(services, client, pending, issuing.refuse(services, client, pending.acs, pending.request_id, error))


# -- each request once -----------------------------------------------------------------------------------------------


def check_unspent(services: Services, pending: PendingAuthnRequest) -> None:
    """Early word to somebody who would sign in for nothing. Errors: `SamlError`."""
    if replay.is_spent(services, pending.client_id, pending.request_id):
        raise replay.replayed(pending.request_id)


def spend(services: Services, pending: PendingAuthnRequest, session_id: str = "") -> None:
    """A request is answered with an assertion once, however many browsers bring it. Errors: `SamlError`."""
    # A page of ours may be begun anew for a day and lie open for another, long after the message itself is too old.
    seconds = max(pending.spent_for, pending.at + 2 * OPEN_FOR - services.clock())
    request_id = pending.request_id
    if request_id is not None and not replay.spend(services, pending.client_id, request_id, seconds, session_id):
        raise replay.replayed(pending.request_id)


def was_answered_to(services: Services, pending: PendingAuthnRequest, session_id: str) -> bool:
    """Whether this very session has had the answer, and a page may say so: Back, a reload, a tab that was restored."""
    return not pending.passive and replay.is_spent_by(services, pending.client_id, pending.request_id, session_id)
