"""What every change of somebody's ways to sign in has in common: a fresh proof before it, a mail after it."""

from __future__ import annotations

from idp.accounts.person import Person
from idp.login.browser import sessions
from idp.login.browser.sessions import Session
from idp.login.recording import circumstances
from idp.portal.launcher import is_fresh, sign_in
from idp.protocols import Services
from idp.wire import Request, Response


def fresh_session(services: Services, request: Request, path: str) -> Session | Response:
    """The session, its proof young enough for a change; else the page that asks, leading back to `path` (P7)."""
    session = sessions.current(services, request)
    if session is None or not is_fresh(services, session):
        return sign_in(services, request, path, fresh=True)
    return session


def tell(services: Services, request: Request, person: Person, message: str, kind: str, label: str) -> None:
    """The mail about a factor that came or went (A5)."""
    from idp import mail

    values = {"kind": kind, **circumstances(services, request)}
    mail.tell(services, person, message, {**values, "label": label} if label else values)
