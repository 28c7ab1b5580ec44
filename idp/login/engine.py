"""The sign-in engine: `begin` for a request that comes in, `posted` for a page's POST, `enter` for what was proven.

`policy.next_step` decides what comes next; the step's own file shows it, or the protocol answers. All of it happens in
process: every POST settles something and ends in `proceed`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from idp import browser, reached
from idp.accounts.person import Person
from idp.accounts.recovery import resets
from idp.audit import Event, conversation_of
from idp.db import Transaction
from idp.login import pages, requirements, step_up
from idp.login.authenticators import password
from idp.login.browser import accounts, answered, devices, elsewhere, last_account, loops, sessions, starting
from idp.login.browser.sessions import Session
from idp.login.browser.starting import Start
from idp.login.flow import Flow, open_sealed, owner_of
from idp.login.policy import BY_RULE, more_proof, next_step, without_wishes
from idp.login.services import ProtocolHandler, Services
from idp.login.steps import (
    ChooseAccount,
    Consent,
    Deny,
    Done,
    Enrol,
    Identify,
    Page,
    Prove,
    Renew,
    choose_account,
    consent,
    enrol,
    identify,
    no_access,
    not_here,
    offer_passkey,
    prove,
    renew,
    renew_there,
)
from idp.login.steps.outcomes import Denied, Outcome, Proceed, Proven, Show
from idp.texts import N_
from idp.wire import Cookie, Handler, Request, Response

MAX_OPEN = 86400.0  # seconds that a page may lie open and still be posted
JUST_NOW = 5.0  # seconds
OVER_THERE: Final = "signed out elsewhere on the way here"
SIGNED_OUT_THERE: Final = N_("You have been signed out where you came from. Please sign in again.")

#: Whose page each step is, for somebody with a session or nobody.
_PAGES: Final[Mapping[type[Page], Callable[[Services, Request, Flow, Session | None, Any], Outcome]]] = {
    Identify: identify.show,
    ChooseAccount: choose_account.show,
    Prove: prove.show,
    Enrol: enrol.show,
    Renew: renew.show,
    Consent: consent.show,
}


def begin(services: Services, request: Request, flow: Flow) -> Response:
    """A protocol's request comes in: answer it from the live session, or show the page that is missing."""
    flow = replace(flow, began=request.id)
    request.learn(conversation=flow.conversation)
    session = sessions.current(services, request, flow.client_id)
    wanted = () if session is not None and flow.demands.is_for(session.person_id) else flow.demands.people
    if wanted:
        other = accounts.find(services, request, people=wanted, client_id=flow.client_id)
        session = other.session if other is not None else session
    if answered.is_over(services, request, flow):
        return answered.lead_on(services, request, flow)
    if session is None:
        return answered.keep_begun(services, request, flow, _next(services, request, flow, None))
    interruption = loops.interrupt(services, request, flow, session)
    if interruption is not None:
        return interruption
    response = answered.keep_begun(services, request, flow, _next(services, request, flow, session))
    return loops.count(services, request, flow, session, response)


def posted(submit: Callable[[Services, Request, Flow], Outcome]) -> Handler:
    """The handler for a step's POST."""

    def answer(services: Services, request: Request) -> Response:
        flow = _posted_flow(services, request)
        return flow if isinstance(flow, Response) else settle(services, request, submit(services, request, flow))

    return answer


def settle(services: Services, request: Request, outcome: Outcome) -> Response:
    """How it goes on from what a step has found."""
    if isinstance(outcome, Proven):
        return enter(services, request, outcome)
    if isinstance(outcome, Proceed):
        response = proceed(services, request, outcome.flow, outcome.session)
        return with_cookies(response, *outcome.cookies)
    if isinstance(outcome, Show):
        return _show(services, request, outcome.flow, outcome.session, outcome.step)
    if isinstance(outcome, Denied):
        return deny(services, request, outcome.flow, outcome.reason)
    return outcome


