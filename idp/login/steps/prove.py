"""Prove more: the conversation between a half-proven person and the authenticators that they have (the step-up).

Wrong codes are counted per person over all sign-ins at once, apart from passwords (X27; NIST SP 800-63B-4 §3.2.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from idp import arrivals, audit, mail
from idp.accounts import cases
from idp.accounts.cases import Case
from idp.accounts.factors import admin_codes
from idp.accounts.passwords import Busy
from idp.accounts.person import Person
from idp.audit import Event, conversation_of, record
from idp.db import Transaction
from idp.errors import new_error_id
from idp.ids import new_id
from idp.login import authenticators, holding, pages, pending, step_up
from idp.login.authenticators import Authenticator
from idp.login.browser import devices, elsewhere
from idp.login.browser.sessions import Session
from idp.login.flow import Flow
from idp.login.pending import Pending, Verdict
from idp.login.policy import more_proof
from idp.login.services import Services
from idp.login.steps import Deny, Identify, Prove, half_proven, prove_pages, slips
from idp.login.steps.outcomes import Denied, Outcome, Proven, Show
from idp.login.throttle import Account, Failure, Pause, second_step
from idp.meters.notes import Meters
from idp.texts import N_
from idp.wire import Request, Response

STEP = "prove"
PAUSED = N_("Too many wrong codes. Please wait, then use the newest code.")
STOPPED = N_("Too many wrong codes: the help desk must unlock this account first.")


def show(services: Services, request: Request, flow: Flow, session: Session | None, step: Prove) -> Outcome:
    """Somebody who is signed in shall prove more."""
    proven = half_proven.step_up(services, request, flow, session)
    return ask(services, request, proven, step) if proven is not None else Show(flow, Identify())


def ask(services: Services, request: Request, proven: Proven, step: Prove) -> Response:
    """Keep what was proven, and show the page of the best authenticator."""
    kept = half_proven.begin(services, proven, step.authenticators)
    return _page(services, request, kept, proven.person, authenticators.get(step.authenticators[0]))


def submit(services: Services, request: Request, flow: Flow) -> Outcome:
    """POST /login/factor."""
    if request.form.get("action") == "cancel":
        pending.drop(services, flow)
        return Denied(flow, Deny("access_denied", "The person cancelled the sign-in.", "cancelled"))
    kept, person = half_proven.find(services, request, flow)
    if kept is None or person is None:
        return Show(replace(flow, pending=""), Identify(notice=half_proven.LATE))
    return _answer(services, request, _with_new_ones(services, request, kept, person), person)


def _answer(services: Services, request: Request, kept: Pending, person: Person) -> Outcome:
    action, chosen = request.form.get("action"), authenticators.find(request.form.get("way") or "")
    if action == "stuck":
        return _stuck(services, request, kept, person)
    if action == "other" or chosen is None or not _may_be_tried(services, kept, person, chosen):
        return _page(services, request, kept, person, None)
    account, device = (
        Account(second_step(person.id), second_step(person.id)),
        devices.known(services, request, person.id),
    )
    pause = services.throttle.check(account, device, request.remote_address, services.clock())
    if pause is not None:
        return _paused(services, request, kept, person, chosen, pause)
    if action == "show":
        return _page(services, request, kept, person, chosen)
    try:
        verdict, pause = _judge(services, request, kept, person, chosen, account, device)
    except Busy as error:
        again = services.protocols[kept.flow.protocol].restart_url(services, kept.flow)
        return pages.busy(services, error.retry_after, again)
    kept = pending.find(services, kept.flow) or kept  # the authenticator may keep something of its own
    if pause is not None:
        return _paused(services, request, kept, person, chosen, pause)
    if not verdict.ok:
        return _page(services, request, kept, person, chosen, verdict.error)
    pending.drop(services, kept.flow)
    methods = tuple(dict.fromkeys((*kept.methods, *verdict.methods)))
    flow = replace(kept.flow, pending="")
    trust = bool(request.form.get("let_off")) and step_up.days_off(services, request, flow, person) > 0
    return Proven(
        flow, person, methods, stay=kept.stay, shared=kept.shared, session_id=kept.session_id, trust=trust,
        auth_time=kept.auth_time, began=elsewhere.load(kept.began),
    )  # fmt: skip


def slipped(services: Services, request: Request, slip: slips.Slip) -> Response:
    """GET /login/slip: the page again, after Back."""
    kept, person = half_proven.find(services, request, slip.flow)
    if kept is None or person is None:
        return slips.begin_anew(services, slip)
    chosen = authenticators.find(str(slip.said["way"]))
    usable = chosen if chosen is not None and _may_be_tried(services, kept, person, chosen) else None
    return _page(services, request, kept, person, usable, str(slip.said["error"]))


def _page(
    services: Services, request: Request, kept: Pending, person: Person, chosen: Authenticator | None, error: str = ""
) -> Response:  # fmt: skip
    """The page of one authenticator, or the list of them."""
    if chosen is None:
        page = prove_pages.choose(services, request, kept, person)
    else:
        page = prove_pages.ask(services, request, kept, person, chosen, error=error)
    said = {"way": chosen.kind if chosen is not None else "", "error": error}
    return slips.by_address(services, request, kept.flow, page, STEP, said)


def _paused(
    services: Services, request: Request, kept: Pending, person: Person, chosen: Authenticator, pause: Pause
) -> Response:
    text = PAUSED if pause.until is not None else STOPPED
    return prove_pages.ask(services, request, kept, person, chosen, error=text, pause=pause)


def _stuck(services: Services, request: Request, kept: Pending, person: Person) -> Response:
    """None of them works: the help desk hears of it (F7)."""

    def told(tx: Transaction, case: Case) -> None:
        mail.tell(services, person, "case_opened", {"case": case.id}, tx=tx)

    text = "None of the second steps works."
    case = cases.open_case(services, person.id, cases.NO_WAY_IN, text, request, told=told)
    return prove_pages.stuck(services, request, kept, person, case.id)


def _may_be_tried(services: Services, kept: Pending, person: Person, chosen: Authenticator) -> bool:
    """Whether it would do and can be used. The help desk's code may come while they are on the phone (N27)."""
    if chosen.kind == admin_codes.KIND and not kept.flow.demands.strength:
        return True
    return chosen.kind in kept.allowed and chosen.is_ready(services, person)


