"""The frame of the person's own pages: `templates/portal/page.html`, with their name and the way around."""

from __future__ import annotations

from typing import Any

from idp.login import pages
from idp.login.browser import accounts
from idp.login.browser.sessions import Session
from idp.login.services import Services
from idp.wire import Page, Request


def page(
    services: Services, request: Request, session: Session, template: str, *, status: int = 200, **values: Any
) -> Page:
    """One of the person's own pages. `template` extends `portal/page.html` and fills its block `content`."""
    person = whoever(services, request, session)
    return Page(template=template, status=status, values={"person": person, **values})


def whoever(services: Services, request: Request, session: Session) -> dict[str, Any]:
    """The account menu at the top right (A9): who is at the front, and who else is signed in in this browser."""
    others = [
        {**pages.person(other.session), "session_id": other.session.id} for other in accounts.others(services, request)
    ]
    about = {"session_id": session.id, "others": others, "administers": bool(session.roles)}
    return {**pages.person(session), **about}
