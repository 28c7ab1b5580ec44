"""The sign-out that the application asks for (RP-Initiated Logout 1.0)."""

from __future__ import annotations

from collections.abc import Iterator

from clients import redirects
from idp.answers.differences import differences
from idp.answers.finding import Finding
from idp.answers.seen import Seen, shown_uri


def look(seen: Seen) -> Iterator[Finding]:
    """RPI §2, §3: the way back is followed only where it is registered."""
    got, mine = seen.sent.get("post_logout_redirect_uri"), seen.client.oidc.post_logout_redirect_uris
    if got and got not in mine:
        nearest = redirects.nearest(got, mine)
        how = "; ".join(differences(got, nearest)) if nearest else "none is registered"
        fix = f"{how[0].upper()}{how[1:]}. Correct it there, or register it here: without it people stay on our page."
        side = "application" if nearest else "doorward"
        field = "post_logout_redirect_uri"
        yield Finding("post_logout_redirect_uri", side, field, fix, nearest or "(none)", shown_uri(got))  # type: ignore[arg-type]
    if "id_token_hint" not in seen.sent:
        fix = "Let it send the ID token as id_token_hint: without one people are asked whether they want to sign out."
        yield Finding("logout_hint", "application", "id_token_hint", fix, "an ID token", "(nothing)", "note")
