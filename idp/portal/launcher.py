"""The first page of somebody who is signed in: their applications."""

from __future__ import annotations

from typing import Any

from clients.access import decide
from idp.login import engine, pages, sessions, signout
from idp.login.flow import Demands, Flow
from idp.login.sessions import Session
from idp.login.signout import Ending, Notice
from idp.saml import sso
from idp.services import Services
from idp.web import shown_app
from idp.wire import Handler, Page, Redirect, Request, Response

PROTOCOL = "portal"
MAX_TILES = 500


class Door:
    """Our own pages as the engine's "application": a plain sign-in leads to the launcher."""

    def finish(self, services: Services, request: Request, flow: Flow, session: Session) -> Response:
        """Proven: on to the page that was asked for."""
        return Redirect(location=services.url(flow.request["path"]))

    def deny(self, services: Services, request: Request, flow: Flow, reason: Any) -> Response:
        """Cancelled: back to the start."""
        return Redirect(location=services.url("/"))

    def restart_url(self, services: Services, flow: Flow) -> str:
        """The same page again."""
        return services.url(flow.request["path"])

    def describe_consent(self, services: Services, flow: Flow, session: Session) -> list[dict[str, str]]:
        """Our own pages ask for nothing."""
        return []

    def notices(self, services: Services, session: Session) -> list[Notice]:
        """Our own pages are no application."""
        return []

    def hop(self, services: Services, notice: Notice, chain: str, at: int) -> None:
        """Nor is there anywhere to go."""

    def conclude(self, services: Services, request: Request, values: Any, *, complete: bool) -> Response:
        """Nobody waits for an answer."""
        return pages.signed_out(services, ())


DOOR = Door()


def sign_in(services: Services, request: Request, path: str, *, fresh: bool = False) -> Response:
    """Ask for a sign-in that leads to one of our own paths; `fresh` asks for the password again (P7)."""
    now = services.clock()
    demands = Demands(max_age=FRESH if fresh else None)
    flow = Flow(protocol=PROTOCOL, client_id="", request={"path": path}, demands=demands, started_at=now)
    return engine.begin(services, request, flow)


FRESH = 300  # seconds since the proof that changes of mail, factors and password ask for


def home(services: Services, request: Request) -> Response:
    """GET /."""
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, "/")
    return Page(
        template="portal/launcher.html", values={"apps": tiles(services, session), "person": pages.person(session)}
    )


def or_home(submit: Handler) -> Handler:
    """The handler for a page's POST; whoever comes there by a bookmark or a reload is sent to the start (L8)."""

    def answer(services: Services, request: Request) -> Response:
        return submit(services, request) if request.method == "POST" else Redirect(location=services.url("/"))

    return answer


def tiles(services: Services, session: Session) -> list[dict[str, Any]]:
    """The applications that this person may open, by name."""
    shown = []
    for entry in services.registry.list(limit=MAX_TILES):
        client = services.registry.find(entry.id)
        if (
            client is None
            or client.profile == "machine"
            or not decide(client, session.person_id, session.groups).allowed
        ):
            continue
        about = shown_app(services, client)
        if about is not None:
            launch = (
                client.launch_url or client.initiate_login_uri or sso.start_url(services, client) or about["client_uri"]
            )
            shown.append({**about, "launch_url": launch or None, "description": ""})
    return shown


def sign_out(services: Services, request: Request) -> Response:
    """GET and POST /logout."""
    session = sessions.to_end(services, request)
    if session is None:
        return pages.signed_out(services, ())
    if request.method != "POST":
        return pages.confirm_sign_out(services, session, None, "", "/logout", ())
    return signout.leave(services, request, [session], "signed out", Ending())
