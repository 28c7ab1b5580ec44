"""What every request begins with (Core §3.2.1): ID, Version, IssueInstant, Issuer, Destination."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from idp.saml.messages import names
from idp.saml.messages.bindings import BadMessage
from idp.saml.messages.elements import MAX_TEXT, only_child, read_instant, short_text
from idp.saml.messages.xml import Element, text_of

# xs:ID is an NCName; our InResponseTo repeats it and must be one as well.
_NCNAME: Final = re.compile(r"[^\W\d][\w.\-·]*")


@dataclass(frozen=True, slots=True)
class RequestHeader:
    """Core §3.2.1. `issue_instant` in epoch seconds."""

    id: str
    version: str
    issue_instant: float
    issuer: str
    destination: str | None


def read_issuer(root: Element) -> str:
    """The entityID that a message bears. Errors: `BadMessage`, `BadXml`."""
    issuer = only_child(root, names.SAML, "Issuer")
    if issuer is None:
        raise BadMessage("the message has no Issuer")
    # Prof §4.1.4.1: the Format is left out or "entity".
    if issuer.get("Format", names.NAMEID_ENTITY) != names.NAMEID_ENTITY:
        raise BadMessage("the Issuer's Format must be entity, or left out")
    return short_text("Issuer", text_of(issuer).strip())


def read_header(root: Element) -> RequestHeader:
    """What every request has. Errors: `BadMessage`, `BadXml`."""
    identifier = root.get("ID") or ""
    if len(identifier) > MAX_TEXT or not _NCNAME.fullmatch(identifier):
        raise BadMessage("ID must begin with a letter or an underscore (xs:ID), and have no spaces or colons")
    instant = read_instant("IssueInstant", root.get("IssueInstant"))
    if instant is None:
        raise BadMessage("the message has no IssueInstant")
    return RequestHeader(
        identifier, root.get("Version", ""), instant, read_issuer(root), root.get("Destination") or None
    )
