"""The LogoutRequest (Core §3.7.1): read, and built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from clients.client import Client
from idp.protocols import Services
from idp.saml.logout.logout_response import new_message
from idp.saml.messages import names
from idp.saml.messages.bindings import BadMessage
from idp.saml.messages.decryption import CannotDecrypt, decrypt_id
from idp.saml.messages.elements import read_instant
from idp.saml.messages.name_id import NameID, read_name_id
from idp.saml.messages.request_header import RequestHeader, read_header
from idp.saml.messages.schema_types import instant
from idp.saml.messages.xml import Element, child, clean_text, text_of
from idp.saml.store import SessionParticipant

LIFETIME: Final = 300.0  # seconds
MAX_INDEXES: Final = 200
_ASYNCHRONOUS: Final = "{urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo}Asynchronous"
_IDENTIFIERS: Final = (f"{{{names.SAML}}}NameID", f"{{{names.SAML}}}EncryptedID", f"{{{names.SAML}}}BaseID")


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """Core §3.7.1. `asynchronous`: the sender wants no answer (Asynchronous Single Logout Extension)."""

    header: RequestHeader
    name_id: NameID
    session_indexes: frozenset[str]
    not_on_or_after: float | None
    asynchronous: bool


def read_logout_request(root: Element, keys: Sequence[Any]) -> LogoutRequest:
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


def make_logout_request(services: Services, destination: str, identified: Mapping[str, Any]) -> Element:
    """A LogoutRequest, unsigned. `identified`: what `identify` gave."""
    now = services.clock()
    message = new_message("LogoutRequest", services.settings.saml_entity_id, now, destination)
    message.set("NotOnOrAfter", instant(now + LIFETIME))
    message.set("Reason", names.LOGOUT_USER)
    qualifiers = {
        name: identified[key]
        for name, key in (("Format", "format"), ("NameQualifier", "name_qualifier"),
                          ("SPNameQualifier", "sp_name_qualifier"))
        if identified[key]
    }  # fmt: skip
    child(message, names.SAML, "NameID", qualifiers, clean_text(identified["name_id"]))
    child(message, names.SAMLP, "SessionIndex", None, identified["session_index"])
    return message


def identify(participant: SessionParticipant) -> dict[str, Any]:
    """What a LogoutRequest must repeat of the assertion, as the queue and a hop carry it."""
    return {
        "name_id": participant.name_id,
        "format": participant.format,
        "name_qualifier": participant.name_qualifier,
        "sp_name_qualifier": participant.sp_name_qualifier,
        "session_index": participant.session_index,
    }


def is_same_subject(services: Services, client: Client, participant: SessionParticipant, name_id: NameID) -> bool:
    """Whether a NameID is the assertion's (Core §3.3.4): qualifiers may be left out, not be others (§8.3.7)."""
    if name_id.value != participant.name_id or name_id.format not in (participant.format, names.NAMEID_UNSPECIFIED):
        return False
    own = "" if client.saml is None else client.saml.entity_id
    return name_id.name_qualifier in (None, participant.name_qualifier or services.settings.saml_entity_id) and (
        name_id.sp_name_qualifier in (None, participant.sp_name_qualifier or own)
    )
