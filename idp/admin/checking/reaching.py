"""Whether the addresses of the application that we call by ourselves answer: asked once, as a check begins."""

from __future__ import annotations

from collections.abc import Iterator

from clients.client import Client
from idp.admin.checking.step import Step
from idp.answers.finding import Finding
from idp.errors import Explanation
from idp.http import OutboundFailed, OutboundRefused
from idp.protocols import Services
from idp.reach import addresses, explain, find_unreachable, outbound

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
        answer = outbound(services, client.metadata).post(url, {"logout_token": ""})
    except (OutboundRefused, OutboundFailed) as error:
        told = explain(url, error)
        yield _unreachable("logout_unreachable", "backchannel_logout_uri", told, expected, str(error))
        return
    if answer.status in _GONE or answer.status >= 500:
        fix = "There is nothing at this address, or it fails: compare it with the application's documents. Until then "
        fix += "people who sign out here stay signed in there."
        yield Finding("logout_unreachable", "application", "backchannel_logout_uri", fix, expected, str(answer.status))


def _others(services: Services, client: Client) -> Iterator[Finding]:
    for one in find_unreachable(services, client):
        if one.setting != "backchannel_logout_uri":
            yield _unreachable("unreachable", one.setting, one.explanation, "an answer at " + one.url, one.reason)


def _unreachable(code: str, setting: str, told: Explanation, expected: str, reason: str) -> Finding:
    """Why we do not call it is in our settings, and no business of whoever has the link."""
    if told.side == "doorward":
        return Finding(code, "doorward", setting, told.fix, expected, reason, reader="app")
    return Finding(code, "application", setting, told.fix, expected, reason)
