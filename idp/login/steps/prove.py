"""More proof than a password: the conversation between a half-proven person and the ways that they have.

Wrong codes are counted per person over all sign-ins at once, apart from passwords (X27; NIST SP 800-63B-4 §3.2.2).
"""

from __future__ import annotations

from dataclasses import replace

from idp import audit
from idp.accounts.factors import admin_codes
from idp.accounts.passwords import Busy
from idp.accounts.person import Person, PersonChanged
from idp.audit import Event, record
from idp.errors import new_error_id
from idp.ids import new_id
from idp.login import authenticators, engine, pages, pending, standing
from idp.login.authenticators import Authenticator
from idp.login.authn import ADMIN_CODE, PASSWORD
from idp.login.browser import accounts, devices, sessions
from idp.login.browser.sessions import Session
from idp.login.flow import Denial, Flow, dump, load
from idp.login.pending import Pending, Verdict
from idp.login.policy import Ask, Standing, more_proof
from idp.login.steps import prove_pages
from idp.login.throttle import Account, Failure, Pause, second_step
from idp.services import Services
from idp.texts import N_
from idp.wire import Cookie, Redirect, Request, Response

LATE = N_("That took longer than a quarter of an hour. Please sign in again.")
NOT_NOW = N_("This way cannot be used at the moment. Choose another one.")
PAUSED = N_("Too many wrong codes. Please wait, then use the newest code.")
STOPPED = N_("Too many wrong codes: the help desk must unlock this account first.")


def ask_for(
    services: Services, request: Request, flow: Flow, person: Person, methods: tuple[str, ...], step: Ask, *,
    stay: bool, shared: bool, session_id: str = "",
) -> Response:  # fmt: skip
    """Keep what was proven, and show the page for the best way on. `session_id`: where a session proves `methods`."""
    kept = pending.begin(
        services, flow, person, methods, stay=stay, shared=shared, allowed=step.ways, session_id=session_id
    )
    if step.what == "renew":
        return prove_pages.renew_password(services, request, kept, person, [])
    way = authenticators.get(step.ways[0])
    assert way is not None, step
    return prove_pages.ask(services, request, kept, person, way)


def step_up(services: Services, request: Request, flow: Flow, session: Session, step: Ask, needs: Standing) -> Response:
    """Somebody who is signed in shall prove more, or set something up first."""
    person = services.directory.find(session.person_id)
    if person is None:
        return pages.login(services, request, flow)
    if step.what == "enrol":
        if step.until and services.state.get(_postponed(session.id)):
            return engine.proceed(services, request, replace(flow, postponed=True), session)
        services.state.put(_waiting(session.id), dump(flow), pending.TTL * 4)
        return prove_pages.enrol(services, request, flow, person, step.until, needs.need.why, helped=step.helped)
    stays = session.idle_seconds > services.settings.session.idle_minutes * 60
    shared = devices.known(services, request, person.id) is None
    return ask_for(
        services, request, flow, person, session.methods, step, stay=stays, shared=shared, session_id=session.id
    )


def submit(services: Services, request: Request) -> Response:
    """POST /login/factor."""
    flow = engine.posted_flow(services, request)
    if isinstance(flow, Response):
        return flow
    if request.form.get("action") == "cancel":
        pending.drop(services, flow)
        reason = Denial("access_denied", "The person cancelled the sign-in.", "cancelled")
        return engine.deny(services, request, flow, reason)
    kept, person = _standing_person(services, request, flow)
    if kept is None or person is None:
        return pages.login(services, request, replace(flow, pending=""), notice=LATE)
    return _answer(services, request, kept, person)


