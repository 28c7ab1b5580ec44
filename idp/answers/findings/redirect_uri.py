"""The redirect URI, compared with those that are registered, character by character."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from clients import redirects
from idp.answers.differences import differences
from idp.answers.finding import Finding
from idp.answers.seen import Seen, shown_uri


def look(seen: Seen) -> Iterator[Finding]:
    """RFC 6749 §3.1.2.3, RFC 9700 §2.1: the same to the last character."""
    got, mine = seen.sent.get("redirect_uri"), seen.client.oidc
    if not got:
        if "request" not in seen.sent:
            fix = "Let the application send redirect_uri: it is never left out here."
            yield Finding("redirect_uri_missing", "application", "redirect_uri", fix, ", ".join(mine.redirect_uris))
        return
    if redirects.is_registered(got, mine):
        return
    nearest = redirects.nearest(got, mine.redirect_uris)
    if not nearest:
        fix = "No redirect URI is registered for it: add the one that it sends."
        yield Finding("redirect_uri", "doorward", "redirect_uris", fix, "", shown_uri(got))
        return
    how = "; ".join(differences(got, nearest))
    fix = f"{how[0].upper()}{how[1:]}. Correct it in the application, or register what it sends if that is meant."
    if got.startswith("http://") and nearest.startswith("https://") and _host(got) == _host(nearest):
        fix += (
            " It most likely stands behind a proxy that ends TLS, and does not know it: switch on its setting to trust "
            "the proxy (X-Forwarded-Proto), or set its public address to https."
        )
    yield Finding("redirect_uri", "application", "redirect_uri", fix, nearest, shown_uri(got))


def _host(uri: str) -> str:
    try:
        return urlsplit(uri).hostname or ""
    except ValueError:
        return ""
