"""Before any page of the console: who is it, proven how, and may they (C2, C3)."""

from __future__ import annotations

import json
from typing import Any

from idp import browser, flash
from idp.admin.actor import NotAllowed, of_session
from idp.admin.approving.asking import Waits
from idp.admin.permissions import SENSITIVE, Permission
from idp.console import kept
from idp.console.pages import ConsolePage, Visit
from idp.errors import Explanation, Refused
from idp.first_party import kept as first_party
from idp.first_party.door import PROTOCOL
from idp.first_party.signing_in import is_fresh
from idp.login import engine, requirements
from idp.login.authn import MFA, PHISHING_RESISTANT
from idp.login.browser import sessions
from idp.login.browser.sessions import Session
from idp.login.flow import Demands, Flow
from idp.protocols import Services
from idp.texts import N_
from idp.web.error_pages import stale_form
from idp.wire import Request, Response, Route

HOUR = 3600


def route(page: ConsolePage) -> Route:
    """The page as a route that nobody passes without being asked."""

    def answer(services: Services, request: Request) -> Response:
        return _answer(page, services, request)

    # The guard looks at the form's key itself: what was typed outlives a session that ended (B5).
    return Route(page.path, page.methods, answer, form=False)


def _answer(page: ConsolePage, services: Services, request: Request) -> Response:
    is_post = request.method == "POST"
    if is_post and page.file:
        if (answer := _before_file(page, services, request)) is not None:
            return answer
        request.admit_file()
    if is_post and not browser.is_own_form(services, request, open=True):
        raise stale_form(request)
    session = sessions.current(services, request)
    if session is None or not _is_strong(services, session) or _is_old(services, session):
        return _sign_in(services, request, session)
    actor = of_session(services, request, session)
    if not actor.may(page.permission):
        raise _refused(page.permission, "")
    if is_post:
        wanted = page.change or page.permission
        if not actor.may(wanted):
            raise _refused(wanted, "")
        if wanted in SENSITIVE and not is_fresh(services, session):
            return _sign_in(services, request, session, fresh=True)
        if not browser.is_own_form(services, request, open=False):
            # From before somebody signed in, perhaps somebody else: looked at again before it is sent in their name.
            return kept.offer(services, request, Visit(actor, session))
    try:
        return page.handler(services, request, Visit(actor, session))
    except NotAllowed as error:
        raise _refused(error.permission, str(error)) from error
    except Waits as error:
        return flash.redirect(services, f"/admin/approvals/{error.id}", "approval_asked")


def _before_file(page: ConsolePage, services: Services, request: Request) -> Response | None:
    """Whoever may not send a file is told so before it is read; the sign-in leads to the page, and the file waits."""
    session = sessions.current(services, request)
    if session is None or not _is_strong(services, session) or _is_old(services, session):
        return _sign_in(services, request, session, keeps=False)
    actor = of_session(services, request, session)
    for wanted in (page.permission, page.change or page.permission):
        if not actor.may(wanted):
            raise _refused(wanted, "")
    return None


def _is_strong(services: Services, session: Session) -> bool:
    return not services.settings.admin.second_factor or requirements.is_met(requirements.SECOND, session.methods)


def _is_old(services: Services, session: Session) -> bool:
    return services.clock() - session.auth_time > services.settings.admin.session_hours * HOUR


def prove_again(services: Services, request: Request, visit: Visit) -> Response | None:
    """For a page where only some changes are sensitive: the sign-in that a form waits for; None where it is fresh."""
    return None if is_fresh(services, visit.session) else _sign_in(services, request, visit.session, fresh=True)


def _sign_in(
    services: Services, request: Request, session: Session | None, *, fresh: bool = False, keeps: bool = True
) -> Response:
    """Ask for the proof that is missing; it leads back to the page, or to the form as it was typed (B5)."""
    now = services.clock()
    query = str(request.environ.get("QUERY_STRING") or "")
    path = request.path[len(request.environ.get("SCRIPT_NAME", "")) :] + (f"?{query}" if query else "")
    asked: dict[str, Any] = {"path": path}
    if request.method == "POST" and keeps:
        form = kept.form_of(request)
        if session is not None and first_party.keep(services, session.person_id, form):
            asked = {"path": kept.PATH}
        elif len(json.dumps(form)) <= first_party.CARRIED:
            asked = {"path": kept.PATH, "form": form}
    demands = Demands(
        fresh_after=now if fresh or (session is not None and _is_old(services, session)) else None,
        strength=(MFA, PHISHING_RESISTANT) if services.settings.admin.second_factor else (),
    )
    flow = Flow(protocol=PROTOCOL, client_id="", request=asked, demands=demands, started_at=now)
    return engine.begin(services, request, flow)


def _refused(permission: Permission, why: str) -> Refused:
    return Refused(
        "not_allowed",
        N_("Your account may not do this here."),
        title=N_("This is for others"),
        advice=N_("Ask an owner of your company's sign-in if you need it."),
        detail=f"{permission}: {why}" if why else f"{permission} is missing",
        explanation=Explanation("person", f"Who needs it is given a role with {permission}: doorward user role --help"),
        status=403,
    )