def _judge(
    services: Services, request: Request, kept: Pending, person: Person, chosen: Authenticator, account: Account,
    device: str | None,
) -> tuple[Verdict, Pause | None]:  # fmt: skip
    """What was posted, looked at and counted. Errors: `Busy`."""
    throttle, address, guess = services.throttle, request.remote_address, chosen.guess(services, request, kept)
    again = throttle.repeated(account, device, address, guess) if chosen.again and guess else None
    if again is not None:  # known to be wrong: no hash, and no row of its own
        audit.repeat(services.db, str(again.note.get("event", "")), again.times, services.clock())
        return Verdict(False, error=chosen.again), None
    verdict, now = chosen.verify(services, request, kept), services.clock()
    if verdict.ok:
        return verdict, throttle.succeeded(account, device, address, now)
    if verdict.counts:
        services.part(Meters).count("sign_ins", request.visitor.for_client, chosen.kind, "wrong")
    if verdict.spent:
        if chosen.again:
            throttle.annotate(account, device, address, guess, {})
        return verdict, None
    if not verdict.counts:
        return verdict, None
    note = {"event": new_id(now)}
    failure = throttle.failed(account, device, address, guess, now, note=note)
    if failure.again is not None:
        audit.repeat(services.db, str(failure.again.note.get("event", "")), failure.again.times, now)
    else:
        _record_failure(services, request, person, chosen.kind, failure, note["event"], verdict.means)
    return verdict, failure.pause


def _with_new_ones(services: Services, request: Request, kept: Pending, person: Person) -> Pending:
    """What waits, with what would do by now, too: the help desk may have issued a code meanwhile (F7)."""
    needs = step_up.of_person(services, request, kept.flow, person, kept.methods)
    step = more_proof(kept.flow, kept.methods, needs, services.clock())
    now = step.authenticators if isinstance(step, Prove) else ()
    return replace(kept, allowed=tuple(dict.fromkeys((*kept.allowed, *now))))


def _record_failure(
    services: Services, request: Request, person: Person, kind: str, failure: Failure, event_id: str,
    means: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    until = failure.pause.until if failure.pause else None
    detail = {"kind": kind, "failures": failure.failures, "paused_until": until, "browser": request.user_agent}
    detail |= conversation_of(request)
    proxy = arrivals.untrusted_proxy(request) if failure.pause is not None else ""
    findings = [*([means] if means else []), *([arrivals.finding(services, proxy)] if proxy else [])]
    detail |= {"findings": findings} if findings else {}
    event = Event(
        "factor:failed", id=event_id, error_id=new_error_id(), person_id=person.id,
        client_id=request.visitor.for_client or None, address=request.remote_address, request_id=request.id,
        detail=detail,
    )  # fmt: skip
    record(services.db, event, services.clock())
    if failure.pause is not None:
        holding.note_second(services, person.id, failure.pause)
