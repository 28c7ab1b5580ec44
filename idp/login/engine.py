"""The sign-in engine: `begin` for a request that comes in, `submit_*` for each page, `proceed` after each of them.

Every POST proves something and ends in `proceed`, in process. No page knows another; `policy.next_step` decides.
"""

from __future__ import annotations

from dataclasses import replace

from idp import browser
from idp.accounts.passwords import Busy
from idp.accounts.person import Person
from idp.accounts.recovery import resets
from idp.audit import Event
from idp.login import consent, pages, requirements, standing
from idp.login.authenticators import password
from idp.login.authn import PASSWORD
from idp.login.browser import accounts, answered, devices, loops, robots, sessions
from idp.login.browser.sessions import Session
from idp.login.flow import Denial, Flow, open_sealed
from idp.login.policy import Ask, more_proof, next_step, without_wishes
from idp.login.steps import sign_in_form
from idp.services import ProtocolDoor, Services
from idp.wire import AutoPost, Cookie, Request, Response


def begin(services: Services, request: Request, flow: Flow) -> Response:
    """A protocol's request comes in: answer it from the live session, or show the page that is missing."""
    session = sessions.current(services, request, flow.client_id)
    wanted = flow.demands.subject
    if wanted is not None and (session is None or session.person_id != wanted):
        other = accounts.find(services, request, person_id=wanted, client_id=flow.client_id)
        session = other.session if other is not None else session
    if answered.is_known(services, request, flow):
        return answered.lead_on(services, request, flow)
    if session is None:
        return _step(services, request, flow, None)
    interruption = loops.interrupt(services, request, flow, session)
    if interruption is not None:
        return interruption
    response = _step(services, request, flow, session)
    if isinstance(response, AutoPost):  # a page that leads on by itself is one that Back leads to
        response = answered.keep(services, request, flow, response)
    return loops.count(services, request, flow, session, response)


def proceed(services: Services, request: Request, flow: Flow, session: Session | None) -> Response:
    """The next page, or the protocol's answer; remembered, since Back leads to the page that was before it."""
    if answered.is_known(services, request, flow) and session is not None:
        return answered.lead_on(services, request, flow)
    return answered.keep(services, request, flow, _step(services, request, flow, session))


def deny(services: Services, request: Request, flow: Flow, reason: Denial) -> Response:
    """The application is told why not, by somebody's choice on a page of ours."""
    if answered.is_known(services, request, flow):
        return answered.lead_on(services, request, flow)
    return answered.keep(services, request, flow, door(services, flow).deny(services, request, flow, reason))


def _step(services: Services, request: Request, flow: Flow, session: Session | None) -> Response:
    client = services.registry.find(flow.client_id) if flow.client_id else None
    needs = standing.of_session(services, request, flow, session)
    step = next_step(flow, session, client, services.clock(), needs)
    if isinstance(step, Denial):
        is_theirs = client is not None and client.enabled  # one that is turned off is shut to everybody
        if step.cause == "policy" and is_theirs and session is not None and not flow.demands.silent:
            from idp.login.steps import no_access

            return no_access.page(services, request, flow, session)
        return door(services, flow).deny(services, request, flow, step)
    if isinstance(step, Ask):
        if step.what in ("factor", "enrol") and session is not None:
            from idp.login.steps import prove

            return prove.step_up(services, request, flow, session, step, needs)
        if step.what == "consent" and session is not None:
            return pages.ask_consent(services, request, flow, session)
        if step.what == "account" and session is not None:
            return pages.choose_account(services, request, flow, session)
        if session is None and not flow.selected and accounts.others(services, request):
            return pages.choose_account(services, request, flow, None)
        return pages.login(
            services, request, flow, notice=step.notice, typed=session.username if session and step.notice else ""
        )
    if session is not None and flow.client_id:
        _note_use(services, request, flow, session)
    return door(services, flow).finish(services, request, flow, session)


