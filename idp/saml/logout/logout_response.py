"""The LogoutResponse (Core §3.7.2): read, and built; and what both messages of a logout begin with."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from clients.service_provider import ServiceProvider
from idp.errors import SamlError
from idp.protocols import Services
from idp.saml import provider_keys
from idp.saml.messages import names
from idp.saml.messages.bindings import BadMessage
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signing import sign
from idp.saml.messages.xml import Element, child, clean_text, element


@dataclass(frozen=True, slots=True)
class LogoutStatus:
    """What a LogoutResponse says."""

    in_response_to: str
    destination: str | None
    success: bool
    code: str


def read_logout_response(root: Element) -> LogoutStatus:
    """A samlp:LogoutResponse whose signature was checked. Errors: `BadMessage`, `BadXml`."""
    if root.tag != f"{{{names.SAMLP}}}LogoutResponse":
        raise BadMessage("expected a LogoutResponse")
    code = root.find(f"{{{names.SAMLP}}}Status/{{{names.SAMLP}}}StatusCode")
    value = "" if code is None else code.get("Value", "")
    # Success with a status inside, such as PartialLogout, is none for us.
    success = code is not None and value == names.SUCCESS and len(code) == 0
    return LogoutStatus(root.get("InResponseTo") or "", root.get("Destination") or None, success, value[:100])


def make_logout_response(
    services: Services, destination: str | None, in_response_to: str | None, problem: SamlError | None
) -> Element:
    """A LogoutResponse, unsigned."""
    message = new_message("LogoutResponse", services.settings.saml_entity_id, services.clock(), destination)
    if in_response_to:
        message.set("InResponseTo", in_response_to)
    status = child(message, names.SAMLP, "Status")
    if problem is None:
        child(status, names.SAMLP, "StatusCode", {"Value": names.SUCCESS})
        return message
    code = child(status, names.SAMLP, "StatusCode", {"Value": problem.status})
    if problem.substatus is not None:
        child(code, names.SAMLP, "StatusCode", {"Value": problem.substatus})
    child(status, names.SAMLP, "StatusMessage", None, clean_text(problem.message))
    return message


def signed(services: Services, provider: ServiceProvider, message: Element) -> Element:
    """A message of a logout with an enveloped signature that the service provider reads (HTTP-POST and SOAP)."""
    sign(message, provider_keys.signer(services, provider), digest=provider_keys.digest(services, provider))
    return message


def new_message(name: str, issuer: str, now: float, destination: str | None) -> Element:
    """A message of ours with ID, IssueInstant and Issuer."""
    about = {"ID": "_" + secrets.token_hex(16), "Version": "2.0", "IssueInstant": instant(now)}
    if destination is not None:
        about["Destination"] = destination
    message = element(names.SAMLP, name, about)
    child(message, names.SAML, "Issuer", None, issuer)
    return message
