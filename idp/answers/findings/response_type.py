"""response_type and response_mode: what the application wants back, and how."""

from __future__ import annotations

from collections.abc import Iterator

from idp.answers.finding import Finding
from idp.answers.seen import Seen


def look(seen: Seen) -> Iterator[Finding]:
    """RFC 6749 §3.1.1; OAuth 2.0 Multiple Response Types §2.1."""
    got = seen.sent.get("response_type") or ""
    if got != "code":
        implicit = "token" in got.split() or "id_token" in got.split()
        fix = "Set the flow in the application to “authorization code” (response_type=code, with PKCE)"
        if implicit and "code" in got.split():
            fix += ": the hybrid flow is not spoken here; the ID token comes with the code's tokens."
        elif implicit:
            fix += ": the implicit flow leaks tokens into the browser's history and is not spoken here."
        else:
            fix += "."
        if implicit:
            fix += " No profile allows it. An old library that has no PKCE but a secret: profile=legacy "
            fix += f"(doorward client set {seen.client.id} profile=legacy); one that knows the implicit flow alone "
            fix += "is to be renewed (in the browser: oidc-client-ts in place of oidc-client)."
        yield Finding("response_type", "application", "response_type", fix, "code", got or "(nothing)")
    mode, allowed = seen.sent.get("response_mode"), seen.client.oidc.response_modes
    if mode and mode not in allowed:
        fix = "Leave response_mode out in the application, or set it to one that is registered."
        yield Finding("response_mode", "application", "response_mode", fix, " or ".join(sorted(allowed)), mode)
    for name in seen.sent.repeated:
        if name != "resource":
            yield Finding("repeated", "application", name[:40], "Let the application send it once.", "once", "twice")
