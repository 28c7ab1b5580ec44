"""LogoutRequest and LogoutResponse (Core §3.7): read and built."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from clients.client import Client
from clients.service_provider import ServiceProvider
from idp.errors import SamlError
from idp.protocols import Services
from idp.saml import provider_keys
from idp.saml.assertions.response import instant
from idp.saml.messages import names
from idp.saml.messages.authn_request import BadMessage, Header, NameID, read_header, read_instant, read_name_id
from idp.saml.messages.signatures import CannotDecrypt, decrypt_id
from idp.saml.messages.signing import sign
from idp.saml.messages.xml import Element, child, clean_text, element, text_of
from idp.saml.store import Told

LIFETIME: Final = 300.0  # seconds
MAX_INDEXES: Final = 200
_ASYNCHRONOUS: Final = "{urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo}Asynchronous"


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """Core §3.7.1. `asynchronous`: the sender wants no answer (Asynchronous Single Logout Extension)."""

    header: Header
    name_id: NameID
    session_indexes: frozenset[str]
    not_on_or_after: float | None
    asynchronous: bool


@dataclass(frozen=True, slots=True)
class LogoutStatus:
    """What a LogoutResponse says."""

    in_response_to: str
    destination: str | None
    success: bool
    code: str


def read_request(root: Element, keys: Sequence[Any]) -> LogoutRequest:
    """A samlp:LogoutRequest whose signature was checked. Errors: `BadMessage`, `BadXml`."""
    if root.tag != f"{{{names.SAMLP}}}LogoutRequest":
        raise BadMessage("expected a LogoutRequest")
    named = [node for node in root if node.tag in _IDENTIFIERS]
    if len(named) != 1:
        raise BadMessage("a LogoutRequest names exactly one principal")
    node = named[0]
    if node.tag == _IDENTIFIERS[1]:
        try:
            node = decrypt_id(node, keys)
        except CannotDecrypt:
            raise BadMessage("the EncryptedID cannot be decrypted") from None
    indexes = [text_of(one).strip() for one in root.iterchildren(f"{{{names.SAMLP}}}SessionIndex")]
    if len(indexes) > MAX_INDEXES:
        raise BadMessage(f"more than {MAX_INDEXES} SessionIndexes")
    extensions = root.find(f"{{{names.SAMLP}}}Extensions")
    return LogoutRequest(
        header=read_header(root),
        name_id=read_name_id(node),
        session_indexes=frozenset(indexes),
        not_on_or_after=read_instant("NotOnOrAfter", root.get("NotOnOrAfter")),
        asynchronous=extensions is not None and extensions.find(_ASYNCHRONOUS) is not None,
    )


_IDENTIFIERS: Final = (f"{{{names.SAML}}}NameID", f"{{{names.SAML}}}EncryptedID", f"{{{names.SAML}}}BaseID")


def read_response(root: Element) -> LogoutStatus:
    """A samlp:LogoutResponse whose signature was checked. Errors: `BadMessage`, `BadXml`."""
    if root.tag != f"{{{names.SAMLP}}}LogoutResponse":
        raise BadMessage("expected a LogoutResponse")
    code = root.find(f"{{{names.SAMLP}}}Status/{{{names.SAMLP}}}StatusCode")
    value = "" if code is None else code.get("Value", "")
    # Success with a status inside, such as PartialLogout, is none for us.
    success = code is not None and value == names.SUCCESS and len(code) == 0
    return LogoutStatus(root.get("InResponseTo") or "", root.get("Destination") or None, success, value[:100])


def request(about: tuple[str, float], destination: str, told: Mapping[str, Any]) -> Element:
    """A LogoutRequest, unsigned. `about`: our entityID and the time; `told`: what `named` gave."""
    issuer, now = about
    message = _message("LogoutRequest", issuer, now, destination)
    message.set("NotOnOrAfter", instant(now + LIFETIME))
    message.set("Reason", names.LOGOUT_USER)
    qualifiers = {
        name: told[key]
        for name, key in (("Format", "format"), ("NameQualifier", "name_qualifier"),
                          ("SPNameQualifier", "sp_name_qualifier"))
        if told[key]
    }  # fmt: skip
    child(message, names.SAML, "NameID", qualifiers, clean_text(told["name_id"]))
    child(message, names.SAMLP, "SessionIndex", None, told["session_index"])
    return message


def response(
    about: tuple[str, float], destination: str | None, in_response_to: str | None, problem: SamlError | None
) -> Element:
    """A LogoutResponse, unsigned."""
    issuer, now = about
    message = _message("LogoutResponse", issuer, now, destination)
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
    """The same with an enveloped signature that the service provider reads (HTTP-POST and SOAP)."""
    sign(message, provider_keys.signer(services, provider), digest=provider_keys.digest(services, provider))
    return message


def named(told: Told) -> dict[str, Any]:
    """What a LogoutRequest must repeat of an assertion."""
    return {
        "name_id": told.name_id,
        "format": told.format,
        "name_qualifier": told.name_qualifier,
        "sp_name_qualifier": told.sp_name_qualifier,
        "session_index": told.session_index,
    }


def is_same(services: Services, client: Client, told: Told, name_id: NameID) -> bool:
    """Whether a NameID is the one that was told (Core §3.3.4): qualifiers may be left out, not be others (§8.3.7)."""
    if name_id.value != told.name_id or name_id.format not in (told.format, names.NAMEID_UNSPECIFIED):
        return False
    own = "" if client.saml is None else client.saml.entity_id
    return name_id.name_qualifier in (None, told.name_qualifier or services.settings.saml_entity_id) and (
        name_id.sp_name_qualifier in (None, told.sp_name_qualifier or own)
    )


def _message(name: str, issuer: str, now: float, destination: str | None) -> Element:
    about = {"ID": "_" + secrets.token_hex(16), "Version": "2.0", "IssueInstant": instant(now)}
    if destination is not None:
        about["Destination"] = destination
    message = element(names.SAMLP, name, about)
    child(message, names.SAML, "Issuer", None, issuer)
    return message
