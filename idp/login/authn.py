"""How somebody proved who they are: one table for `amr`, `acr` and (SAML) AuthnContextClassRef."""

from __future__ import annotations

PASSWORD = "pwd"

#: Authentication context classes, weakest first: what they need, and their name in either protocol.
CLASSES: tuple[tuple[str, frozenset[str]], ...] = (
    ("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport", frozenset({PASSWORD})),
)

SUPPORTED_ACR: tuple[str, ...] = tuple(name for name, _ in CLASSES)


def acr_of(methods: tuple[str, ...]) -> str:
    """The strongest class that the methods amount to; never one that was not shown."""
    reached = [name for name, needed in CLASSES if needed <= set(methods)]
    return reached[-1] if reached else ""
