"""PKCE (RFC 7636): the challenge of the browser's request, the verifier of the server's."""

from __future__ import annotations

from collections.abc import Iterator

from idp.answers.finding import Finding
from idp.answers.seen import Seen
from idp.oidc import pkce


def challenge(seen: Seen) -> Iterator[Finding]:
    """Of the authorization request."""
    got, method = seen.sent.get("code_challenge") or "", seen.sent.get("code_challenge_method")
    if got and method != "S256":
        fix = (
            "Set the PKCE method in the application to S256: plain protects nothing, and a missing method means plain."
        )
        yield Finding("pkce_method", "application", "code_challenge_method", fix, "S256", method or "(nothing)")
    elif got and pkce.FORM.fullmatch(got) is None:
        fix = "The challenge must be the base64url SHA-256 of the verifier, without “=”: a library should make it."
        yield Finding("pkce_challenge", "application", "code_challenge", fix, "43 to 128 characters", f"{len(got)}")
    elif method and not got:
        fix = "A method was sent without code_challenge: switch PKCE on as a whole."
        yield Finding("pkce_challenge", "application", "code_challenge", fix, "a challenge", "(nothing)")
    elif not got and (seen.client.oidc.require_pkce or seen.client.oidc.is_public):
        fix = "Switch PKCE (S256) on in the application"
        if not seen.client.oidc.is_public:
            fix += f"; where its library has none: doorward client set {seen.client.id} profile=legacy"
        yield Finding("pkce_missing", "application", "code_challenge", f"{fix}.", "a challenge (S256)", "(nothing)")


def verifier(seen: Seen) -> Iterator[Finding]:
    """Of the token request. What the challenge was, the code alone knows: the endpoint says whether they fit."""
    message, got = seen.told("message"), seen.sent.get("code_verifier") or ""
    if seen.code != "invalid_grant" or "code_verifier" not in message:
        return
    expected = "the verifier of the challenge that was sent"
    if "no code_challenge" in message:
        expected = "(nothing)"
    shown = f"{len(got)} characters" if got else "(nothing)"
    yield Finding("pkce_verifier", "application", "code_verifier", seen.told("fix"), expected, shown)
