"""How somebody proved who they are: one table for `amr`, `acr` and (SAML) AuthnContextClassRef.

A session keeps our own names of what was shown; what applications are told is derived here and nowhere else. What each
shows stands with its kind, see `kinds`.
"""

from __future__ import annotations

from collections.abc import Iterable

from idp.accounts.factors.kinds import (
    ADMIN_CODE,
    BACKUP,
    EMAIL,
    KERBEROS_PASSWORD,
    KERBEROS_PHISHING_RESISTANT,
    KERBEROS_SECOND,
    METHODS,
    PASSKEY,
    PASSWORD,
    SECURITY_KEY,
    SMS,
    TOTP,
    UPSTREAM_PASSWORD,
    UPSTREAM_PHISHING_RESISTANT,
    UPSTREAM_SECOND,
    Method,
    method,
)

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
#: Two factors by themselves.
_WHOLE = frozenset((
    PASSKEY, UPSTREAM_SECOND, UPSTREAM_PHISHING_RESISTANT, KERBEROS_SECOND, KERBEROS_PHISHING_RESISTANT,
))  # fmt: skip
_PASSWORDS = frozenset((PASSWORD, UPSTREAM_PASSWORD, KERBEROS_PASSWORD))
_BY_PASSWORD, _BY_TWO = SUPPORTED_ACR[:2], SUPPORTED_ACR[2:4]


def is_multi_factor(methods: Iterable[str]) -> bool:
    """Whether two different factors were shown; a passkey with user verification is two by itself."""
    shown: set[str] = set()
    for name in methods:
        shown |= method(name).factors
    return len(shown) >= 2


def resists_phishing(methods: Iterable[str]) -> bool:
    """Whether two factors were shown and one of them is bound to our origin."""
    methods = tuple(methods)
    return is_multi_factor(methods) and any(method(name).resists_phishing for name in methods)


def reached(methods: tuple[str, ...]) -> tuple[str, ...]:
    """Every class that the methods amount to, weakest first; never one that was not shown."""
    found = _BY_PASSWORD if not _PASSWORDS.isdisjoint(methods) else ()
    if len(methods) > 1 or not _WHOLE.isdisjoint(methods):
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
    found = dict.fromkeys(value for name in methods for value in method(name).amr)
    return (*found, "mfa") if is_multi_factor(methods) else tuple(found)


__all__ = [
    "ADMIN_CODE",
    "BACKUP",
    "EMAIL",
    "METHODS",
    "MFA",
    "PASSKEY",
    "PASSWORD",
    "PHISHING_RESISTANT",
    "SECURITY_KEY",
    "SMS",
    "SUPPORTED_ACR",
    "TOTP",
    "Method",
    "acr_of",
    "amounts_to",
    "amr_of",
    "is_multi_factor",
    "reached",
    "resists_phishing",
]
