"""How somebody proved who they are: one table for `amr`, `acr` and (SAML) AuthnContextClassRef."""

from __future__ import annotations

PASSWORD = "pwd"

#: Authentication context classes, weakest first: what they need, and their name in either protocol.
CLASSES: tuple[tuple[str, frozenset[str]], ...] = (
    ("urn:oasis:names:tc:SAML:2.0:ac:classes:Password", frozenset({PASSWORD})),
    ("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport", frozenset({PASSWORD})),
)

SUPPORTED_ACR: tuple[str, ...] = tuple(name for name, _ in CLASSES)


def reached(methods: tuple[str, ...]) -> tuple[str, ...]:
    """Every class that the methods amount to, weakest first; never one that was not shown."""
    return tuple(name for name, needed in CLASSES if needed <= set(methods))


def acr_of(methods: tuple[str, ...]) -> str:
    """The strongest of them."""
    return reached(methods)[-1] if reached(methods) else ""
