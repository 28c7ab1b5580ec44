"""Codes that are typed from paper or from the telephone: how they look, and how they are read back.

Crockford's base 32 has no letter that looks like a digit, so a code that was read out or written down by hand works.
"""

from __future__ import annotations

import secrets
import unicodedata

from idp.normal_forms import normal

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans("OIL", "011")
LENGTH = 10
GROUP = 5


def make(first: str = "") -> str:
    """A random code that begins with `first`; each further character holds 5 bits (ASVS 6.5.3)."""
    return first + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - len(first)))


def spaced(code: str) -> str:
    """In two groups, as it is shown."""
    return "-".join(code[at : at + GROUP] for at in range(0, LENGTH, GROUP))


def read(typed: str) -> str:
    """What was typed as a code, or '' where it cannot be one: any case, any dashes and spaces, O for 0, I for 1."""
    plain = normal("NFKC", typed[:64]).upper().translate(_READ_AS)
    plain = "".join(c for c in plain if not (c.isspace() or unicodedata.category(c) == "Pd"))
    return plain if len(plain) == LENGTH and set(plain) <= set(ALPHABET) else ""
