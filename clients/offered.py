"""What works here and an application may be registered for: grant and response types, response modes, client
authentication methods.

One row each. Rules and error sentences of registration, and what the endpoints say of themselves, follow from the rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GrantType:
    """A grant type (RFC 6749 §1.3), by the name that a token request sends."""

    name: str
    public: bool = False  # also for an app that keeps no secret
    machine: bool = False  # also for a program that acts for itself: nobody signs in
    needs: str = ""  # what must stand beside it: a grant type, or one of several, parted by spaces


@dataclass(frozen=True, slots=True)
class ResponseType:
    """What an authorization response brings (RFC 6749 §3.1.1; Multiple Response Types §3 to §5): the words of its name.

    `usual`: every application may be registered for it without a word of warning.
    """

    name: str
    usual: bool = False

    @property
    def code(self) -> bool:
        """Whether a code comes, to be redeemed at the token endpoint."""
        return "code" in self.name.split()

    @property
    def token(self) -> bool:
        """Whether an access token comes through the browser."""
        return "token" in self.name.split()

    @property
    def id_token(self) -> bool:
        """Whether an ID token comes through the browser."""
        return "id_token" in self.name.split()

    @property
    def front(self) -> bool:
        """Whether any token comes through the browser: the implicit and the hybrid flow."""
        return self.token or self.id_token


@dataclass(frozen=True, slots=True)
class AuthMethod:
    """How a client proves itself (RFC 7591 §2, token_endpoint_auth_method)."""

    name: str
    secret: bool = False  # by a secret of ours: those that do are one choice, as libraries pick freely between them
    keys: bool = False  # by a key of its own
    jwks: bool = False  # which is registered, as jwks or jwks_uri
    tls: bool = False  # and shown by the certificate of the connection (RFC 8705), not by the request
    public: bool = False  # not at all


DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
CIBA = "urn:openid:params:grant-type:ciba"
#: The scope by which an app asks for what others on its device may sign in by (OpenID Connect Native SSO 1.0 §3.1).
DEVICE_SSO = "device_sso"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"

GRANT_TYPES: dict[str, GrantType] = {
    row.name: row
    for row in (
        GrantType("authorization_code", public=True),
        GrantType("refresh_token", public=True, needs=f"authorization_code {DEVICE_CODE} {CIBA}"),
        GrantType("client_credentials", machine=True),
        GrantType(DEVICE_CODE, public=True),  # RFC 8628
        GrantType(TOKEN_EXCHANGE, public=True, machine=True),  # public: for native single sign-on alone, see `rules`
        GrantType("urn:ietf:params:oauth:grant-type:jwt-bearer", machine=True),
        GrantType(CIBA),
    )
}
#: The grant type that RFC 7591 §2.1 puts beside response types with a token. No token endpoint ever sees it.
IMPLICIT = "implicit"
#: An application has those that it is registered for by name, `code` without a word (RFC 9700 §2.1.2).
RESPONSE_TYPES: dict[str, ResponseType] = {
    row.name: row
    for row in (
        ResponseType("code", usual=True),
        ResponseType("none", usual=True),
        ResponseType("id_token"),
        ResponseType("token"),
        ResponseType("id_token token"),
        ResponseType("code id_token"),
        ResponseType("code token"),
        ResponseType("code id_token token"),
    )
}
_BY_WORDS = {frozenset(row.name.split()): row for row in RESPONSE_TYPES.values()}
#: How an authorization response may travel (Multiple Response Types §2.1, Form Post Response Mode, JARM §2.3).
RESPONSE_MODES: list[str] = ["query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"]
AUTH_METHODS: dict[str, AuthMethod] = {
    row.name: row
    for row in (
        AuthMethod("client_secret_basic", secret=True),
        AuthMethod("client_secret_post", secret=True),
        AuthMethod("private_key_jwt", keys=True, jwks=True),
        AuthMethod("tls_client_auth", keys=True, tls=True),
        AuthMethod("self_signed_tls_client_auth", keys=True, jwks=True, tls=True),
        AuthMethod("none", public=True),
    )
}


def grant_types(*, public: bool, machine: bool, front: bool = False) -> frozenset[str]:
    """The grant types of one sort of application; `front`: tokens may come to it through the browser."""
    found = frozenset(
        row.name for row in GRANT_TYPES.values() if (row.public or not public) and (row.machine or not machine)
    )
    return found | {IMPLICIT} if front else found


def response_types(*, front: bool) -> frozenset[str]:
    """The response types of one sort of application that people sign in to."""
    return frozenset(row.name for row in RESPONSE_TYPES.values() if front or not row.front)


def find_response_type(text: str) -> ResponseType | None:
    """The response type of these words; their order does not matter (Multiple Response Types §2)."""
    words = text.split(" ")
    return _BY_WORDS.get(frozenset(words)) if len(words) == len(set(words)) else None


def methods_beside(method: str) -> tuple[str, ...]:
    """How a client may prove itself: libraries choose freely between the ways to send a secret, so all of them work."""
    by_secret = tuple(row.name for row in AUTH_METHODS.values() if row.secret)
    return by_secret if method in by_secret else (method,)


def auth_methods(*, public: bool, keys: bool) -> frozenset[str]:
    """How one sort of application may prove itself; `keys`: only by a key of its own."""
    return frozenset(row.name for row in AUTH_METHODS.values() if row.public == public and (row.keys or not keys))


def front_types(names: Iterable[str]) -> list[str]:
    """Which of these response types bring tokens through the browser, in the order of the table: legacy."""
    kept = set(names)
    return [row.name for row in RESPONSE_TYPES.values() if row.front and row.name in kept]
