"""The NameID (Core §2.2.3), as a message bears it."""

from __future__ import annotations

from dataclasses import dataclass

from idp.saml.messages import names
from idp.saml.messages.elements import short_text
from idp.saml.messages.xml import Element, text_of


@dataclass(frozen=True, slots=True)
class NameID:
    """Core §2.2.3."""

    value: str
    format: str = names.NAMEID_UNSPECIFIED
    name_qualifier: str | None = None
    sp_name_qualifier: str | None = None


def read_name_id(node: Element) -> NameID:
    """A saml:NameID. Errors: `BadMessage`, `BadXml`."""
    return NameID(
        short_text("NameID", text_of(node).strip()),
        node.get("Format") or names.NAMEID_UNSPECIFIED,
        node.get("NameQualifier") or None,
        node.get("SPNameQualifier") or None,
    )
