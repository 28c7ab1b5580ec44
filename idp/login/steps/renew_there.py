"""A new password in a directory, in place of one that is over there: inside the sign-in, then on to the application.

Whoever has an account here proves all the rest first, as where a password of here ran out (`renew`): a stolen one that
is over is not replaced by its thief. Where nobody is linked with it yet there is nothing else to prove.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from idp.accounts import break_glass, choosing
from idp.accounts.factors.kinds import UPSTREAM_PASSWORD
from idp.accounts.passwords import Busy
from idp.accounts.person import Person
from idp.login import pages, pending, requirements, step_up
from idp.login.authenticators import password
from idp.login.browser import elsewhere
from idp.login.flow import Flow
from idp.login.policy import BY_RULE, more_proof
from idp.login.services import Services
from idp.login.steps import Deny, Identify, Renew, half_proven, not_here, over_there, sign_in_form
from idp.login.steps.half_proven import HalfProven
from idp.login.steps.outcomes import Outcome, Proven, Show
from idp.login.steps.over_there import Kept
from idp.login.steps.sign_in_form import Typed
from idp.login.upstream import NewPassword, Over
from idp.showing import form_targets
from idp.texts import N_
from idp.wire import Page, Request

_DONE = N_("Your password is changed. Sign in with the new one.")


def begin(services: Services, request: Request, flow: Flow, typed: Typed, over: Over) -> Outcome:
    """The old one was typed, and is right. Errors: `Refused` where a sign-in rule lets nobody in from here."""
    flow = over_there.keep(services, request, replace(flow, login_hint=typed.login[:255]), typed, over)
    if over.person is not None:  # the engine asks for the rest, and comes back to `ask`
        stay = typed.stay and services.settings.session.stay_days > 0
        return Proven(flow, over.person, (UPSTREAM_PASSWORD,), stay=stay, shared=typed.shared)
    _let_in_from_here(services, request, flow, typed.login)
    kept = over_there.find(services, request, flow)
    return _page(services, request, flow, kept) if kept is not None else _too_late(flow)


def ask(services: Services, request: Request, proven: Proven) -> Outcome:
    """For somebody who has proven all the rest: keep that, and show the page."""
    kept = over_there.find(services, request, proven.flow)
    if kept is None or kept.person_id != proven.person.id or not _may(services, proven.person):
        return _too_late(proven.flow)
    half = half_proven.begin(services, proven)
    return _page(services, request, half.kept.flow, kept, half)


def submit(services: Services, request: Request, flow: Flow) -> Outcome:
    """POST /login/renew-there."""
    kept = over_there.find(services, request, flow)
    half = half_proven.find(services, request, flow) if kept is not None and kept.person_id else None
    if kept is None or not _is_proven(services, request, flow, kept, half):
        return _too_late(flow)
    new, form = request.form.first.get("new", ""), request.form.first
    if new != form.get("confirm", ""):
        return _page(services, request, flow, kept, half, (choosing.MISMATCH,))
    ended = _nothing_ends if form.get("keep_others") else None
    person = half.person if half is not None else None
    try:
        done = services.upstream.change_password(services, request, kept.asked(person), NewPassword(new, ended))
        if done.problems:
            return _page(services, request, flow, kept, half, done.problems)
        over_there.drop(services, flow)
        pending.drop(services, flow)
        return _in(services, request, replace(flow, pending="", renews=""), kept.typed(new), half)
    except Busy as error:
        restart = services.protocols[flow.protocol].restart_url(services, flow)
        return pages.busy(services, error.retry_after, restart)


def _is_proven(services: Services, request: Request, flow: Flow, kept: Kept, half: HalfProven | None) -> bool:
    """Whether nothing but the new password is left. Errors: `Refused`, as for `begin`."""
    if not kept.person_id:
        _let_in_from_here(services, request, flow, kept.login)
        return True
    if half is None or half.person.id != kept.person_id or UPSTREAM_PASSWORD not in half.kept.methods:
        return False
    needs = step_up.of_person(services, request, flow, half.person, half.kept.methods)
    step = more_proof(flow, half.kept.methods, needs, services.clock())
    if isinstance(step, Deny) and step.cause == BY_RULE:
        raise not_here.refusal(services, request, flow, half.person.username, needs.need)
    return isinstance(step, Renew) and _may(services, half.person)


def _may(services: Services, person: Person) -> bool:
    """Whether they may sign in by this way at all: asked at each page, since it may end between two."""
    return person.enabled and not person.must_reset and not break_glass.is_one(services.db, person)


def _let_in_from_here(services: Services, request: Request, flow: Flow, login: str) -> None:
    """What rules say of everybody holds for who has no account here yet, too. Errors: `Refused`."""
    need = step_up.of_newcomer(services, request, flow)
    if need.level == requirements.DENY:
        raise not_here.refusal(services, request, flow, login, need)


def _too_late(flow: Flow) -> Show:
    return Show(replace(flow, pending="", renews=""), Identify(notice=sign_in_form.LATE))


def _page(
    services: Services, request: Request, flow: Flow, kept: Kept, half: HalfProven | None = None,
    problems: tuple[str, ...] = (),
) -> Page:  # fmt: skip
    about = half_proven.about(services, request, half) if half is not None else pages.about(services, request, flow)
    return Page(
        template="login/renew_there.html",
        values={
            **about,
            "person": None,
            "problems": list(problems),
            "account": {"username": kept.login},
            "name": services.upstream.name_of(services, kept.directory),
        },
        form_action=form_targets(flow.destination),
    )


def _in(services: Services, request: Request, flow: Flow, typed: Typed, half: HalfProven | None) -> Outcome:
    """As if the new one had been typed on the page before, with all that was proven beside it. Errors: `Busy`."""
    outcome = password.prove(services, request, typed.login, typed.password, known=True)
    if outcome.linking and half is None:
        linked = replace(flow, linking=outcome.linking, login_hint="")
        return Show(linked, Identify(notice=outcome.notice, anew=True))
    person = outcome.person
    if person is None or (half is not None and person.id != half.person.id):
        return Show(flow, Identify(notice=_DONE, error=outcome.error or "", typed=typed.login))
    if half is None:
        stay = typed.stay and services.settings.session.stay_days > 0
        return Proven(flow, person, outcome.methods, stay=stay, shared=typed.shared)
    was = half.kept
    return Proven(
        flow, person, was.methods, stay=was.stay, shared=was.shared, session_id=was.session_id,
        auth_time=was.auth_time, began=elsewhere.load(was.began),
    )  # fmt: skip


def _nothing_ends(_tx: Any, _person_id: str, _why: str) -> None:
    """Everything that is open stays open: the person said so."""
