"""Signing out here goes on at the provider through which somebody came, where its row says so (I9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from idp.errors import Refused
from idp.federation import crowding, ending, keeping, kinds, leaving, snapshot
from idp.federation.ports import Leaving
from idp.federation.provider import ASK, NEVER, Provider
from idp.login.browser import elsewhere
from idp.login.browser.sessions import Session
from idp.login.signout import UPSTREAM, Notice
from idp.protocols import Services
from idp.wire import Response

#: The one address to which every provider sends people back; `state` says whose sign-out it was.
BACK: Final = "/upstream/signed-out"


def back_uri(services: Services, provider: Provider) -> str:
    """What is registered there as `post_logout_redirect_uri`; '' where signing out never goes on there."""
    return "" if provider.sign_out == NEVER else services.url(BACK)


def notices(services: Services, left: Sequence[Session]) -> list[Notice]:
    """A hop to each provider by which one of these sessions began; nothing is read where none goes on."""
    going_on = {one.id: one for one in snapshot.current(services) if one.sign_out != NEVER}
    if not going_on:
        return []
    return [
        _notice(going_on[began.provider_id], session.id)
        for session in left
        for began in elsewhere.of_session(services.db, session.id)
        if began.provider_id in going_on
    ]


def _notice(provider: Provider, session_id: str) -> Notice:
    payload = {"provider": provider.id, "session": session_id, "ask": provider.sign_out == ASK}
    return Notice(provider.id, provider.name, protocol=UPSTREAM, payload=payload)


def hop(services: Services, notice: Notice, chain: str, at: int) -> Response | None:
    """To the provider's own page; None where it cannot be asked: what ended here has ended all the same."""
    kept = keeping.find(services.db, notice.payload["provider"])
    found = elsewhere.of_session(services.db, notice.payload["session"])
    began = next((one for one in found if one.provider_id == notice.payload["provider"]), None)
    if kept is None or began is None:
        return None
    there, back = ending.there_of(services, began), back_uri(services, kept.provider)
    try:
        asked = Leaving(kept.provider, leaving.secret_of(services, kept), there, back, f"{chain}.{at}")
        with crowding.turn(services, kept.provider):
            return kinds.of(kept.provider).sign_out(services, asked)
    except Refused as error:
        services.log.warning("upstream_not_signed_out", provider=kept.provider.id, kind=error.code, reason=error.detail)
        return None
