"""The short code that a device shows and a person types (RFC 8628 §6.1): easy to read out, forgiving to type."""

from __future__ import annotations

import secrets
from typing import Final

from idp.ids import digest
from idp.normal_forms import normal

#: No vowels, so that no words come of it, no digits, and no letters that are taken for another: RFC 8628 §6.1.
ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH: Final = 8  # 34.5 bits: with the tries that `idp.portal.device` lets through, guessing is hopeless (§5.1)
#: Letters of other keyboards that look the same (Cyrillic and Greek capitals).
_TWINS: Final = str.maketrans("ВСНКМРТХΒΗΚΜΝΡΤΧΖ", "BCHKMPTXBHKMNPTXZ")


def new() -> str:
    """One that nobody could have foreseen, without its hyphen."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown(code: str) -> str:
    """In two halves, as it is read."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def read(typed: str) -> str:
    """The code that somebody typed, whatever stands between its letters; '' where it cannot be one."""
    letters = [one for one in normal("NFKC", typed[:100]).upper().translate(_TWINS) if one.isalnum()]
    code = "".join(letters)
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else ""


def key(code: str) -> str:
    """Under which State finds the request of a code."""
    return f"user-code:{digest(code)}"
