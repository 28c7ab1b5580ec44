"""What whoever holds a sealed text can read in it."""

from __future__ import annotations

import base64
import re

#: A JSON Web Token, or the beginning of one. "eyJ" alone is in one random text of some thousand characters in 300.
JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}")


def readable(sealed: str) -> str:
    """The text as it is and what base64 makes of it, in small letters.

    Look in it for words of eight letters and more: a sealed text is random, and "ann" is in one of some hundred.
    """
    found = [sealed]
    for run in re.findall(r"[A-Za-z0-9_+/-]{4,}", sealed):
        whole = run.replace("-", "+").replace("_", "/")
        found += [base64.b64decode(whole[at:] + "A" * (-(len(whole) - at) % 4)).decode("latin-1") for at in range(4)]
    return "\n".join(found).lower()
