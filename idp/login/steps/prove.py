"""Prove more: the conversation between a half-proven person and the authenticators that they have (the step-up).

Wrong codes are counted per person over all sign-ins at once, apart from passwords (X27; NIST SP 800-63B-4 §3.2.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from idp import arrivals, audit, language, mail
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
from idp.login.pending import Verdict
from idp.login.policy import more_proof
from idp.login.services import Services
from idp.login.steps import Deny, Identify, Prove, half_proven, prove_pages, slips
from idp.login.steps.half_proven import HalfProven
from idp.login.steps.outcomes import Denied, Outcome, Proven, Show
from idp.login.throttle import Account, Failure, Guesser, Pause, second_step
from idp.meters.notes import Meters
from idp.wire import Request, Response

STEP = "prove"


def show(services: Services, request: Request, flow: Flow, session: Session | None, step: Prove) -> Outcome:
    """Somebody who is signed in shall prove more."""
    proven = half_proven.step_up(services, request, flow, session)
    return ask(services, request, proven, step) if proven is not None else Show(flow, Identify())


def ask(services: Services, request: Request, proven: Proven, step: Prove) -> Response:
    """Keep what was proven, and show the page of the best authenticator."""
    half = half_proven.begin(services, proven, step.authenticators)
    return _page(services, request, half, authenticators.get(step.authenticators[0]))


def submit(services: Services, request: Request, flow: Flow) -> Outcome:
    """POST /login/factor."""
    if request.form.get("action") == "cancel":
        pending.drop(services, flow)
        return Denied(flow, Deny("access_denied", "The person cancelled the sign-in.", "cancelled"))
    half = half_proven.find(services, request, flow)
    if half is None:
        return Show(replace(flow, pending=""), Identify(notice=half_proven.LATE))
    return _answer(services, request, _with_new_ones(services, request, half))


def _answer(services: Services, request: Request, half: HalfProven) -> Outcome:
    kept, person = half.kept, half.person
    action, chosen = request.form.get("action"), authenticators.find(request.form.get("way") or "")
    if action == "stuck":
        return _stuck(services, request, half)
    if action == "other" or chosen is None or not _may_be_tried(services, half, chosen):
        return _page(services, request, half, None)
    who = _guesser(services, request, person)
    pause = services.throttle.check(who, services.clock())
    if pause is not None:
        return prove_pages.paused(services, request, half, chosen, pause)
    if action == "show":
        return _page(services, request, half, chosen)
    try:
        verdict, pause = _judge(services, request, half, chosen, who)
    except Busy as error:
        again = services.protocols[kept.flow.protocol].restart_url(services, kept.flow)
        return pages.busy(services, error.retry_after, again)
    # The authenticator may keep something of its own.
    half = replace(half, kept=pending.find(services, kept.flow) or kept)
    if pause is not None:
        return prove_pages.paused(services, request, half, chosen, pause)
    if not verdict.ok:
        return _page(services, request, half, chosen, verdict.error)
    kept = half.kept
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
    half = half_proven.find(services, request, slip.flow)
    if half is None:
        return slips.begin_anew(services, slip)
    chosen = authenticators.find(str(slip.said["way"]))
    usable = chosen if chosen is not None and _may_be_tried(services, half, chosen) else None
    return _page(services, request, half, usable, str(slip.said["error"]))


def _page(
    services: Services, request: Request, half: HalfProven, chosen: Authenticator | None, error: str = ""
) -> Response:
    """The page of one authenticator, or the list of them."""
    if chosen is None:
        page = prove_pages.choose(services, request, half)
    else:
        page = prove_pages.ask(services, request, half, chosen, error)
    said = {"way": chosen.kind if chosen is not None else "", "error": error}
    return slips.by_address(services, request, page, slips.Slip(half.kept.flow, STEP, said, services.clock()))


def _guesser(services: Services, request: Request, person: Person) -> Guesser:
    """Whose wrong codes these are: counted apart from wrong passwords."""
    counted = second_step(person.id)
    return Guesser(Account(counted, counted), devices.known(services, request, person.id), request.remote_address)


def _stuck(services: Services, request: Request, half: HalfProven) -> Response:
    """None of them works: the help desk hears of it (F7)."""
    person = half.person

    def told(tx: Transaction, case: Case) -> None:
        page = language.of_page(services, request)
        mail.tell(services, person, "case_opened", {"case": case.id}, page=page, tx=tx)

    text = "None of the second steps works."
    case = cases.open_case(services, person.id, cases.NO_WAY_IN, text, request, told=told)
    return prove_pages.stuck(services, request, half, case.id)


def _may_be_tried(services: Services, half: HalfProven, chosen: Authenticator) -> bool:
    """Whether it would do and can be used. The help desk's code may come while they are on the phone (N27)."""
    if chosen.kind == admin_codes.KIND and not half.kept.flow.demands.strength:
        return True
    return chosen.kind in half.kept.allowed and chosen.is_ready(services, half.person)