def _answer(services: Services, request: Request, kept: Pending, person: Person) -> Response:
    action, way = request.form.get("action"), authenticators.get(request.form.get("way") or "")
    kept = _with_new_ways(services, request, kept, person)
    if action == "stuck":
        from idp import mail
        from idp.accounts import cases

        case = cases.open_case(services, person.id, cases.NO_WAY_IN, "None of the second steps works.", request)
        if case.opened_at == services.clock():  # not one of today's that is told again
            mail.tell(services, person, "case_opened", {"case": case.id})
        return prove_pages.stuck(services, request, kept, person, case.id)
    if action == "other" or way is None or not _may_be_tried(services, kept, person, way):
        return prove_pages.choose(services, request, kept, person)
    account, device = _account(person), devices.known(services, request, person.id)
    pause = services.throttle.check(account, device, request.remote_address, services.clock())
    if pause is not None:
        text = PAUSED if pause.until is not None else STOPPED
        return prove_pages.ask(services, request, kept, person, way, error=text, pause=pause)
    if action == "show":
        return prove_pages.ask(services, request, kept, person, way)
    try:
        verdict, pause = _judge(services, request, kept, person, way, account, device)
    except Busy as error:
        again = engine.door(services, kept.flow).restart_url(services, kept.flow)
        return pages.busy(services, error.retry_after, again)
    kept = pending.find(services, kept.flow) or kept  # the way may keep something of its own
    if pause is not None:
        text = PAUSED if pause.until is not None else STOPPED
        return prove_pages.ask(services, request, kept, person, way, error=text, pause=pause)
    if not verdict.ok:
        return prove_pages.ask(services, request, kept, person, way, error=verdict.error)
    pending.drop(services, kept.flow)
    methods = tuple(dict.fromkeys((*kept.methods, *verdict.methods)))
    flow = replace(kept.flow, pending="")
    trust = bool(request.form.get("let_off")) and standing.days_off(services, request, flow, person) > 0
    return engine.enter(
        services, request, flow, person, methods, stay=kept.stay, shared=kept.shared, session_id=kept.session_id,
        trust=trust,
    )  # fmt: skip


def _may_be_tried(services: Services, kept: Pending, person: Person, way: Authenticator) -> bool:
    """Whether the way would do and can be used. The help desk's code may come while they are on the phone (N27)."""
    if way.kind == admin_codes.KIND and not kept.flow.demands.strength:
        return True
    return way.kind in kept.allowed and way.is_ready(services, person)


def _judge(
    services: Services, request: Request, kept: Pending, person: Person, way: Authenticator, account: Account,
    device: str | None,
) -> tuple[Verdict, Pause | None]:  # fmt: skip
    """What was posted, looked at and counted. Errors: `Busy`."""
    throttle, address, guess = services.throttle, request.remote_address, way.guess(services, request, kept)
    again = throttle.repeated(account, device, address, guess) if way.again and guess else None
    if again is not None:  # known to be wrong: no hash, and no row of its own
        audit.repeat(services.db, str(again.note.get("event", "")), again.times, services.clock())
        return Verdict(False, error=way.again), None
    verdict, now = way.verify(services, request, kept), services.clock()
    if verdict.ok:
        return verdict, throttle.succeeded(account, device, address, now)
    if verdict.spent:
        if way.again:
            throttle.annotate(account, device, address, guess, {})
        return verdict, None
    if not verdict.counts:
        return verdict, None
    note = {"event": new_id(now)}
    failure = throttle.failed(account, device, address, guess, now, note=note)
    if failure.again is not None:
        audit.repeat(services.db, str(failure.again.note.get("event", "")), failure.again.times, now)
    else:
        _record_failure(services, request, person, way.kind, failure, note["event"])
    return verdict, failure.pause


def _with_new_ways(services: Services, request: Request, kept: Pending, person: Person) -> Pending:
    """The same with what would do by now, too: the help desk may have issued a code meanwhile (F7)."""
    needs = standing.of_person(services, request, kept.flow, person, kept.methods)
    step = more_proof(kept.flow, kept.methods, needs, services.clock())
    now = step.ways if isinstance(step, Ask) else ()
    return replace(kept, allowed=tuple(dict.fromkeys((*kept.allowed, *now))))


