"""Parts of a message as plain values, read strictly: what stands there twice, or is no number, is `BadMessage`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from idp.saml.messages.bindings import BadMessage
from idp.saml.messages.schema_types import parse_datetime
from idp.saml.messages.xml import Element

MAX_TEXT: Final = 1024  # characters of an ID, entityID or NameID; the profiles ask for 256
_BOOLEANS: Final = {None: None, "true": True, "1": True, "false": False, "0": False}


def all_children(parent: Element, ns: str, name: str) -> Iterator[Element]:
    """The children of this name, in their order."""
    return parent.iterchildren(f"{{{ns}}}{name}")


def only_child(parent: Element, ns: str, name: str) -> Element | None:
    """The only child of this name. Two are a trap: readers differ in which one they take. Errors: `BadMessage`."""
    found = list(all_children(parent, ns, name))
    if len(found) > 1:
        raise BadMessage(f"{name} is there twice")
    return found[0] if found else None


def boolean(node: Element, name: str) -> bool | None:
    """An xs:boolean attribute; None where it is not there. Errors: `BadMessage`."""
    value = node.get(name)
    if value not in _BOOLEANS:
        raise BadMessage(f"{name} must be true, false, 1 or 0")
    return _BOOLEANS[value]


def unsigned_short(node: Element, name: str) -> int | None:
    """An xs:unsignedShort attribute; None where it is not there. Errors: `BadMessage`."""
    value = node.get(name)
    if value is None:
        return None
    if not re.fullmatch(r"\d{1,5}", value, re.ASCII) or int(value) > 65535:
        raise BadMessage(f"{name} must be a number from 0 to 65535")
    return int(value)


def short_text(name: str, text: str) -> str:
    """A text that is neither empty nor long. Errors: `BadMessage`."""
    if not 0 < len(text) <= MAX_TEXT:
        raise BadMessage(f"{name} must have 1 to {MAX_TEXT} characters")
    return text


def read_instant(name: str, text: str | None) -> float | None:
    """An xs:dateTime in epoch seconds; None where it is not there. Errors: `BadMessage`."""
    try:
        return None if text is None else parse_datetime(text)
    except ValueError:
        raise BadMessage(f"{name} is not a moment such as 2026-01-31T12:00:00Z") from None
