"""What works here and an application may be registered for: grant types, response modes, client authentication methods.

One row each. Rules and error sentences of registration, and what the endpoints say of themselves, follow from the rows.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GrantType:
    """A grant type (RFC 6749 §1.3), by the name that a token request sends."""

    name: str
    public: bool = False  # also for an app that keeps no secret
    machine: bool = False  # also for a program that acts for itself: nobody signs in
    needs: str = ""  # the grant type that must stand beside it


@dataclass(frozen=True, slots=True)
class AuthMethod:
    """How a client proves itself (RFC 7591 §2, token_endpoint_auth_method)."""

    name: str
    secret: bool = False  # by a secret of ours: those that do are one choice, as libraries pick freely between them
    keys: bool = False  # by a key of its own
    public: bool = False  # not at all


GRANT_TYPES: dict[str, GrantType] = {
    row.name: row
    for row in (
        GrantType("authorization_code", public=True),
        GrantType("refresh_token", public=True, needs="authorization_code"),
        GrantType("client_credentials", machine=True),
    )
}
#: How an authorization response may travel (Multiple Response Types §2.1, Form Post Response Mode, JARM §2.3).
RESPONSE_MODES: list[str] = ["query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"]
AUTH_METHODS: dict[str, AuthMethod] = {
    row.name: row
    for row in (
        AuthMethod("client_secret_basic", secret=True),
        AuthMethod("client_secret_post", secret=True),
        AuthMethod("private_key_jwt", keys=True),
        AuthMethod("none", public=True),
    )
}


def grant_types(*, public: bool, machine: bool) -> frozenset[str]:
    """The grant types of one sort of application."""
    return frozenset(
        row.name for row in GRANT_TYPES.values() if (row.public or not public) and (row.machine or not machine)
    )


def methods_beside(method: str) -> tuple[str, ...]:
    """How a client may prove itself: libraries choose freely between the ways to send a secret, so all of them work."""
    by_secret = tuple(row.name for row in AUTH_METHODS.values() if row.secret)
    return by_secret if method in by_secret else (method,)


def auth_methods(*, public: bool, keys: bool) -> frozenset[str]:
    """How one sort of application may prove itself; `keys`: only by a key of its own."""
    return frozenset(row.name for row in AUTH_METHODS.values() if row.public == public and (row.keys or not keys))
