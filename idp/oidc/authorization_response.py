"""The authorization response: a code or an error, back to the client (RFC 6749 §4.1.2)."""

from __future__ import annotations

from functools import partial

from clients.client import Client
from idp import catalogue
from idp.errors import OAuthError, Refused
from idp.oidc import encryption, tokens, untrusted
from idp.oidc.destination import Destination
from idp.oidc.response_modes import RESPONSE_MODES
from idp.oidc.response_modes.jarm import LIFETIME
from idp.oidc.response_modes.sending import Answer
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Redirect, Request, Response


def deliver_error(
    services: Services, request: Request, destination: Destination, error: OAuthError, *, pressed: bool = False,
    person_id: str | None = None,
) -> Response:  # fmt: skip
    """RFC 6749 §4.1.2.1. `pressed`: on a page of ours that said where it leads. `person_id`: whom it is about, for the
    record. Errors: `Refused`.
    """
    error_id = services.faults.told(
        error, request=request, client_id=destination.client.id, person_id=person_id, name="authorization_error"
    )
    told = error.parameters(error_id, catalogue.url_of(services, error.kind))
    answer = deliver(services, request, destination, [*told.items()])
    if pressed or not untrusted.is_untrusted(services, request, destination.client):
        return answer
    raise untrusted.held(destination, error, answer.location if isinstance(answer, Redirect) else "")


def deliver(
    services: Services, request: Request, destination: Destination, parameters: list[tuple[str, str]]
) -> Response:
    """Send the browser back with an answer, always with `iss` (RFC 9207 §2) and the byte-exact state."""
    if destination.state is not None:
        parameters.append(("state", destination.state))
    parameters.append(("iss", services.issuer))
    client = destination.client
    answer = Answer(
        destination.redirect_uri, parameters, client.name, request.method == "POST", partial(_sign, services, client)
    )  # fmt: skip
    return RESPONSE_MODES[destination.response_mode](answer)


def _sign(services: Services, client: Client, parameters: list[tuple[str, str]]) -> str:
    """JARM §2.1: the parameters as claims beside iss, aud and exp."""
    claims = {**dict(parameters), "iss": services.issuer, "aud": client.id, "exp": int(services.clock()) + LIFETIME}
    signed = tokens.signer(services, client, client.oidc.authorization_signed_response_alg).sign_jwt(claims, "JWT")
    try:
        return encryption.sealed(services, client, "authorization", signed)
    except OAuthError as error:  # in clear it would go through the browser, against what the client is registered for
        raise Refused(
            "answer_not_encrypted", N_("The answer for %(app)s cannot be encrypted.", app=client.name),
            developer=error.description, client_id=client.id, detail=error.detail, kind="encryption_key",
            explanation=error.explanation,
        ) from None  # fmt: skip