def _note_use(services: Services, request: Request, flow: Flow, session: Session) -> None:
    """When the application was last opened; and that single sign-on opened it, where nobody signed in for it (A2)."""

    def opened() -> Event:
        return Event(
            "app:opened", actor=session.person_id, person_id=session.person_id, client_id=flow.client_id,
            session_id=session.id, address=request.remote_address, request_id=request.id,
            detail={"browser": request.user_agent},
        )  # fmt: skip

    now = services.clock()
    is_told = flow.demands.silent or now - session.auth_time < JUST_NOW  # the sign-in itself stands in the list
    services.uses.note(session.person_id, flow.client_id, now, None if is_told else opened)


JUST_NOW = 5.0  # seconds


def door(services: Services, flow: Flow) -> ProtocolDoor:
    """The protocol that the flow belongs to."""
    return services.protocols[flow.protocol]


def submit_password(services: Services, request: Request) -> Response:
    """POST /login."""
    flow = posted_flow(services, request)
    if isinstance(flow, Response):
        return flow
    if request.form.get("action") == "show":  # back from the pages of help
        return pages.login(services, request, flow)
    if request.form.get("action") == "cancel":
        # The old session, if there is one, is left as it was (CVE-2023-6787).
        return deny(services, request, flow, Denial("access_denied", "The person cancelled the sign-in.", "cancelled"))
    typed = sign_in_form.read(services, request)
    if sign_in_form.is_late(services, request):
        return pages.login(services, request, flow, typed=typed.login, notice=sign_in_form.LATE)
    flood, now, restart = services.flood, services.clock(), door(services, flow).restart_url(services, flow)
    key = flood.key(request.remote_address, typed.login, typed.password)
    if flood.is_on(key, now):
        return pages.too_fast(services, restart)
    with flood.one_of_few(key) as is_one:
        if not is_one:
            again = pages.resend(services, request, flow, typed)
            return replace(pages.busy(services, 1, restart, again), status=429)
        try:
            outcome = password.prove(services, request, typed.login, typed.password)
        except Busy as error:
            again = pages.resend(services, request, flow, typed)
            return pages.busy(services, error.retry_after, restart, again)
    if outcome.person is None:
        flood.in_vain(key, now)
        return _not_proven(services, request, flow, typed, outcome)
    stay = typed.stay and services.settings.session.stay_days > 0
    return enter(services, request, flow, outcome.person, (PASSWORD,), stay=stay, shared=typed.shared)


def _not_proven(
    services: Services, request: Request, flow: Flow, typed: sign_in_form.Typed, outcome: password.Outcome
) -> Response:
    """The page again. Nobody is blamed who has only to show that they are no program: what they typed is kept."""
    kept, notice = "", ""
    if outcome.unproven:
        kept = sign_in_form.seal(services, request, typed)
        notice = robots.MISREAD if request.form.get("digits") else robots.UNPROVEN
    page = pages.login(
        services, request, flow, typed=typed.login, error=outcome.error, notice=notice, pause=outcome.pause,
        error_id=outcome.error_id,
        check=outcome.check, kept=kept,
    )  # fmt: skip
    return with_cookies(page, robots.cookie(services)) if outcome.check else page


