"""Code in a browser calls from an origin that nobody registered: the browser keeps the answer from it (Fetch, CORS)."""

from __future__ import annotations

from collections.abc import Iterator

from clients import redirects
from idp.answers.commands import adding
from idp.answers.differences import differences
from idp.answers.symptoms.evidence import Evidence
from idp.answers.symptoms.symptom import Cause, Symptom
from idp.normal_forms import taken_apart
from idp.traffic import ORIGIN, shown_origin


def unknown(seen: Evidence) -> Iterator[Symptom]:
    """One is enough: nothing of it works. Anybody can send such a request, so it accuses nobody."""
    count, mine = seen.of(ORIGIN), seen.client.oidc.allowed_origins
    got = shown_origin(str(count.about.get("origin") or ""))
    is_blocked = seen.client.oidc.is_public or bool(count.about.get("preflight"))
    if not got or not seen.lately(ORIGIN) or got in mine or not is_blocked:
        return
    how = f" ({'; '.join(differences(got, redirects.nearest(got, mine)))})" if mine else ""
    command = adding(seen.client, "allowed_origins", got if _is_of_its_own(got, seen) else "")
    yield Symptom(
        code="origin_unknown", side="doorward", field="allowed_origins",
        what=f"Browsers called {count.about.get('path', '')} from {got}, which is not registered: they keep our answer "
        "from the script.",
        causes=(
            Cause(
                f"The application runs at {got}, and that origin is not among its own{how}.",
                "Its developer tools say “blocked by CORS policy” or “Failed to fetch”; our own answer is 200 or 204.",
                f"Register the origin, where the application is its: {command}",
            ),
            Cause(
                "It was opened at another address than people use: a preview, another port, a bare IP address.",
                "The address bar of whoever sees the error shows that address.",
                "Open it at the address that is registered, or register a second application for development.",
            ),
            Cause(
                "A stranger's page tries: anybody can send such a request.",
                f"Nobody of yours knows {got}.",
                "Nothing: the browser keeps the answer from it. Do not register an origin that is not yours.",
            ),
        ),
        times=seen.lately(ORIGIN), since=count.first_at, last_at=count.last_at,
        expected=", ".join(sorted(mine)) or "(none is registered)", got=got, proven=False,
    )  # fmt: skip


def _is_of_its_own(got: str, seen: Evidence) -> bool:
    """Whether its host is one of the application's: no other is put into a command that is pasted."""
    oidc = seen.client.oidc
    hosts = {_host(one) for one in (*oidc.allowed_origins, *oidc.redirect_uris)} - {""}
    host = _host(got)
    return any(host == one or host.endswith(f".{one}") for one in hosts)


def _host(address: str) -> str:
    try:
        return taken_apart(address).hostname or ""
    except ValueError:
        return ""
