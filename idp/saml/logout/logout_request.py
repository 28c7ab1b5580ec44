"""The LogoutRequest (Core §3.7.1): built, and compared with what an assertion said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clients.client import Client
from idp.protocols import Services
from idp.saml.logout.logout_response import new_message
from idp.saml.messages import names
from idp.saml.messages.name_id import NameID
from idp.saml.messages.schema_types import instant
from idp.saml.messages.xml import Element, child, clean_text
from idp.saml.store import SessionParticipant

LIFETIME: Final = 300.0  # seconds


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