def _judge(
    services: Services, request: Request, half: HalfProven, chosen: Authenticator, who: Guesser
) -> tuple[Verdict, Pause | None]:
    """What was posted, looked at and counted. Errors: `Busy`."""
    throttle, guess = services.throttle, chosen.guess(services, request, half.kept)
    again = throttle.repeated(who, guess) if chosen.again and guess else None
    if again is not None:  # known to be wrong: no hash, and no row of its own
        audit.repeat(services.db, str(again.note.get("event", "")), again.times, services.clock())
        return Verdict(False, error=chosen.again), None
    verdict, now = chosen.verify(services, request, half.kept), services.clock()
    if verdict.ok:
        return verdict, throttle.succeeded(who, now)
    if verdict.counts:
        services.part(Meters).count("sign_ins", request.visitor.for_client, chosen.kind, "wrong")
    if verdict.spent:
        if chosen.again:
            throttle.annotate(who, guess, {})
        return verdict, None
    if not verdict.counts:
        return verdict, None
    note = {"event": new_id(now)}
    failure = throttle.failed(who, guess, now, note=note)
    if failure.again is not None:
        audit.repeat(services.db, str(failure.again.note.get("event", "")), failure.again.times, now)
    else:
        _record_failure(services, request, half.person, _Wrong(note["event"], chosen.kind, failure, verdict.means))
    return verdict, failure.pause


def _with_new_ones(services: Services, request: Request, half: HalfProven) -> HalfProven:
    """What waits, with what would do by now, too: the help desk may have issued a code meanwhile (F7)."""
    kept = half.kept
    needs = step_up.of_person(services, request, kept.flow, half.person, kept.methods)
    step = more_proof(kept.flow, kept.methods, needs, services.clock())
    now = step.authenticators if isinstance(step, Prove) else ()
    return replace(half, kept=replace(kept, allowed=tuple(dict.fromkeys((*kept.allowed, *now)))))


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A wrong proof of one kind, as it is recorded. `means`: whose fault it is, where the authenticator knows."""

    event_id: str
    kind: str
    failure: Failure
    means: Mapping[str, Any] | None


def _record_failure(services: Services, request: Request, person: Person, wrong: _Wrong) -> None:
    pause = wrong.failure.pause
    detail = {
        "kind": wrong.kind, "failures": wrong.failure.failures, "paused_until": pause.until if pause else None,
        "browser": request.user_agent, **conversation_of(request),
    }  # fmt: skip
    proxy = arrivals.untrusted_proxy(request) if pause is not None else ""
    findings = [
        *([wrong.means] if wrong.means else []),
        *([arrivals.finding(services, proxy)] if proxy else []),
    ]
    detail |= {"findings": findings} if findings else {}
    event = Event(
        "factor:failed", id=wrong.event_id, error_id=new_error_id(), person_id=person.id,
        client_id=request.visitor.for_client or None, address=request.remote_address, request_id=request.id,
        detail=detail,
    )  # fmt: skip
    record(services.db, event, services.clock())
    if pause is not None:
        holding.note_second(services, person.id, pause)
