"""Whether the addresses of the application that we call by ourselves answer: asked once, as a check begins."""

from __future__ import annotations

from collections.abc import Iterator

from clients.client import Client
from idp.admin.checking.finding import Finding, Step
from idp.http import OutboundFailed, OutboundRefused
from idp.protocols import Services
from idp.reach import addresses, explain, find_unreachable

_GONE = (404, 410)


def has_addresses(client: Client) -> bool:
    """Whether there is an address that we call by ourselves."""
    return any(True for _ in addresses(client))


def look(services: Services, client: Client) -> Step | None:
    """A step that says so; None where there is no such address. By the guarded client alone."""
    if not has_addresses(client):
        return None
    found = [*_logout(services, client), *_others(services, client)]
    return Step("addresses", "wrong" if found else "ok", services.clock(), {}, tuple(one.short() for one in found))


def _logout(services: Services, client: Client) -> Iterator[Finding]:
    url = client.oidc.backchannel_logout_uri
    if not url:
        return
    expected = "an answer at " + url
    try:
        # Back-Channel Logout 1.0 §2.8: without a logout token it is answered with 400, and nobody is signed out.
        answer = services.outbound.post(url, {"logout_token": ""})
    except (OutboundRefused, OutboundFailed) as error:
        told = explain(url, error)
        side = "doorward" if told.side == "doorward" else "application"
        yield Finding("logout_unreachable", side, "backchannel_logout_uri", told.fix, expected, str(error))  # type: ignore[arg-type]
        return
    if answer.status in _GONE or answer.status >= 500:
        fix = "There is nothing at this address, or it fails: compare it with the application's documents. Until then "
        fix += "people who sign out here stay signed in there."
        yield Finding("logout_unreachable", "application", "backchannel_logout_uri", fix, expected, str(answer.status))


def _others(services: Services, client: Client) -> Iterator[Finding]:
    for one in find_unreachable(services, client):
        if one.setting != "backchannel_logout_uri":
            side = "doorward" if one.explanation.side == "doorward" else "application"
            expected = "an answer at " + one.url
            yield Finding("unreachable", side, one.setting, one.explanation.fix, expected, one.reason)  # type: ignore[arg-type]
