"""The scopes that are asked for, against those that the application may have and those that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from idp.answers.commands import adding
from idp.answers.finding import Finding
from idp.answers.products import names_read
from idp.answers.seen import Seen
from idp.oidc.claims import BY_SCOPE


def look(seen: Seen) -> Iterator[Finding]:
    """RFC 6749 §3.3; Core §3.1.2.1."""
    text, mine = seen.sent.get("scope") or "", seen.client.oidc.scopes
    asked = text.split()
    expected = " ".join(sorted(mine))
    if seen.code == "invalid_scope" and not set(asked) & mine:
        fix = seen.told("message")
        near = {one: close[0] for one in asked if (close := get_close_matches(one.lower(), mine, 1, 0.6))}
        if seen.told("kind") == "scope_not_allowed":
            fix += "".join(f" Is {close} meant by {one[:40]}?" for one, close in near.items())
            fix += " Correct it there, or let the application have it: "
            fix += adding(seen.client, "scope", text)
        yield Finding("scope", "application", "scope", fix, expected, text)
        return
    if "openid" not in asked and "openid" in mine:
        fix = "Add openid to the scopes in the application: without it there is no ID token, and userinfo is refused."
        yield Finding("scope_openid", "application", "scope", fix, f"openid {text}".strip(), text or "(nothing)")
    more = [one for one in asked if one not in mine]
    if more:
        fix = f"{', '.join(more)} is left out without an error, since the application may not have it. Add it to its"
        fix += f" scopes here (Settings, or {adding(seen.client, 'scope', ' '.join(more))}), or take it out there."
        yield Finding("scope_not_allowed", "doorward", "scope", fix, expected, text, "note")
    lacking = list(_lacking(seen, asked))
    if lacking:
        fix = f"The product reads {', '.join(sorted(c for _, c in lacking))}: ask for the scope that gives it there."
        wanted = " ".join(dict.fromkeys((*asked, *(scope for scope, _ in lacking))))
        yield Finding("scope_of_what_it_reads", "application", "scope", fix, wanted, text, "note")


def _lacking(seen: Seen, asked: list[str]) -> Iterator[tuple[str, str]]:
    """Scope and claim of what the product reads and has not asked for."""
    if "claims" in seen.sent:
        return
    for claim in names_read(seen.product):
        scopes = [scope for scope, claims in BY_SCOPE.items() if claim in claims]
        if scopes and not set(scopes) & set(asked) and claim not in seen.client.oidc.claims_map:
            yield scopes[0], claim