def enter(
    services: Services, request: Request, flow: Flow, person: Person, methods: tuple[str, ...], *,
    stay: bool = False, shared: bool = False, session_id: str = "", trust: bool = False,
) -> Response:  # fmt: skip
    """What every proof ends in: more is asked for, or the person has a session and the conversation goes on.

    `stay`: the sign-in outlasts the browser; `shared`: the device is not remembered; `session_id`: the session that has
    shown a part of `methods`; `trust`: the device is let off the second step for some days.
    """
    flow = without_wishes(flow) if len(methods) > 1 else flow
    needs = standing.of_person(services, request, flow, person, methods)
    step = more_proof(flow, methods, needs, services.clock())
    if isinstance(step, Ask) and step.what != "enrol":
        from idp.login.steps import prove

        return prove.ask_for(
            services, request, flow, person, methods, step, stay=stay, shared=shared, session_id=session_id
        )
    if isinstance(step, Denial) and not requirements.is_met(needs.need.level, methods):
        return deny(services, request, flow, step)
    is_new_device = devices.known(services, request, person.id) is None
    again = accounts.find(services, request, person_id=person.id)
    beside = flow.beside or again is not None  # who was at the front has been beside this one already
    try:
        grows = sessions.get_open(services, session_id) if session_id else None
        session_id, cookie = sessions.start(
            services, request, person, methods, stay=stay, beside=beside, again=again.session if again else None,
            grows=grows,
        )  # fmt: skip
    except sessions.Changed:
        now_is = services.directory.get(person.id)
        locked = pages.LOCKED if person.email and resets.is_open(services) else pages.LOCKED_ASK
        error = locked if now_is.must_reset else password.WRONG if now_is.enabled else password.DISABLED
        return pages.login(services, request, replace(flow, pending=""), typed=person.username, error=error)
    session = sessions.get(services, session_id, flow.client_id)
    response = proceed(services, request, replace(flow, selected=True, pending=""), session)
    remembered = () if shared else (devices.remember(services, request, person, methods, trust=trust),)
    if is_new_device:
        devices.announce(services, request, person)
    aside = accounts.after_start(services, request, session_id, beside=beside)
    return with_cookies(response, cookie, *remembered, *aside)


def lacks(services: Services, request: Request, flow: Flow, person: Person, methods: tuple[str, ...]) -> bool:
    """Whether more is needed than `methods`: for paths that can show no page, which must refuse then."""
    needs = standing.of_person(services, request, flow, person, methods)
    return more_proof(flow, methods, needs, services.clock()) is not None


def submit_consent(services: Services, request: Request) -> Response:
    """POST /login/consent."""
    flow = posted_flow(services, request)
    if isinstance(flow, Response):
        return flow
    session = sessions.current(services, request, flow.client_id)
    decision = request.form.get("decision")
    if session is None or session.id != flow.shown_to:
        # A hint asked somebody who is not at the front. Whoever has gone meanwhile: no decision of theirs.
        other = accounts.find(services, request, session_id=flow.shown_to, client_id=flow.client_id)
        if other is None:
            return proceed(services, request, replace(flow, shown_to=""), session)
        session = other.session
    if decision == "switch":
        return pages.login(services, request, replace(flow, login_hint=""))
    if decision == "allow":
        consent.grant(services, request, session, flow)
        flow = replace(flow, agreed=session.id)
        return proceed(services, request, flow, sessions.get(services, session.id, flow.client_id))
    return deny(services, request, flow, Denial("access_denied", "The person did not agree.", "declined"))


def submit_account(services: Services, request: Request) -> Response:
    """POST /login/account."""
    flow = posted_flow(services, request)
    if isinstance(flow, Response):
        return flow
    session, chosen = sessions.current(services, request, flow.client_id), request.form.get("account") or ""
    if session is not None and chosen == session.id:
        return proceed(services, request, flow.chosen(), session)
    other = accounts.find(services, request, session_id=chosen, client_id=flow.client_id)
    if other is not None:
        response = proceed(services, request, flow.chosen(), other.session)
        return with_cookies(response, *accounts.put_first(services, request, other))
    return pages.login(services, request, replace(flow, login_hint="", beside=True, selected=True))


def posted_flow(services: Services, request: Request) -> Flow | Response:
    """The pending request of a posted page; else the page that leads on: never a dead end (L8, L10)."""
    opened = open_sealed(services.sealer, request.form.get("flow") or "", browser.identify(services, request))
    if opened is None:
        return pages.stale(services, services.url("/"), None)
    flow, same_browser = opened
    if same_browser and services.clock() - flow.started_at < MAX_OPEN:
        request.for_client = flow.client_id
        request.ui_locales = flow.ui_locales
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
