"""What cannot be trusted or fulfilled of a logout: shown, or kept for the admins and told to the sender."""

from __future__ import annotations

from clients.client import Client
from idp import catalogue
from idp.errors import Explanation, Refused, SamlError
from idp.protocols import Services
from idp.saml.evidence import evidence
from idp.saml.messages import names
from idp.saml.messages.bindings import Received
from idp.texts import N_
from idp.wire import Request


def partial_logout() -> SamlError:
    """Prof §4.4.3.5: somebody did not confirm."""
    return SamlError(
        names.RESPONDER, names.PARTIAL_LOGOUT, "Not every application has confirmed the logout.", kind="logout_partial"
    )


def keep_error(services: Services, request: Request, client: Client, error: SamlError, received: Received) -> SamlError:
    """Keep for the admins why a message of this client is answered with an error; answers it with its id."""
    refusal = Refused(
        "saml_logout", error.message, client_id=client.id, detail=error.detail or error.message,
        evidence=evidence(received), explanation=error.explanation, kind=error.kind,
    )  # fmt: skip
    error_id = services.faults.refused(refusal, request=request, cause=error)
    return error.told(error_id, catalogue.url_of(services, error.kind))


def untrusted(reason: str, received: Received | None) -> Refused:
    """A logout message that cannot be believed: shown on our page."""
    return Refused(
        "saml_logout", N_("The application's sign-out message cannot be trusted."), detail=reason,
        title=N_("You are not signed out yet"), evidence=evidence(received),
        developer="The SAML logout message is refused; the error id tells an admin why.",
        advice=N_("To sign out here, use “Sign out” at the top of any page."),
        explanation=Explanation("application", f"{reason}. Logout messages are signed with a key of its metadata."),
    )  # fmt: skip
