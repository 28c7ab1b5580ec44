"""Our own pages as the sign-in engine's "application": a sign-in leads to the page that was asked for."""

from __future__ import annotations

from typing import Any

from idp.first_party import kept
from idp.login import pages
from idp.login.browser.sessions import Ended, Session
from idp.login.flow import FIRST_PARTY, Flow
from idp.login.services import Services
from idp.login.signout import Notice
from idp.wire import Redirect, Request, Response

PROTOCOL = FIRST_PARTY


class Door:
    """Our own pages as the engine's "application": a plain sign-in leads to the launcher."""

    is_trial = False

    def finish(self, services: Services, request: Request, flow: Flow, session: Session) -> Response:
        """Proven: on to the page that was asked for; a form that came along is kept for whoever has been proven."""
        if "form" in flow.request:
            kept.keep(services, session.person_id, flow.request["form"])
        return Redirect(location=services.url(flow.request["path"]))

    def deny(self, services: Services, request: Request, flow: Flow, reason: Any) -> Response:
        """Cancelled: back to the start."""
        return Redirect(location=services.url("/"))

    def restart_url(self, services: Services, flow: Flow) -> str:
        """The same page again."""
        return services.url(flow.request["path"])

    def request_name(self, flow: Flow) -> str:
        """Our own pages can be asked for again and again."""
        return ""

    def is_one_time(self, flow: Flow) -> bool:
        """They are never answered for good."""
        return False

    def start_url(self, services: Services, flow: Flow) -> str:
        """The launcher."""
        return services.url("/")

    def purpose(self, flow: Flow) -> str:
        """What the page is for, where that must be known before anybody signs in."""
        return str(flow.request.get("purpose", ""))

    def describe_consent(self, services: Services, flow: Flow, session: Session, locale: str) -> list[dict[str, str]]:
        """Our own pages ask for nothing."""
        return []

    def asked_elsewhere(self, services: Services, flow: Flow) -> None:
        """Whoever sees the page has begun it in this very browser."""

    def notices(self, services: Services, session: Session | Ended) -> list[Notice]:
        """Our own pages are no application."""
        return []

    def hop(self, services: Services, notice: Notice, chain: str, at: int) -> None:
        """Nor is there anywhere to go."""

    def conclude(self, services: Services, request: Request, values: Any, *, complete: bool) -> Response:
        """Nobody waits for an answer."""
        return pages.signed_out(services, ())


DOOR = Door()
