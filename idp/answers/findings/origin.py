"""Code in a browser calls from an origin that is not registered: the browser keeps the answer from it (Fetch, CORS)."""

from __future__ import annotations

from collections.abc import Iterator

from clients import redirects
from idp.answers.commands import adding_address
from idp.answers.differences import sentence
from idp.answers.finding import Finding
from idp.answers.seen import Seen, shown_uri


def look(seen: Seen) -> Iterator[Finding]:
    """Byte for byte: scheme, host, port."""
    got, mine = seen.request.header("Origin"), seen.client.oidc.allowed_origins
    if not got or got in mine:
        return
    known = mine or seen.client.oidc.redirect_uris
    fix = f"Register the origin: {adding_address(seen.client, 'allowed_origins', got, known)}"
    if mine:
        fix = f"{sentence(got, redirects.nearest(got, mine))}. {fix}"
    is_blocked = seen.request.method == "OPTIONS" or seen.client.oidc.is_public
    weight = "wrong" if is_blocked else "note"
    expected = ", ".join(sorted(mine)) or "(none is registered)"
    yield Finding("origin", "doorward", "allowed_origins", fix, expected, shown_uri(got), weight)  # type: ignore[arg-type]
