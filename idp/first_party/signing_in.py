"""The session that a page of our own needs, or the sign-in that leads back to the page (P7)."""

from __future__ import annotations

from idp.first_party.door import PROTOCOL
from idp.login import engine, step_up
from idp.login.browser import sessions
from idp.login.browser.sessions import Session
from idp.login.flow import Demands, Flow
from idp.login.services import Services
from idp.wire import Request, Response


def sign_in(
    services: Services, request: Request, path: str, *, fresh: bool = False, purpose: str = ""
) -> Response:  # fmt: skip
    """Ask for a sign-in that leads to one of our own paths; `fresh` asks for the password again (P7).

    `purpose`: what it is for, in a sentence that the page shows.
    """
    now = services.clock()
    # Anew, not merely young: a young proof that was not strong enough would come straight back here.
    demands = Demands(fresh_after=now if fresh else None)
    asked = {"path": path, **({"purpose": purpose} if purpose else {})}
    flow = Flow(protocol=PROTOCOL, client_id="", request=asked, demands=demands, started_at=now)
    return engine.begin(services, request, flow)


def is_fresh(services: Services, session: Session) -> bool:
    """Whether the proof is young enough, and strong enough, for a change of mail, factors or password (P7)."""
    return step_up.may_change_security(services, session)


def fresh_session(services: Services, request: Request, path: str) -> Session | Response:
    """The session, its proof young enough for a change; else the page that asks, leading back to `path` (P7)."""
    session = sessions.current(services, request)
    if session is None or not is_fresh(services, session):
        return sign_in(services, request, path, fresh=True)
    return session
