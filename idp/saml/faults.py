"""SOAP faults that a program is told, each with the id under which an admin reads more (N24)."""

from __future__ import annotations

from dataclasses import replace

from idp import catalogue
from idp.errors import Explanation, Refused
from idp.protocols import Services
from idp.saml.messages import soap
from idp.wire import Raw, Request


def fault(
    services: Services, request: Request, text: str, *, code: str = "Client", refusal: Refused | None = None,
    cause: BaseException | None = None, client_id: str | None = None, status: int = 500,
) -> Raw:  # fmt: skip
    """Record a refusal, and answer it as a SOAP fault. Without a `refusal` of its own, the text says all there is."""
    said = refusal or Refused(
        "saml_soap", text, client_id=client_id, detail=text, explanation=Explanation("application", text)
    )
    error_id = services.faults.refused(said, request=request, cause=cause)
    return replace(
        soap.soap_fault(code, f"{text} {catalogue.url_of(services, said.kind)} (Error {error_id})"),
        status=status,
    )


def not_soap(services: Services, request: Request) -> Raw:
    """The answer to a request of another media type."""
    return fault(services, request, "Send a SOAP envelope as text/xml.", status=415)