def proceed(services: Services, request: Request, flow: Flow, session: Session | None) -> Response:
    """The next page, or the protocol's answer; remembered, since Back leads to the page that was before it."""
    if session is not None and answered.is_over(services, request, flow):
        return answered.lead_on(services, request, flow)
    return answered.keep(services, request, flow, _next(services, request, flow, session))


def deny(services: Services, request: Request, flow: Flow, reason: Deny) -> Response:
    """The application is told why not, by somebody's choice on a page of ours."""
    if answered.is_answered(services, request, flow):
        return answered.lead_on(services, request, flow)
    return answered.keep(services, request, flow, _door(services, flow).deny(services, request, flow, reason))


def _next(services: Services, request: Request, flow: Flow, session: Session | None) -> Response:
    client = services.registry.find(flow.client_id) if flow.client_id else None
    needs = step_up.of_session(services, request, flow, session)
    step = next_step(flow, session, client, services.clock(), needs)
    if isinstance(step, Done):
        if session is not None and flow.client_id and not _door(services, flow).is_trial:
            note_use(services, request, flow, session)
        return _door(services, flow).finish(services, request, flow, session)
    if isinstance(step, Deny):
        if step.cause == BY_RULE and session is not None and not flow.demands.silent:
            raise not_here.refusal(services, request, flow, session.username, needs.need)
        is_theirs = client is not None and client.enabled  # one that is turned off is shut to everybody
        if step.cause == "policy" and is_theirs and session is not None and not flow.demands.silent:
            return no_access.page(services, request, flow, session)
        return _door(services, flow).deny(services, request, flow, step)
    if session is None and not flow.selected and accounts.others(services, request):
        step = ChooseAccount()
    return _show(services, request, flow, session, step)


def _show(services: Services, request: Request, flow: Flow, session: Session | None, step: Page) -> Response:
    flow = replace(flow, renews="") if isinstance(step, Identify) and flow.renews else flow  # said anew
    return settle(services, request, _PAGES[type(step)](services, request, flow, session, step))


def note_use(services: Services, request: Request, flow: Flow, session: Session) -> None:
    """When the application was last opened; and that single sign-on opened it, where nobody signed in for it (A2)."""

    def opened() -> Event:
        return Event(
            "app:opened", actor=session.person_id, person_id=session.person_id, client_id=flow.client_id,
            session_id=session.id, address=request.remote_address, request_id=request.id,
            detail={"browser": request.user_agent, **conversation_of(request)},
        )  # fmt: skip

    now = services.clock()
    is_told = flow.demands.silent or now - session.auth_time < JUST_NOW  # the sign-in itself stands in the list
    services.uses.note(session.person_id, flow.client_id, now, None if is_told else opened)


def enter(services: Services, request: Request, proven: Proven) -> Response:
    """What every proof ends in: more is asked for, or the person has a session and the conversation goes on."""
    person, methods = proven.person, proven.methods
    flow = without_wishes(proven.flow) if len(methods) > 1 else proven.flow
    needs = step_up.of_person(services, request, flow, person, methods)
    step = more_proof(flow, methods, needs, services.clock())
    if isinstance(step, Prove):
        return prove.ask(services, request, replace(proven, flow=flow), step)
    if isinstance(step, Deny) and step.cause == BY_RULE:
        raise not_here.refusal(services, request, flow, person.username, needs.need)
    if flow.renews:  # whatever else there is: nobody is in by a password that is over
        return settle(services, request, renew_there.ask(services, request, replace(proven, flow=flow)))
    if isinstance(step, Renew):
        return renew.ask(services, request, replace(proven, flow=flow))
    if isinstance(step, Deny) and not requirements.is_met(needs.need.level, methods):
        return deny(services, request, flow, step)
    again = accounts.find(services, request, people=(person.id,))
    beside = flow.beside or again is not None  # who was at the front has been beside this one already
    try:
        grows = sessions.get_open(services, proven.session_id) if proven.session_id else None
        how = Start(
            stay=proven.stay, beside=beside, again=again.session if again else None, grows=grows,
            told=devices.announcement(services, request, person), proven_at=proven.auth_time,
            began=_kept_elsewhere(proven),
        )  # fmt: skip
        session_id, cookie = starting.start(services, request, person, methods, how)
    except sessions.Changed:
        asked = Identify(error=_why_changed(services, person), typed=person.username)
        return _show(services, request, replace(flow, pending=""), None, asked)
    if proven.began is not None and elsewhere.is_over(services, proven.began):
        return _too_late(services, request, flow, session_id)
    if flow.linking:
        services.upstream.proven(services, request, flow, person)
    session = sessions.get(services, session_id, flow.client_id)
    flow, trust = replace(flow, selected=True, pending="", linking=""), proven.trust
    # A device that is let off from now on stays so: one more authenticator would end that.
    may_offer = step is None and not (proven.shared or trust or grows)
    offer = offer_passkey.page(services, request, flow, person, session) if may_offer else None
    response = offer or proceed(services, request, flow, session)
    known = () if proven.shared else (devices.remember(services, request, person, methods, trust=trust),)
    last = last_account.remember(services, request, person, methods, flow.login_hint, shared=proven.shared)
    others = accounts.after_start(services, request, session_id, beside=beside)
    return with_cookies(response, cookie, *known, *last, *others)


