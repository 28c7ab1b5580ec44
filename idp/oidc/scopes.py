"""The scopes that mean something here, and what each means for a person who is asked."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import unquote

from clients.client import Client
from clients.offered import DEVICE_SSO
from idp.errors import OAuthError
from idp.texts import N_
from idp.wire import Params

#: Anything else is a scope that an organisation defined for its own APIs; it is shown by its name.
TEXTS: Mapping[str, tuple[str, str]] = {
    "openid": (N_("Know that it is you"), N_("An identifier for your account.")),
    "profile": (N_("Your profile"), N_("Name, username and what else your profile holds.")),
    "email": (N_("Your e-mail address"), N_("And whether it is confirmed.")),
    "address": (N_("Your postal address"), ""),
    "phone": (N_("Your phone number"), N_("And whether it is confirmed.")),
    "groups": (N_("Your groups"), N_("The names of the groups that you belong to.")),
    "roles": (N_("Your roles"), N_("What you may do here.")),
    "offline_access": (
        N_("Stay connected"),
        N_("It keeps its access while you are signed out, until you take it back."),
    ),
    DEVICE_SSO: (
        N_("Sign you in to related apps"),
        N_("Other apps of the same maker on this device open without asking you again, until you sign out."),
    ),
}
SUPPORTED = tuple(TEXTS)
#: What opens our own API to a program that has a role. Only for who asks for it by name: a token that was got for
#: another resource may be in that one's hands.
ADMIN = "doorward:admin"
#: What lets a receiver of security events read its streams, and change them (CAEP Interoperability Profile §2.7.2).
SIGNALS = ("ssf.read", "ssf.manage")
#: What stands in no name of a scope that is in use, whatever RFC 6749 §3.3 would allow.
_BETWEEN = re.compile(r"[^A-Za-z0-9_.:/~*-]+")


#: Before a resource, among what somebody agrees to.
RESOURCE = "resource:"


def describe(scope: str, titles: Sequence[str] = ()) -> tuple[str, str]:
    """Title and explanation of a scope, a claim asked for by itself (`claim:<name>`), a resource or a detail.

    `titles`: of the organisation's own attributes that the scope gives, or of what the claim is made from.
    """
    if scope.startswith(RESOURCE):
        return N_("Use %(resource)s as you", resource=scope.removeprefix(RESOURCE)), N_("A tool or service.")
    if scope.startswith("detail:"):  # RFC 9396: the type, and a digest of the rest
        return N_("In detail: %(type)s", type=scope.removeprefix("detail:").rpartition(":")[0]), ""
    if scope.startswith("claim:"):
        if titles:
            return titles[0], ""
        return N_("Your %(claim)s", claim=scope.removeprefix("claim:").replace("_", " ")), ""
    if titles:
        title, text = TEXTS.get(scope, (scope, ""))
        names = ", ".join(titles)
        whole = N_(text, _="")  # a text in a text, so that both are in the same language
        return title, N_("%(text)s Also: %(names)s.", text=whole, names=names) if text else names
    return TEXTS.get(scope, (scope, N_("Access that your company defined.")))


def allowed(client: Client, asked: str | None) -> str:
    """What of the asked scope the client may have, in the order asked; without any, its own API scopes.

    RFC 6749 §3.3: reduced rather than refused, every decision is made on the reduced value, and it is sent back.
    """
    if asked is None:
        return " ".join(sorted(client.oidc.scopes - {"openid", "offline_access", ADMIN}))
    return " ".join(dict.fromkeys(scope for scope in asked.split() if scope in client.oidc.scopes))


def read(params: Params, client: Client) -> str:
    """The scope of an authorization request, as far as the client may have it. Errors: `OAuthError` (invalid_scope)."""
    wanted = params.get("scope")
    given = allowed(client, wanted)
    check(wanted, given, client)
    return given


def check(wanted: str | None, given: str, client: Client) -> None:
    """Say what is wrong where nothing of what was asked for may be had, or a list was not parted by spaces.

    Errors: `OAuthError` (invalid_scope).
    """
    if not wanted:
        return
    check_parted(wanted, client.oidc.scopes)
    if not given:
        raise OAuthError(
            "invalid_scope",
            f"This application may not have any of these scopes: {' '.join(wanted.split()[:5])[:120]}.",
            detail=f"registered: {' '.join(sorted(client.oidc.scopes))}"[:500],
            fix=f"Add it to what the application may ask for: doorward client set {client.id} scope+=…",
            kind="scope_not_allowed",
            field="scope",
            expected=" ".join(sorted(client.oidc.scopes)),
            got=wanted[:300],
        )


def check_parted(wanted: str, known: Collection[str]) -> None:
    """RFC 6749 §3.3: a list of space-delimited, case-sensitive values; one that is written in another way would be lost
    without a word, and openid with it the ID token. Errors: `OAuthError`, with what is wrong and what to write.
    """
    meant = {name.lower(): name for name in (*SUPPORTED, *sorted(known))}
    exact, wrong, right = {*known, *SUPPORTED}, "", []
    for value in wanted.split():
        parts = [value] if value in exact else _names_in(value)
        is_known = any(part.lower() in meant for part in parts)
        if value not in exact and is_known:
            wrong = wrong or value
        right += [meant.get(part.lower(), part) for part in parts] if is_known else [value] if parts else []
    if wrong:
        raise OAuthError(
            "invalid_scope",
            f"{wrong[:60]} is not a scope; write scope={' '.join(dict.fromkeys(right))[:200]}, a list parted by spaces "
            "(in a URL %20, encoded once), in these letters, without commas, quotes or brackets.",
            kind="scope",
            field="scope",
            expected=" ".join(dict.fromkeys(right)),
            got=wanted[:300],
        )


def _names_in(value: str) -> list[str]:
    """The names that somebody may have meant: encoded twice, in quotes, a JSON array, parted by commas."""
    for _ in range(3):
        value = unquote(value)
    return [part for part in _BETWEEN.split(value) if part]


def in_order(scopes: tuple[str, ...]) -> list[str]:
    """The ones that everybody knows first."""
    return [s for s in scopes if s in TEXTS] + [s for s in scopes if s not in TEXTS]
