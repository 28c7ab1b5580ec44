"""response_type and response_mode: what the application wants back, and how."""

from __future__ import annotations

from collections.abc import Iterator

from clients.offered import ResponseType, find_response_type
from clients.profiles import PROFILES
from idp.answers.finding import Finding
from idp.answers.seen import Seen


def _old_library(seen: Seen, wanted: ResponseType) -> str:
    told = f" An old library that has no PKCE but a secret: profile=legacy (doorward client set {seen.client.id} "
    told += "profile=legacy); one that knows this flow alone is to be renewed (in the browser: oidc-client-ts in place "
    told += "of oidc-client)."
    if not PROFILES[seen.client.profile].front:
        return f"{told} The profile {seen.client.profile} never allows it."
    return f"{told} Until then: doorward client set {seen.client.id} 'response_types+={wanted.name}'"


def look(seen: Seen) -> Iterator[Finding]:
    """RFC 6749 §3.1.1; OAuth 2.0 Multiple Response Types §2.1."""
    if not PROFILES[seen.client.profile].redirects:
        return  # it may have none at all, and its profile is the mistake
    got = seen.sent.get("response_type") or ""
    wanted = find_response_type(got)
    if wanted is None or wanted.name not in seen.client.oidc.response_types:
        fix = "Set the flow in the application to “authorization code” (response_type=code, with PKCE)"
        if wanted is not None and wanted.front and wanted.code:
            fix += ": in the hybrid flow tokens go through the browser; the ID token comes with the code's tokens."
        elif wanted is not None and wanted.front:
            fix += ": the implicit flow leaks tokens into the browser's history, so it is off."
        else:
            fix += "."
        if wanted is not None and wanted.front:
            fix += _old_library(seen, wanted)
        expected = " or ".join(sorted(seen.client.oidc.response_types)) or "code"
        yield Finding("response_type", "application", "response_type", fix, expected, got or "(nothing)")
    mode, allowed = seen.sent.get("response_mode"), seen.client.oidc.response_modes
    if mode and mode not in allowed:
        fix = "Leave response_mode out in the application, or set it to one that is registered."
        yield Finding("response_mode", "application", "response_mode", fix, " or ".join(sorted(allowed)), mode)
    for name in seen.sent.repeated:
        if name != "resource":
            yield Finding("repeated", "application", name[:40], "Let the application send it once.", "once", "twice")
