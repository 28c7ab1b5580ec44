"""First and last name out of a full name, where hardly anybody could read it differently.

Applications show or demand the parts (Keycloak as broker asks people for them). Names have no rule that holds for all,
so only two words, or "Last, First", are taken apart, when an admin adds somebody: stored, shown and corrected like
what was typed. Where an admin corrects the full name, parts that are still those of the old one follow it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from idp.normal_forms import normal

#: Scripts of languages in which the given name stands first as a rule.
_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "GEORGIAN", "HEBREW", "ARABIC")
_MARKS = "-'’"


def split(name: str) -> dict[str, str]:
    """`given_name` and `family_name`; empty where it is not safe to say."""
    last, comma, first = (part.strip() for part in name.partition(","))
    if comma:
        return _named(first, last) if _is_plain(first) and all(map(_is_plain, re.split(r"\s+", last))) else {}
    words = name.split()
    # A small letter begins no given name ("van Dyck"); a dot ends an initial or a title ("Dr. Miller").
    if len(words) != 2 or words[0][:1].islower() or not all(map(_is_plain, words)):
        return {}
    return _named(*words)


def completed(name: str, claims: Mapping[str, Any]) -> dict[str, Any]:
    """The claims with the parts of the name, where neither of them is given."""
    given = "given_name" in claims or "family_name" in claims
    return dict(claims) if given else {**split(name), **claims}


def _named(first: str, last: str) -> dict[str, str]:
    return {"given_name": first, "family_name": last}


def _is_plain(word: str) -> bool:
    letters = [c for c in normal("NFC", word) if c not in _MARKS]
    return len(letters) > 1 and all(
        (c.isalpha() and unicodedata.name(c, "").startswith(_SCRIPTS)) or unicodedata.combining(c) for c in letters
    )
