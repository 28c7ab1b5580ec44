"""Whoever signed in may not open the application, or is not proven strongly enough: a rule says so."""

from __future__ import annotations

from collections.abc import Iterator

from idp.answers.finding import Finding
from idp.answers.seen import Seen

_DENIED = frozenset(("no_access", "access_denied", "saml_requestdenied"))


def look(seen: Seen) -> Iterator[Finding]:
    """By the error that was told; the rule stands on the application's page, the person nowhere."""
    if seen.code == "no_access":
        fix = (
            "The application did all right; whoever signed in is not among those who may open it. Let them in under "
            f"“Who may open it”, or: doorward client access {seen.client.id}"
        )
        yield Finding("no_access", "person", "access", fix, _rule(seen), "somebody who is none of these", reader="app")
    elif seen.code == "unmet_authentication_requirements":
        fix = "The application or a rule asks for a stronger sign-in than this person can show: set up a second factor."
        yield Finding("too_weak", "person", "acr_values", fix, seen.sent.get("acr_values") or "a second factor")


def _rule(seen: Seen) -> str:
    access = seen.client.access
    if access.everyone:
        return "everyone"
    people = f"{len(access.persons)} by name" if access.persons else ""
    return ", ".join(filter(None, (*sorted(access.groups), people))) or "nobody"
