"""How an answer leaves: by the binding of the assertion consumer service, each request once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from clients.client import Client
from idp.errors import Explanation, Refused, SamlError
from idp.ids import digest
from idp.protocols import Services
from idp.saml.assertions import issuing
from idp.saml.messages import bindings, names
from idp.saml.messages.xml import Element
from idp.saml.sign_on import artifact
from idp.saml.sign_on.destination import get_trusted
from idp.saml.sign_on.pending_authn_request import OPEN_FOR, Asked
from idp.wire import Request, Response

#: Sends a Response, of a session ("" of none), to where it was asked for.
Send = Callable[[Services, Client, Asked, Element, str], Response]


def _by_post(services: Services, client: Client, asked: Asked, message: Element, session_id: str) -> Response:
    return bindings.encode_post(asked.acs, "SAMLResponse", message, asked.relay_state, app_name=client.name)


def _by_artifact(services: Services, client: Client, asked: Asked, message: Element, session_id: str) -> Response:
    return artifact.issue(services, client, asked.acs, message, asked.relay_state, session_id)


#: The bindings that we answer by, and how. Prof §4.1.2: never HTTP-Redirect.
SEND: Final[Mapping[str, Send]] = {names.HTTP_POST: _by_post, names.HTTP_ARTIFACT: _by_artifact}


def send(services: Services, client: Client, asked: Asked, message: Element, session_id: str = "") -> Response:
    """Hand a Response to the browser. `session_id`: of the session that an assertion speaks of."""
    return SEND[asked.binding](services, client, asked, message, session_id)


def deliver_error(
    services: Services, request: Request, asked: Asked, error: SamlError, *, evidence: str = "",
    person_id: str | None = None,
) -> Response:  # fmt: skip
    """A message that was refused: kept under an id for the admins, which the service provider is told as well."""
    refusal = Refused(
        "saml_" + (error.substatus or error.status).rpartition(":")[2].lower(), error.message,
        client_id=asked.client_id, detail=error.detail or error.message, evidence=evidence,
        explanation=Explanation("application", error.fix or error.message),
    )  # fmt: skip
    error_id = services.faults.refused(refusal, request=request, person_id=person_id, cause=error)
    told = SamlError(error.status, error.substatus, f"{error.message} (Error {error_id})", detail=error.detail)
    return send_error(services, request, asked, told)


def send_error(services: Services, request: Request, asked: Asked, error: SamlError) -> Response:
    """A Response with a status and no assertion, logged and not recorded: NoPassive is no news."""
    client, _ = get_trusted(services, asked)
    services.log.info(
        "saml_error", client_id=client.id, status=error.status, substatus=error.substatus,
        detail=error.detail or error.message, request_id=request.id,
    )  # fmt: skip
    return send(services, client, asked, issuing.refuse(services, client, asked.acs, asked.request_id, error))


# -- each request once -----------------------------------------------------------------------------------------------


def check_unspent(services: Services, asked: Asked) -> None:
    """Early word to somebody who would sign in for nothing. Errors: `SamlError`."""
    if services.state.get(_key(asked)) is not None:
        raise _replayed()


def spend(services: Services, asked: Asked) -> None:
    """A request is answered with an assertion once, however many browsers bring it. Errors: `SamlError`."""
    # A page of ours may be begun anew for a day and lie open for another, long after the message itself is too old.
    ttl = max(asked.spent_for, asked.at + 2 * OPEN_FOR - services.clock())
    if asked.request_id is not None and not services.state.add(_key(asked), 1, ttl):
        raise _replayed()


def _key(asked: Asked) -> str:
    return "saml:spent:" + digest(f"{asked.client_id}\n{asked.request_id}")


def _replayed() -> SamlError:
    return SamlError(
        names.REQUESTER, names.REQUEST_DENIED, "This request was answered already.", detail="its ID was used before",
        fix="Every AuthnRequest needs a new ID. A person who used Back or a copied address starts again.",
    )  # fmt: skip
