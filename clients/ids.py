"""Ids of clients and secrets: ours to give."""

from __future__ import annotations

import re
import secrets as random
from base64 import b32encode

from clients.errors import InvalidMetadata, Problem


def new_client_id() -> str:
    """'c' and 24 random characters: never a person's id, which begins with 'u' (RFC 9700 §4.15)."""
    return new_id("c")


#: What an id may look like that the application had elsewhere; `_A_PERSONS` never (RFC 9700 §4.15: nobody takes the
#: tokens of an application for those of a person), nor a word that stands in its place in an address of ours.
_CARRIED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_A_PERSONS = re.compile(r"u[a-z2-7]{26}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{64}")
_TAKEN = ("new",)


def own_id(given: str) -> str:
    """An id that another installation of ours, or another product, gave. Errors: `InvalidMetadata`."""
    if not _CARRIED.fullmatch(given) or given.lower() in _TAKEN:
        raise InvalidMetadata(Problem("id", "expected 1 to 128 letters, digits, dots, hyphens and underscores"))
    if _A_PERSONS.fullmatch(given):
        raise InvalidMetadata(Problem("id", "it has the form of a person's id: take another one"))
    return given


def new_id(prefix: str) -> str:
    """The prefix and 24 random characters (120 bits)."""
    return prefix + b32encode(random.token_bytes(15)).decode().lower()
