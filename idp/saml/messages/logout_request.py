"""The LogoutRequest (Core §3.7.1), as a message bears it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from idp.saml.messages import names
from idp.saml.messages.bindings import BadMessage
from idp.saml.messages.decryption import CannotDecrypt, decrypt_id
from idp.saml.messages.elements import read_instant
from idp.saml.messages.name_id import NameID, read_name_id
from idp.saml.messages.request_header import RequestHeader, read_header
from idp.saml.messages.xml import Element, text_of

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
