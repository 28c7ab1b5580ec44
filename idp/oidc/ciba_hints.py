"""Whom a backchannel request means (CIBA §7.1): exactly one of three hints.

A person who is not there, or is disabled, is no error: no client learns so who has an account (S55).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clients.client import Client
from idp.errors import OAuthError
from idp.oidc import hints
from idp.oidc.request_objects import signed
from idp.protocols import Services
from idp.wire import Params
from keys.verifying import InvalidToken

NAMES: Final = ("login_hint", "id_token_hint", "login_hint_token")
MAX_TOKEN: Final = 3600  # seconds that a login_hint_token may live


def read(services: Services, client: Client, params: Params) -> str:
    """The id of the person, '' for nobody. One read, whoever it is. Errors: `OAuthError`."""
    given = [name for name in NAMES if params.get(name)]
    if len(given) != 1:
        raise OAuthError(
            "invalid_request", f"Send exactly one of {', '.join(NAMES)}.", field="login_hint", kind="ciba_hint",
            expected="one hint", got=" and ".join(given) or "none",
        )  # fmt: skip
    value = params.get(given[0]) or ""
    if given[0] == "login_hint":
        return _named(services, value)
    if given[0] == "login_hint_token":
        told = _of_token(services, client, value)
        return _named(services, str(told["login_hint"])) if "login_hint" in told else _subject(services, told)
    return _subject(services, _of_id_token(services, client, value))


def _named(services: Services, text: str) -> str:
    person = services.directory.find_named(text[:255])
    return person.id if person is not None else ""


def _subject(services: Services, claims: Mapping[str, Any]) -> str:
    person = services.directory.find(str(claims.get("sub", "")))
    return person.id if person is not None else ""


def _of_id_token(services: Services, client: Client, text: str) -> Mapping[str, Any]:
    try:
        claims = hints.read_hint(services, text)
        if client.id not in hints.audiences(claims):
            raise InvalidToken("it was not issued to this application")
    except InvalidToken as error:
        raise OAuthError(
            "invalid_request", f"id_token_hint: {error.reason}.", field="id_token_hint", kind="id_token_hint",
            expected="an ID token that this application was given", got=error.reason,
            fix="Let the application send the ID token of its own last sign-in, or a login_hint.",
        ) from None  # fmt: skip
    return claims


def _of_token(services: Services, client: Client, text: str) -> Mapping[str, Any]:
    """A JWT of the client's own with `login_hint` or `sub` (§7.1 leaves the form to us)."""
    try:
        return signed.claims_dated(services, client, text, None, MAX_TOKEN)
    except InvalidToken as error:
        is_late = "expired" in error.reason
        raise OAuthError(
            "expired_login_hint_token" if is_late else "invalid_request", f"login_hint_token: {error.reason}.",
            field="login_hint_token", expected="a JWT signed by a key of this application, with login_hint or sub",
            got=error.reason, kind="login_hint_token",
        ) from None  # fmt: skip
