"""Userinfo that is refused: no access token, another one, or one without openid."""

from __future__ import annotations

from collections.abc import Iterator

from idp.answers.finding import Finding
from idp.answers.seen import Seen


def look(seen: Seen) -> Iterator[Finding]:
    """RFC 6750 §2, §3.1."""
    if seen.code == "insufficient_scope":
        fix = "Add openid to the scopes that the application asks for."
        yield Finding("userinfo_scope", "application", "scope", fix, "openid", "without openid")
    elif seen.code == "invalid_token":
        fix = "Let it send the access token (not the ID token) of this sign-in, as it came, before it runs out."
        yield Finding(
            "access_token", "application", "Authorization", fix, "Bearer and the access token", "another value"
        )