def _kept_elsewhere(proven: Proven) -> Callable[[Transaction, str], object] | None:
    """What keeps the session elsewhere by which one here begins; None where it begins here."""
    began = proven.began
    return None if began is None else lambda tx, session_id: elsewhere.keep(tx, session_id, began)


def _too_late(services: Services, request: Request, flow: Flow, session_id: str) -> Response:
    """They were signed out there while they were on their way here: nobody is in by what is over."""
    cookie = sessions.end(services, request, sessions.get(services, session_id), OVER_THERE)
    asked = Identify(error=SIGNED_OUT_THERE)
    return with_cookies(_show(services, request, replace(flow, pending="", linking=""), None, asked), cookie)


def _why_changed(services: Services, person: Person) -> str:
    """What to tell somebody whose proof is not worth anything any more."""
    now_is = services.directory.get(person.id)
    if now_is.must_reset:
        return identify.LOCKED if person.email and resets.is_open(services) else identify.LOCKED_ASK
    return password.WRONG if now_is.enabled else password.DISABLED


def lacks(services: Services, request: Request, flow: Flow, person: Person, methods: tuple[str, ...]) -> bool:
    """Whether more is needed than `methods`: for paths that can show no page, which must refuse then."""
    needs = step_up.of_person(services, request, flow, person, methods)
    return more_proof(flow, methods, needs, services.clock()) is not None


def _door(services: Services, flow: Flow) -> ProtocolHandler:
    """The protocol that the flow belongs to."""
    return services.protocols[flow.protocol]


def _posted_flow(services: Services, request: Request) -> Flow | Response:
    """The pending request of a posted page; else the page that leads on: never a dead end (L8, L10)."""
    opened = open_sealed(services.sealer, request.form.get("flow") or "", browser.identify(services, request))
    if opened is None:
        reached.check(services, request, services.url("/"))
        return pages.stale(services, services.url("/"), None)
    flow, same_browser = opened
    if not same_browser and browser.comes_from_own_page(services, request):
        # Restored tabs get an id each side by side, and the browser keeps one: the form is its own all the same.
        browser.adopt(request, owner_of(services.sealer, request.form.get("flow") or ""))
        same_browser = True
    if same_browser and services.clock() - flow.started_at < MAX_OPEN:
        request.learn(for_client=flow.client_id, ui_locales=flow.ui_locales, conversation=flow.conversation)
        return flow
    again = _door(services, flow).restart_url(services, flow)
    reached.check(services, request, again)
    if browser.of(services, request).is_new:
        return pages.no_cookies(services, again)
    client = services.registry.find(flow.client_id) if flow.client_id else None
    return pages.stale(services, again, client)


def with_cookies(response: Response, *cookies: Cookie) -> Response:
    """An answer with more cookies."""
    return replace(response, cookies=(*response.cookies, *cookies)) if cookies else response
