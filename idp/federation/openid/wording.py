"""What a refusal of another provider is about, by its error code and its words: for the text that an admin reads alone.

Providers say the same in many ways: one answers invalid_client for an address that it does not know. Nothing is decided
by it.
"""

from __future__ import annotations

import re
from typing import Final

REDIRECT_URI, CONSENT, SECRET = "redirect_uri", "consent", "secret"
#: Entra's numbers (learn.microsoft.com, “Microsoft Entra authentication and authorization error codes”).
_ENTRA: Final = {
    "50011": REDIRECT_URI, "500112": REDIRECT_URI, "500113": REDIRECT_URI, "900971": REDIRECT_URI,
    "7000215": SECRET, "7000222": SECRET, "7000218": SECRET,
    "65001": CONSENT, "65004": CONSENT, "90094": CONSENT, "90095": CONSENT,
}  # fmt: skip
_CODES: Final = {
    "redirect_uri_mismatch": REDIRECT_URI, "invalid_redirect_uri": REDIRECT_URI, "consent_required": CONSENT,
    "interaction_required": "", "incorrect_client_credentials": SECRET,
}  # fmt: skip
_ADDRESS: Final = re.compile(r"redirect[ _-]?ur[il]|(?:reply|callback|return) (?:address|ur[il])")
#: RFC 6749 §5.2: one sentence for a bad code and a bad address tells nothing of either.
_EITHER: Final = re.compile(r"\bcode\b.*\bor\b|\bor\b.*\bcode\b")
_MOST: Final = 300  # characters that are looked at


def about(error: str, told: str) -> str:
    """One of the three, or '' where it says nothing of them. `told`: its error_description."""
    number = re.match(r"AADSTS(\d{1,8})", told)
    if number and number[1] in _ENTRA:
        return _ENTRA[number[1]]
    if error in _CODES:
        return _CODES[error]
    words = told[:_MOST].lower()
    if "redirect_uri" in error or (_ADDRESS.search(words) and not _EITHER.search(words)):
        return REDIRECT_URI
    if "consent" in words:
        return CONSENT
    if "secret" in words and re.search(r"expire|invalid|incorrect|wrong|mismatch|match", words):
        return SECRET
    return ""
