"""How the application proves itself, against how it is registered; and what is wrong with a secret that is refused."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from urllib.parse import unquote

from clients.offered import AUTH_METHODS
from clients.secrets import StoredSecret, hashed
from idp.answers.finding import Finding
from idp.answers.seen import Seen
from idp.oidc import client_auth
from idp.showing import utc


def look(seen: Seen) -> Iterator[Finding]:
    """RFC 6749 §2.3. A wrong secret is compared in its likely corrected forms, and never kept."""
    if seen.code not in ("invalid_client", "invalid_request") or seen.request.visitor.client_id:
        return
    header = seen.request.header("Authorization")
    if header and "client_secret" in seen.sent:
        fix = "Let it send its secret in one way, as header or in the form: set the one that it is registered for."
        yield Finding("client_auth_twice", "application", "Authorization", fix, "one way", "header and form")
        return
    named, method = client_auth.named(seen.request)
    registered = seen.client.oidc.auth_methods
    if named != seen.client.id or seen.code != "invalid_client":
        return
    if method and method not in registered:
        yield _other_method(seen, method)
    elif method and AUTH_METHODS[method].secret:
        yield _secret(seen, presented_secret(seen))


def _other_method(seen: Seen, method: str) -> Finding:
    registered = seen.client.oidc.auth_methods
    if seen.client.oidc.is_public:
        fix = "It is registered without a secret: let it send its client_id alone, with PKCE."
    elif AUTH_METHODS[method].public:
        fix = "It sends no secret. Paste the secret there, or register it as spa or native where it cannot keep one."
    else:
        fix = f"Set the method in the application to {registered[0]}, or here: doorward client set {seen.client.id} "
        fix += f"token_endpoint_auth_method={method}"
    return Finding(
        "client_auth_method", "application", "token_endpoint_auth_method", fix, " or ".join(registered), method
    )


def _secret(seen: Seen, got: str) -> Finding:
    now, kept = seen.services.clock(), seen.services.registry.list_secrets(seen.client.id)
    working = [one for one in kept if one.is_valid(now)]
    ended = _matching(got, kept)
    for how, corrected in _corrected(got):
        if corrected != got and _matching(corrected, working):
            fix = f"It is the right secret, but {how}. Paste it anew in the application, and nothing else with it."
            return Finding("secret_form", "application", "client_secret", fix, "the secret alone", how)
    if ended is not None:
        return _ended(ended, working)
    if not working:
        fix = "It has no secret that works: make a new one here and paste it there."
        return Finding("secret_none", "doorward", "client_secret", fix, "a secret", "none works")
    fix = f"It is none of this application's {len(working)}. Paste the right one, or make a new one here."
    return Finding("secret_wrong", "application", "client_secret", fix, "a secret of this application", "another one")


def _ended(ended: StoredSecret, working: list[StoredSecret]) -> Finding:
    """Which one it is, and whether the one that followed was ever used."""
    got = f"the one of {utc(ended.created_at)}, which ended {utc(ended.expires_at or 0)}"
    if not working:
        fix = "It sends a secret that has ended, and none works: make a new one here and paste it there."
        return Finding("secret_ended", "application", "client_secret", fix, "a secret that works", got)
    newest = max(working, key=lambda one: one.created_at)
    used = f"was last used {utc(newest.last_used_at)}" if newest.last_used_at else "was never used"
    fix = f"It still sends a secret that has ended; the newer one {used}. Paste that one there, or make a new one here."
    return Finding("secret_ended", "application", "client_secret", fix, f"the one of {utc(newest.created_at)}", got)


def _corrected(got: str) -> Iterator[tuple[str, str]]:
    """What people and programs do to a secret on its way, undone."""
    yield "it begins or ends with a space or line break", got.strip()
    yield "it is percent-encoded once too often", unquote(got)
    yield "it stands in quotes", got.strip().strip("\"'“”‘’`")
    yield "it has “client_secret=” or the like before it", got.rpartition("=")[2].strip()
    yield (
        "it has characters that cannot be seen",
        "".join(c for c in got if c.isascii() and c.isprintable() and c != " "),
    )
    try:
        yield "it is base64-encoded once too often", b64decode(got, validate=True).decode("ascii")
    except ValueError:
        return


def _matching(got: str, kept: list[StoredSecret] | tuple[StoredSecret, ...]) -> StoredSecret | None:
    return next((one for one in kept if one.hash == hashed(got)), None)


def presented_secret(seen: Seen) -> str:
    """The secret as it came; it is compared here and forgotten."""
    form = seen.sent.first.get("client_secret")
    if form is not None:
        return form
    try:
        pair = b64decode(seen.request.header("Authorization")[6:].strip(), validate=True).decode("utf-8")
    except ValueError:
        return ""
    return unquote(pair.partition(":")[2].replace("+", " "))
