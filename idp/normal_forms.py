"""Unicode's normal forms (Unicode Standard Annex 15), at a price that grows with the text alone.

Marks are put in order by comparing each with those before it, so that a run of them costs the square of its length:
one form of 60,000 marks would hold a process for ten seconds. Nothing that is compared here is nearly that long.
"""

from __future__ import annotations

import unicodedata
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

LONGEST: Final = 2000  # characters that are brought into a form; passwords have 1,024 at most, names 256


def normal(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """The text in a form; what stands behind its first 2,000 characters stays as it came."""
    if text.isascii():
        return text
    return unicodedata.normalize(form, text[:LONGEST]) + text[LONGEST:]


def taken_apart(address: str) -> SplitResult:
    """The parts of an address that anybody sent, of its first 2,000 characters: the library brings hosts into a form.

    Errors: `ValueError`.
    """
    return urlsplit(address[:LONGEST])
