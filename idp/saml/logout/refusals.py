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
        names.RESPONDER, names.PARTIAL_LOGOUT, "Not every application has confirmed the logout.", kind="logout_partial",
        fix="Another application did not confirm: each that did not has an error of its own, in what needs attention "
        "and by doorward explain with its name. Who has no address for a sign-out can never confirm: give it a "
        "SingleLogoutService or backchannel_logout_uri.",
        field="StatusCode", expected=names.SUCCESS, got=names.PARTIAL_LOGOUT,
    )  # fmt: skip


def keep_error(
    services: Services, request: Request, client: Client, error: SamlError, received: Received | None
) -> SamlError:
    """Keep for the admins why a message of this client is answered with an error; answers it with its id."""
    refusal = Refused(
        "saml_logout", error.message, client_id=client.id, detail=error.detail or error.message,
        evidence=evidence(received), explanation=error.explanation, kind=error.kind,
    )  # fmt: skip
    error_id = services.faults.refused(refusal, request=request, cause=error)
    return error.told(error_id, catalogue.url_of(services, error.kind))


def untrusted(
    reason: str, received: Received | None, client: Client | None = None, said: Explanation | None = None
) -> Refused:
    """A logout message that cannot be believed: shown on our page. `client`: whose its Issuer says it is."""
    fix = f"{reason}. Logout messages are signed with a key of its metadata."
    return Refused(
        "saml_logout", N_("The application's sign-out message cannot be trusted."), detail=reason,
        title=N_("You are not signed out yet"), evidence=evidence(received),
        developer="The SAML logout message is refused; the error id tells an admin why.",
        advice=N_("To sign out here, use “Sign out” at the top of any page."),
        client_id=None if client is None else client.id, explanation=said or Explanation("application", fix),
    )  # fmt: skip


def of_signature(reason: str) -> Explanation:
    """A signature that is missing or wrong; a closer look says which key it was."""
    fix = f"{reason}. Logout messages are signed with a key of its metadata, whatever is allowed for sign-in."
    return Explanation("application", fix, "Signature", "a signature by a key of its metadata", reason)
