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
        fix = "Set the flow in the application to “authorization code” (response_type=code)"
        fix += (
            ": the implicit flow leaks tokens into the browser's history and is not spoken here." if implicit else "."
        )
        yield Finding("response_type", "application", "response_type", fix, "code", got or "(nothing)")
    mode, allowed = seen.sent.get("response_mode"), seen.client.oidc.response_modes
    if mode and mode not in allowed:
        fix = "Leave response_mode out in the application, or set it to one that is registered."
        yield Finding("response_mode", "application", "response_mode", fix, " or ".join(sorted(allowed)), mode)
    for name in ("request", "request_uri"):
        if name in seen.sent:
            fix = "Switch signed requests (request objects, JAR) off in the application: send plain parameters."
            yield Finding("request_object", "application", name, fix, "(nothing)", "(a request object)")
    for name in seen.sent.repeated:
        if name != "resource":
            yield Finding("repeated", "application", name[:40], "Let the application send it once.", "once", "twice")
