"""nonce, state, max_age: what an application should send, and what cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from idp.answers.finding import Finding
from idp.answers.seen import Seen


def look(seen: Seen) -> Iterator[Finding]:
    """Core §3.1.2.1; RFC 9700 §2.1, §4.7: without any of the three a stolen answer can be used for somebody else."""
    if not any(name in seen.sent for name in ("state", "nonce", "code_challenge")):
        fix = "Let it send state, nonce or a PKCE challenge: nothing ties the answer to the browser that asked for it."
        yield Finding("no_csrf_protection", "application", "state", fix, "state, nonce or PKCE", "(nothing)", "note")
    age = seen.sent.get("max_age")
    if age is not None and not (age.isascii() and age.isdigit()):
        yield Finding(
            "max_age", "application", "max_age", "Send a number of seconds, or leave it out.", "3600", age[:40]
        )
