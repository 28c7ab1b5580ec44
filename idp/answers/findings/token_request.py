"""The token request behind the client's proof: its form, its grant, its code."""

from __future__ import annotations

from collections.abc import Iterator

from clients import redirects
from clients.offered import GRANT_TYPES
from idp.answers.commands import adding
from idp.answers.differences import sentence
from idp.answers.finding import Finding
from idp.answers.seen import Seen, shown_uri

_FORM = "application/x-www-form-urlencoded"


def look(seen: Seen) -> Iterator[Finding]:
    """RFC 6749 §3.2, §4.1.3."""
    if seen.error is None or seen.request.method != "POST" or seen.code == "unreadable_request":
        return
    if "grant_type" in seen.request.query.first and "grant_type" not in seen.sent.first:
        # RFC 6749 §2.3.1, §3.2: never in the URI.
        fix = "Let it send the parameters in the body, as a form, not in the address."
        if "client_secret" in seen.request.query.first:
            fix += " Its secret stands in logs now: make a new one."
        yield Finding("in_the_address", "application", "body", fix, "a form in the body", "parameters in the address")
    elif seen.request.content_type != _FORM:
        fix = "Let it send the parameters as a form in the body, not as JSON."
        got = seen.request.content_type[:80] or "(nothing)"
        yield Finding("content_type", "application", "Content-Type", fix, _FORM, got)
    elif seen.code in ("unsupported_grant_type", "unauthorized_client") or not seen.sent.get("grant_type"):
        mine = " or ".join(sorted(seen.client.oidc.grant_types))
        fix = "Set the grant type in the application"
        if seen.sent.get("grant_type") in GRANT_TYPES:
            fix += f", or register it: {adding(seen.client, 'grant_types', seen.sent.get('grant_type') or '')}"
        elif seen.sent.get("grant_type"):
            fix += ": there is no such grant here."
        else:
            fix += " (parameter grant_type of the form): it sent none."
        yield Finding(
            "grant_type", "application", "grant_type", fix, mine, (seen.sent.get("grant_type") or "(nothing)")[:60]
        )
    elif seen.code == "invalid_grant" and "redirect_uri" in seen.told("message"):
        yield _redirect_uri(seen)


def _redirect_uri(seen: Seen) -> Finding:
    got, mine = seen.sent.get("redirect_uri") or "", seen.client.oidc
    nearest = redirects.nearest(got, mine.redirect_uris)
    how = "" if redirects.is_registered(got, mine) or not got else f"{sentence(got, nearest)}. "
    fix = (
        f"{how}The token request must send the same redirect_uri as the authorization request before it, to the last "
        f"character; nothing is to be registered here. Correct it in {seen.client.name}: most likely it has two "
        "settings for its address, or sees another address of itself behind a proxy."
    )
    field = "redirect_uri (token request)"
    return Finding("token_redirect_uri", "application", field, fix, nearest, shown_uri(got) or "(nothing)")
