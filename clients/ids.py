"""Ids of clients and secrets: ours to give."""

from __future__ import annotations

import re
import secrets as random
from base64 import b32encode

from clients.errors import InvalidMetadata, Problem


def new_client_id() -> str:
    """'c' and 24 random characters: never a person's id, which begins with 'u' (RFC 9700 §4.15)."""
    return new_id("c")


def own_id(given: str) -> str:
    """An id that another installation of ours gave. Errors: `InvalidMetadata`."""
    if not re.fullmatch(r"c[a-z2-7]{24}", given):
        raise InvalidMetadata(Problem("id", "expected 'c' and 24 letters and digits (a-z, 2-7), or nothing"))
    return given


def new_id(prefix: str) -> str:
    """The prefix and 24 random characters (120 bits)."""
    return prefix + b32encode(random.token_bytes(15)).decode().lower()