def renew(services: Services, request: Request) -> Response:
    """POST /login/renew: a new password in place of one that ran out (P3)."""
    flow = engine.posted_flow(services, request)
    if isinstance(flow, Response):
        return flow
    kept, person = _standing_person(services, request, flow)
    if kept is None or person is None or PASSWORD not in kept.methods:
        return pages.login(services, request, replace(flow, pending=""), notice=LATE)
    needs = standing.of_person(services, request, flow, person, kept.methods)
    step = more_proof(flow, kept.methods, needs, services.clock())
    if not isinstance(step, Ask) or step.what != "renew":  # it has not run out, or a second step comes before (P7)
        return pages.login(services, request, replace(flow, pending=""), notice=LATE)
    from idp.accounts import expiry

    first = request.form.first
    try:
        problems = expiry.renew(services, request, person, first.get("password", ""), first.get("confirm", ""))
    except PersonChanged:
        return pages.login(services, request, replace(flow, pending=""), notice=LATE)
    except Busy as error:
        again = engine.door(services, flow).restart_url(services, flow)
        return pages.busy(services, error.retry_after, again)
    if problems:
        return prove_pages.renew_password(services, request, kept, person, problems)
    pending.drop(services, flow)
    person = services.directory.get(person.id)
    flow = replace(flow, pending="")
    return engine.enter(
        services, request, flow, person, kept.methods, stay=kept.stay, shared=kept.shared, session_id=kept.session_id
    )


def postpone(services: Services, request: Request) -> Response:
    """POST /login/enrol: setting up can wait, for as long as the rule says."""
    flow = engine.posted_flow(services, request)
    if isinstance(flow, Response):
        return flow
    session = sessions.current(services, request, flow.client_id)
    if session is not None:
        services.state.put(_postponed(session.id), True, session.expires_at - services.clock())
    return engine.proceed(services, request, replace(flow, postponed=True), session)


def is_waiting(services: Services, session: Session) -> bool:
    """Whether an application waits until this person has set something up; `/login/continue` goes on to it."""
    return services.state.get(_waiting(session.id)) is not None


def shown(services: Services, request: Request, session: Session, method: str) -> Cookie:
    """Somebody who is signed in has just set something up and shown it: the session knows, under a new secret.

    Errors: `sessions.Changed`.
    """
    person = services.directory.get(session.person_id)
    stays = session.idle_seconds > services.settings.session.idle_minutes * 60
    methods = tuple(dict.fromkeys((*(m for m in session.methods if m != ADMIN_CODE), method)))
    return sessions.start(services, request, person, methods, stay=stays, grows=session)[1]


def go_on(services: Services, request: Request) -> Response:
    """GET /login/continue: back to the application that asked for a second factor."""
    session = sessions.current(services, request)
    kept = services.state.get(_waiting(session.id)) if session is not None else None
    if session is None or kept is None:
        return Redirect(location=services.url("/"))
    flow = load(kept)
    return engine.proceed(services, request, flow, sessions.current(services, request, flow.client_id))


def _standing_person(services: Services, request: Request, flow: Flow) -> tuple[Pending | None, Person | None]:
    """The conversation, and its person where they are still who they were when it began."""
    kept = pending.find(services, flow)
    person = services.directory.find(kept.person_id) if kept is not None else None
    if kept is None or person is None or not person.enabled or person.password_changed_at != kept.password_changed_at:
        return kept, None
    if kept.session_id and not accounts.is_here(services, request, kept.session_id):
        return kept, None  # signed out meanwhile: what that session had shown is worth nothing any more
    return kept, person


def lift(services: Services, person_id: str) -> None:
    """End the pause after wrong codes: an admin's click. A new password does not end it (S56 V6.4.3)."""
    services.throttle.lift(second_step(person_id), services.clock())


def _account(person: Person) -> Account:
    return Account(second_step(person.id), second_step(person.id))


def _waiting(session_id: str) -> str:
    return "login:waiting:" + session_id


def _postponed(session_id: str) -> str:
    return "login:postponed:" + session_id


def _record_failure(
    services: Services, request: Request, person: Person, kind: str, failure: Failure, event_id: str
) -> None:
    until = failure.pause.until if failure.pause else None
    detail = {"kind": kind, "failures": failure.failures, "paused_until": until, "browser": request.user_agent}
    event = Event(
        "factor:failed", id=event_id, error_id=new_error_id(), person_id=person.id,
        client_id=request.for_client or None, address=request.remote_address, request_id=request.id, detail=detail,
    )  # fmt: skip
    record(services.db, event, services.clock())
