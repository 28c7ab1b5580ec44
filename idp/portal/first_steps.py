"""What the first owner does next: an application, people, mail. On their launcher, until all is done or hidden (T9)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from idp import flash, mail
from idp.browser import cookie_name
from idp.ids import digest
from idp.login.browser import sessions
from idp.login.browser.sessions import Session
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Cookie, Redirect, Request, Response

COOKIE: Final = "steps"  # who has hidden them in this browser; see `browser.cookie_name`
HIDDEN_FOR: Final = 365 * 86400  # seconds


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, the command that does it, the document that has more, and the page of the console, if any."""

    title: str
    text: str
    command: str
    document: str
    path: str = ""


STEPS: Final = (
    Step(
        N_("Connect an application"),
        N_("Name it, and say where answers go. The command prints what the application needs."),
        'doorward client add oidc --name "Our CRM" --redirect-uri https://crm.example.com/callback',
        "docs/applications.md",
        "/admin/apps/new",
    ),
    Step(
        N_("Add people"),
        N_("The command prints a link for each of them, to set a password."),
        'doorward user add --username anna --email anna@example.com --name "Anna Berg"',
        "docs/getting-started.md",
        "/admin/people/new",
    ),
    Step(
        N_("Let mail leave"),
        N_("Forgotten passwords, codes and warnings go by mail. Set [mail] host, restart, and try it:"),
        "doorward mail test --to anna@example.com",
        "docs/operating.md",
    ),
)


def of(services: Services, request: Request, session: Session, *, has_apps: bool) -> list[tuple[Step, bool]]:
    """Each step, and whether it is done; none for whoever is no owner, has hidden them, or has done them all.

    Only an owner who still sees them costs a look at the store. `has_apps`: the launcher has found one already.
    """
    if "owner" not in session.roles or _are_hidden(services, request, session):
        return []
    done = (
        has_apps or bool(services.registry.list(limit=1)),
        len(services.directory.list(limit=2)) > 1,
        mail.leaves(services),
    )
    return [] if all(done) else list(zip(STEPS, done, strict=True))


def hide(services: Services, request: Request) -> Response:
    """POST /steps: this person is shown them no more in this browser."""
    session = sessions.current(services, request)
    if session is None:
        return Redirect(location=services.url("/"))
    hidden = Cookie(cookie_name(services, COOKIE), digest(session.person_id), HIDDEN_FOR)
    return flash.redirect(services, "/", "steps_hidden", hidden)


def _are_hidden(services: Services, request: Request, session: Session) -> bool:
    said = request.cookies.get(cookie_name(services, COOKIE), "")
    return hmac.compare_digest(said.encode(), digest(session.person_id).encode())
