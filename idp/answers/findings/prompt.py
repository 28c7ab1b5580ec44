"""prompt: what the application wants to be shown."""

from __future__ import annotations

from collections.abc import Iterator

from idp.answers.finding import Finding
from idp.answers.seen import Seen
from idp.oidc.authorization_parameters import PROMPTS

_SILENT = (
    "It asks without a page (prompt=none), and the browser brought no sign-in. That is right for somebody who is not "
    "signed in; in a frame browsers hold the cookies back, and then it never works: use a top-level redirect or "
    "refresh tokens there."
)


def look(seen: Seen) -> Iterator[Finding]:
    """Core §3.1.2.1."""
    got = seen.sent.get("prompt") or ""
    if set(got.split()) - set(PROMPTS) or ("none" in got.split() and len(got.split()) > 1):
        fix = "Leave prompt out in the application, or set it to one of these."
        yield Finding("prompt", "application", "prompt", fix, " or ".join(PROMPTS), got[:60])
    elif "none" in got.split() and seen.code in ("login_required", "consent_required", "interaction_required"):
        yield Finding("prompt_none", "application", "prompt", _SILENT, "(nothing), or a signed-in browser", "none")
