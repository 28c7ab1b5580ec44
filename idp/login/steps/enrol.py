"""Set up a second factor: who asks for it, until when it can wait, and back to the application that does (F8).

Setting up happens on the person's own pages. What waits for it is kept for the session, so that they lead on to it.
"""

from __future__ import annotations

import math
from dataclasses import replace

from idp.accounts.factors import kinds
from idp.accounts.person import Person
from idp.login import pages, pending
from idp.login.authn import ADMIN_CODE
from idp.login.browser import sessions, starting
from idp.login.browser.sessions import Session
from idp.login.browser.starting import Start
from idp.login.flow import Flow, dump, load
from idp.login.services import Services
from idp.login.steps import Enrol, Identify
from idp.login.steps.outcomes import Outcome, Proceed, Show
from idp.showing import form_targets
from idp.wire import Cookie, Page, Redirect, Request

WAITS_FOR = pending.TTL * 4  # seconds that an application waits


def show(services: Services, request: Request, flow: Flow, session: Session | None, step: Enrol) -> Outcome:
    """The page, or on without it where this session has put it off."""
    person = services.directory.find(session.person_id) if session is not None else None
    if session is None or person is None:
        return Show(flow, Identify())
    if step.until and services.state.get(_postponed(session.id)):
        return Proceed(replace(flow, postponed=True), session)
    wait(services, flow, session)
    return _page(services, request, flow, person, step)


def _page(services: Services, request: Request, flow: Flow, person: Person, step: Enrol) -> Page:
    now = services.clock()
    is_later = step.until > now
    return Page(
        template="login/enrol.html",
        values={
            "app": pages.app(services, flow),
            "flow": pages.sealed(services, request, flow),
            "here": services.url("/"),
            "back": services.protocols[flow.protocol].restart_url(services, flow),
            "person": {"name": person.name or person.username, "username": person.username},
            "why": step.why,
            "kinds": list(kinds.can_be_set_up(services.settings).values()),
            "until": step.until if is_later else 0,
            "helped": step.helped,
            "days_left": math.ceil((step.until - now) / 86400) if is_later else 0,
        },
        form_action=form_targets(flow.destination),
    )


def submit(services: Services, request: Request, flow: Flow) -> Outcome:
    """POST /login/enrol: setting up can wait, for as long as the rule says."""
    session = sessions.current(services, request, flow.client_id)
    if session is not None:
        services.state.put(_postponed(session.id), True, session.expires_at - services.clock())
    return Proceed(replace(flow, postponed=True), session)


def wait(services: Services, flow: Flow, session: Session) -> None:
    """Keep the request while this person sets something up; `/login/continue` goes on to it."""
    services.state.put(_waiting(session.id), dump(flow), WAITS_FOR)


def is_waiting(services: Services, session: Session) -> bool:
    """Whether a request waits so."""
    return services.state.get(_waiting(session.id)) is not None


def enrolled(services: Services, request: Request, session: Session, method: str) -> Cookie:
    """Somebody who is signed in has just set something up and shown it: the session knows, under a new secret.

    Errors: `sessions.Changed`.
    """
    person = services.directory.get(session.person_id)
    stays = session.idle_seconds > services.settings.session.idle_minutes * 60
    methods = tuple(dict.fromkeys((*(m for m in session.methods if m != ADMIN_CODE), method)))
    return starting.start(services, request, person, methods, Start(stay=stays, grows=session))[1]


def go_on(services: Services, request: Request) -> Outcome:
    """GET /login/continue: back to the application that asked for a second factor."""
    session = sessions.current(services, request)
    kept = services.state.get(_waiting(session.id)) if session is not None else None
    if session is None or kept is None:
        return Redirect(location=services.url("/"))
    flow = load(kept)
    return Proceed(flow, sessions.current(services, request, flow.client_id))


def _waiting(session_id: str) -> str:
    return "login:waiting:" + session_id


def _postponed(session_id: str) -> str:
    return "login:postponed:" + session_id
