"""How the application proves itself, against how it is registered; and what is wrong with a secret that is refused."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from clients.offered import AUTH_METHODS, AuthMethod
from clients.secrets import LENGTH, StoredSecret, hashed
from idp.answers import corrections, jwts
from idp.answers.finding import Finding
from idp.answers.seen import Nameless, Seen
from idp.oidc import client_auth
from idp.oidc.client_auth import CERTIFICATE
from idp.showing import utc

_NONE: Final = AuthMethod("")
_OURS: Final = re.compile(r"[A-Za-z0-9_-]+")


def look(seen: Seen) -> Iterator[Finding]:
    """RFC 6749 §2.3. A wrong secret is compared in its likely corrected forms, and never kept."""
    if seen.code not in ("invalid_client", "invalid_request") or seen.request.visitor.client_id:
        return
    header = seen.request.header("Authorization")
    if header and "client_secret" in seen.sent:
        fix = "Let it send its secret in one way, as header or in the form: set the one that it is registered for."
        yield Finding("client_auth_twice", "application", "Authorization", fix, "one way", "header and form")
        return
    if seen.told("kind") == "basic_unreadable":
        yield from _unreadable(seen)
        return
    named, method = client_auth.named(seen.request)
    registered = seen.client.oidc.auth_methods
    if named != seen.client.id or seen.code != "invalid_client":
        return
    if AUTH_METHODS.get(method, _NONE).public and (AUTH_METHODS[registered[0]].tls or seen.told("got") == CERTIFICATE):
        return  # its certificate is looked at by itself
    if method == "private_key_jwt" and method not in registered and _by_shared_secret(seen):
        yield _secret_jwt(registered)
    elif method and method not in registered:
        yield _other_method(seen, method)
    elif method and AUTH_METHODS[method].secret:
        yield _secret(seen, presented_secret(seen))


def _unreadable(seen: Seen) -> Iterator[Finding]:
    """Credentials of another encoding, or without any."""
    credentials = seen.request.header("Authorization")[6:].strip()
    try:
        pair = b64decode(credentials, validate=True).decode("latin-1")
        fix = "Let it encode client id and secret in UTF-8 before the base64 (RFC 7617); one has letters beyond ASCII."
        got = "base64 of another encoding than UTF-8"
    except ValueError:
        pair, got = credentials, "no base64"
        fix = "Let it send “Basic ” and the base64 of client_id:client_secret, each percent-encoded first."
    named, mark, secret = pair.partition(":")
    if mark and named == seen.client.id and got != "no base64" and "client_secret" in seen.client.oidc.auth_methods[0]:
        yield _secret(seen, secret)
        return
    expected = "Basic and the base64 of client_id:client_secret"
    yield Finding("basic_unreadable", "application", "Authorization", fix, expected, got)


def _by_shared_secret(seen: Seen) -> bool:
    assertion = seen.sent.get("client_assertion") or ""
    return str(jwts.part(assertion[:16_384], jwts.HEADER).get("alg")).startswith("HS")


def _secret_jwt(registered: tuple[str, ...]) -> Finding:
    """Core §9 client_secret_jwt: what is kept of a secret here could verify none."""
    fix = (
        f"Set the method in the application to {registered[0]}: an assertion that is signed with the secret "
        "(client_secret_jwt) is not taken here. Where no secret shall be sent, let it sign by a private key of its own "
        "(private_key_jwt)."
    )
    return Finding(
        "client_auth_method", "application", "token_endpoint_auth_method", fix, " or ".join(registered),
        "client_secret_jwt",
    )  # fmt: skip


def _other_method(seen: Seen, method: str) -> Finding:
    registered = seen.client.oidc.auth_methods
    if seen.client.oidc.is_public:
        fix = "It is registered without a secret: let it send its client_id alone, with PKCE."
    elif AUTH_METHODS[method].public:
        fix = "It sends no secret. Paste the secret there, or register it as spa or native where it cannot keep one."
    elif AUTH_METHODS[registered[0]].tls:
        fix = f"It is registered to prove itself by its certificate ({registered[0]}): let it send client_id in the "
        fix += "form, and no secret. Or, if it has one: doorward client set "
        fix += f"{seen.client.id} token_endpoint_auth_method={method}"
    else:
        fix = f"Set the method in the application to {registered[0]}, or here: doorward client set {seen.client.id} "
        fix += f"token_endpoint_auth_method={method}"
    return Finding(
        "client_auth_method", "application", "token_endpoint_auth_method", fix, " or ".join(registered), method
    )


def _secret(seen: Seen, got: str) -> Finding:
    now, kept = seen.services.clock(), seen.services.registry.list_secrets(seen.client.id)
    working = [one for one in kept if one.is_valid(now)]
    expected = _of_which(working)
    for how, form in corrections.corrected(got):
        if (found := _matching(form, working)) is not None:
            which = f" (the one of {utc(found.created_at)})" if len(working) > 1 else ""
            fix = (
                f"It is the right secret{which}, but {how}. Paste it anew in the application, and nothing else with it."
            )
            return Finding("secret_form", "application", "client_secret", fix, "the secret alone", how)
    if (ended := _matching(got, kept)) is not None:
        return _ended(ended, working)
    if not working:
        fix = (
            f"It has no secret that works: make a new one (doorward client secret {seen.client.id}) and paste it there."
        )
        return Finding("secret_none", "doorward", "client_secret", fix, "a secret", "none works")
    fix = f"{_unlike(seen, got, kept)} Paste the right one, or make a new one: doorward client secret {seen.client.id}"
    came = corrections.shape(got) or f"another one, of {len(got)} characters"
    return Finding("secret_wrong", "application", "client_secret", fix, expected, came, reader="app")


def _of_which(working: list[StoredSecret]) -> str:
    if len(working) == 1:
        return f"the secret of {utc(working[0].created_at)}"
    each = "; ".join(f"of {utc(one.created_at)}, {_last_used(one)}" for one in working[-4:])
    return f"one of the {len(working)} secrets that work: {each}"


def _last_used(one: StoredSecret) -> str:
    return f"last used {utc(one.last_used_at)}" if one.last_used_at else "never used"


def _unlike(seen: Seen, got: str, kept: tuple[StoredSecret, ...]) -> str:
    """What can be told of a secret that is none of these: where it is from, or how it is damaged."""
    if any(got in (one.hash, one.id) for one in kept):
        return "It sends what we keep of the secret (its id or its hash), not the secret, which was shown once."
    if seen.services.registry.has_secret(got, *(form for _, form in corrections.corrected(got))):
        return "It is the secret of another application that is registered here, perhaps of its test system."
    if how := corrections.shape(got):
        return f"What came is no secret of ours: {how}."
    if _OURS.fullmatch(got) and len(got) < LENGTH:
        return f"It has {len(got)} characters and ours have {LENGTH}: it is cut off, or one of another product."
    if _OURS.fullmatch(got) and len(got) == LENGTH:
        if got in (got.upper(), got.lower()):
            return "It is written in one case; upper and lower case matter."
        return f"It has the form of ours and is none of this application's {len(kept)}: one of another installation?"
    return f"It is none of this application's {len(kept)}, and has not the form of ours ({LENGTH} of A-Z a-z 0-9 - _)."


def _ended(ended: StoredSecret, working: list[StoredSecret]) -> Finding:
    """Which one it is, and whether the one that followed was ever used."""
    got = f"the one of {utc(ended.created_at)}, which ended {utc(ended.expires_at or 0)}"
    if not working:
        fix = "It sends a secret that has ended, and none works: make a new one here and paste it there."
        return Finding("secret_ended", "application", "client_secret", fix, "a secret that works", got, reader="app")
    newest = max(working, key=lambda one: one.created_at)
    used = f"was last used {utc(newest.last_used_at)}" if newest.last_used_at else "was never used"
    where = "on another of its servers: look for the one with the old secret" if newest.last_used_at else "nowhere yet"
    fix = f"It still sends a secret that has ended; the newer one {used}, so it is {where}. Paste that one there, or "
    fix += "make a new one here."
    return Finding(
        "secret_ended", "application", "client_secret", fix, f"the one of {utc(newest.created_at)}", got, reader="app"
    )


def _matching(got: str, kept: list[StoredSecret] | tuple[StoredSecret, ...]) -> StoredSecret | None:
    return next((one for one in kept if one.hash == hashed(got)), None)


def presented_secret(seen: Nameless) -> str:
    """The secret as it came; it is compared here and forgotten."""
    form = seen.sent.first.get("client_secret")
    if form is not None:
        return form
    try:
        pair = b64decode(seen.request.header("Authorization")[6:].strip(), validate=True).decode("utf-8")
    except ValueError:
        return ""
    return unquote(pair.partition(":")[2].replace("+", " "))
