"""The sign-in engine: `begin` for a request that comes in, `submit_*` for each page, `proceed` after each of them.

Every POST proves something and ends in `proceed`, in process. No page knows another; `policy.next_step` decides.
"""

from __future__ import annotations

from dataclasses import replace

from idp import browser
from idp.accounts.passwords import Busy
from idp.login import consent, devices, loops, pages, password, sessions
from idp.login.authn import PASSWORD
from idp.login.flow import Denial, Flow, open_sealed
from idp.login.policy import Ask, next_step
from idp.login.sessions import Session
from idp.services import ProtocolDoor, Services
from idp.wire import Cookie, Request, Response


def begin(services: Services, request: Request, flow: Flow) -> Response:
    """A protocol's request comes in: answer it from the live session, or show the page that is missing."""
    session = sessions.current(services, request, flow.client_id)
    if session is not None and loops.is_looping(services, request, flow, session):
        return loops.page(services, request, flow, session)
    return proceed(services, request, flow, session)


def proceed(services: Services, request: Request, flow: Flow, session: Session | None) -> Response:
    """The next page, or the protocol's answer."""
    client = services.registry.find(flow.client_id) if flow.client_id else None
    step = next_step(flow, session, client, services.clock())
    if isinstance(step, Denial):
        return door(services, flow).deny(services, request, flow, step)
    if isinstance(step, Ask):
        if step.what == "consent" and session is not None:
            return pages.ask_consent(services, request, flow, session)
        if step.what == "account" and session is not None:
            return pages.choose_account(services, request, flow, session)
        return pages.login(
            services, request, flow, notice=step.notice, typed=session.username if session and step.notice else ""
        )
    return door(services, flow).finish(services, request, flow, session)


def door(services: Services, flow: Flow) -> ProtocolDoor:
    """The protocol that the flow belongs to."""
    return services.protocols[flow.protocol]


def submit_password(services: Services, request: Request) -> Response:
    """POST /login."""
    flow = posted_flow(services, request)
    if isinstance(flow, Response):
        return flow
    if request.form.get("action") == "cancel":
        # The old session, if there is one, is left as it was (CVE-2023-6787).
        return door(services, flow).deny(
            services, request, flow, Denial("access_denied", "The person cancelled the sign-in.", "cancelled")
        )
    typed, secret = request.form.first.get("login", ""), request.form.first.get("password", "")
    try:
        outcome = password.prove(services, request, typed, secret)
    except Busy as error:
        return pages.busy(services, error.retry_after, door(services, flow).restart_url(services, flow))
    if outcome.person is None:
        return pages.login(services, request, flow, typed=typed, error=outcome.error, pause=outcome.pause)
    person = outcome.person
    shared = bool(request.form.get("shared"))
    stay = bool(request.form.get("stay")) and not shared and services.settings.session.stay_days > 0
    try:
        session_id, cookie = sessions.start(services, request, person, (PASSWORD,), stay=stay)
    except sessions.Changed:
        return pages.login(services, request, flow, typed=typed, error=password.WRONG)
    session = sessions.get(services, session_id, flow.client_id)
    response = proceed(services, request, replace(flow, selected=True), session)
    remembered = () if shared else (devices.remember(services, request, person.id),)
    return with_cookies(response, cookie, *remembered)


def submit_consent(services: Services, request: Request) -> Response:
    """POST /login/consent."""
    flow = posted_flow(services, request)
    if isinstance(flow, Response):
        return flow
    session = sessions.current(services, request, flow.client_id)
    decision = request.form.get("decision")
    if session is None or session.id != flow.shown_to:
        # Nobody, or somebody else by now, than the page was shown to: no decision of theirs.
        return proceed(services, request, replace(flow, shown_to=""), session)
    if decision == "switch":
        return pages.login(services, request, replace(flow, login_hint=""))
    if decision == "allow":
        consent.grant(services, request, session, flow)
        return proceed(services, request, flow, sessions.get(services, session.id, flow.client_id))
    return door(services, flow).deny(
        services, request, flow, Denial("access_denied", "The person did not agree.", "declined")
    )


def submit_account(services: Services, request: Request) -> Response:
    """POST /login/account."""
    flow = posted_flow(services, request)
    if isinstance(flow, Response):
        return flow
    session = sessions.current(services, request, flow.client_id)
    if session is not None and request.form.get("account") == session.id:
        return proceed(services, request, flow.chosen(), session)
    return pages.login(services, request, replace(flow, login_hint=""))


def posted_flow(services: Services, request: Request) -> Flow | Response:
    """The pending request of a posted page; else the page that leads on: never a dead end (L8, L10)."""
    opened = open_sealed(services.sealer, request.form.get("flow") or "", browser.identify(services, request))
    if opened is None:
        return pages.stale(services, services.url("/"), None)
    flow, same_browser = opened
    if same_browser and services.clock() - flow.started_at < MAX_OPEN:
        return flow
    again = door(services, flow).restart_url(services, flow)
    if request.browser_is_new:
        return pages.no_cookies(services, again)
    client = services.registry.find(flow.client_id) if flow.client_id else None
    return pages.stale(services, again, client)


MAX_OPEN = 86400.0  # seconds that a page may lie open and still be posted


def with_cookies(response: Response, *cookies: Cookie) -> Response:
    """The same answer with more cookies."""
    return replace(response, cookies=(*response.cookies, *cookies))
