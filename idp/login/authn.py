"""How somebody proved who they are: one table for `amr`, `acr` and (SAML) AuthnContextClassRef.

A session keeps our own names of what was shown; what applications are told is derived here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PASSWORD = "pwd"
TOTP = "totp"
SECURITY_KEY = "webauthn"  # presence was shown
PASSKEY = "passkey"  # WebAuthn with user verification: something had, and something known or been
EMAIL = "email"
SMS = "sms"
BACKUP = "backup"
ADMIN_CODE = "admin"


@dataclass(frozen=True, slots=True)
class Method:
    """One way of proving. `amr`: RFC 8176 §2; `factors`: what it shows (NIST SP 800-63B-4 §2)."""

    amr: tuple[str, ...]
    factors: frozenset[str]
    resists_phishing: bool = False


_KNOWN, _HAD = frozenset({"known"}), frozenset({"had"})

METHODS: dict[str, Method] = {
    PASSWORD: Method(("pwd",), _KNOWN),
    TOTP: Method(("otp",), _HAD),
    SECURITY_KEY: Method(("pop",), _HAD, resists_phishing=True),
    PASSKEY: Method(("pop", "user"), frozenset({"had", "verified"}), resists_phishing=True),
    # NIST SP 800-63B-4 §3.1.3.1: e-mail proves no possession; it lets in where policy says so, and claims nothing.
    EMAIL: Method(("otp",), frozenset()),
    SMS: Method(("sms",), _HAD),
    BACKUP: Method(("otp",), _HAD),
    # Whoever talked the help desk into a code has not shown a factor: it lets in, and claims nothing.
    ADMIN_CODE: Method(("otp",), frozenset()),
}

MFA = "https://refeds.org/profile/mfa"
PHISHING_RESISTANT = "phr"
#: Authentication context classes, weakest first. `phr`: OpenID Connect EAP ACR Values §2.
SUPPORTED_ACR: tuple[str, ...] = (
    "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
    "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
    "http://schemas.microsoft.com/claims/multipleauthn",
    MFA,
    PHISHING_RESISTANT,
)
_BY_PASSWORD, _BY_TWO = SUPPORTED_ACR[:2], SUPPORTED_ACR[2:4]


def is_multi_factor(methods: Iterable[str]) -> bool:
    """Whether two different factors were shown; a passkey with user verification is two by itself."""
    shown: set[str] = set()
    for method in methods:
        shown |= METHODS[method].factors
    return len(shown) >= 2


def resists_phishing(methods: Iterable[str]) -> bool:
    """Whether two factors were shown and one of them is bound to our origin."""
    methods = tuple(methods)
    return is_multi_factor(methods) and any(METHODS[method].resists_phishing for method in methods)


def reached(methods: tuple[str, ...]) -> tuple[str, ...]:
    """Every class that the methods amount to, weakest first; never one that was not shown."""
    found = _BY_PASSWORD if PASSWORD in methods else ()
    if len(methods) > 1 or PASSKEY in methods:
        found += _BY_TWO if is_multi_factor(methods) else ()
        found += (PHISHING_RESISTANT,) if resists_phishing(methods) else ()
    return found


def amounts_to(methods: tuple[str, ...], wanted: str) -> bool:
    """Whether this class, or a stronger one, was shown: nobody types a password after a passkey for a wish."""
    found = reached(methods)
    return bool(found) and SUPPORTED_ACR.index(found[-1]) >= SUPPORTED_ACR.index(wanted)


def acr_of(methods: tuple[str, ...], wanted: Iterable[str] = ()) -> str:
    """The `acr` claim: the first class asked for that was reached (Core §5.5.1.1), else the strongest."""
    found = reached(methods)
    return next((value for value in wanted if value in found), found[-1] if found else "")


def amr_of(methods: tuple[str, ...]) -> tuple[str, ...]:
    """The `amr` claim (RFC 8176 §2): in the order shown, `mfa` last where two factors were."""
    if methods == (PASSWORD,):
        return methods
    found = dict.fromkeys(value for method in methods for value in METHODS[method].amr)
    return (*found, "mfa") if is_multi_factor(methods) else tuple(found)
