"""A new password in place of one that ran out, inside the sign-in (P3)."""

from __future__ import annotations

from dataclasses import replace

from idp.accounts import choosing, expiry
from idp.accounts.passwords import Busy
from idp.accounts.person import PersonChanged
from idp.login import pages, pending, step_up
from idp.login.authn import PASSWORD
from idp.login.browser import elsewhere
from idp.login.browser.sessions import Session
from idp.login.flow import Flow
from idp.login.policy import more_proof
from idp.login.services import Services
from idp.login.steps import Identify, Renew, half_proven
from idp.login.steps.half_proven import HalfProven
from idp.login.steps.outcomes import Outcome, Proven, Show
from idp.showing import form_targets
from idp.wire import Page, Request


def show(services: Services, request: Request, flow: Flow, session: Session | None, step: Renew) -> Outcome:
    """For somebody who is signed in."""
    proven = half_proven.step_up(services, request, flow, session)
    return ask(services, request, proven) if proven is not None else Show(flow, Identify())


def ask(services: Services, request: Request, proven: Proven) -> Page:
    """Keep what was proven, and show the page."""
    return _page(services, request, half_proven.begin(services, proven), [])


def _page(services: Services, request: Request, half: HalfProven, problems: list[str]) -> Page:
    person = half.person
    return Page(
        template="login/renew_password.html",
        values={
            **half_proven.about(services, request, half),
            "problems": problems,
            "min_length": choosing.policy_for(services, person).min_length,
            "account": {"name": person.name or person.username, "username": person.username},
        },
        form_action=form_targets(half.kept.flow.destination),
    )


def submit(services: Services, request: Request, flow: Flow) -> Outcome:
    """POST /login/renew."""
    half = half_proven.find(services, request, flow)
    too_late = Show(replace(flow, pending=""), Identify(notice=half_proven.LATE))
    if half is None or PASSWORD not in half.kept.methods:
        return too_late
    kept, person = half.kept, half.person
    needs = step_up.of_person(services, request, flow, person, kept.methods)
    if not isinstance(more_proof(flow, kept.methods, needs, services.clock()), Renew):
        return too_late  # it has not run out, or a second step comes before (P7)
    first = request.form.first
    try:
        problems = expiry.renew(services, request, person, first.get("password", ""), first.get("confirm", ""))
    except PersonChanged:
        return too_late
    except Busy as error:
        again = services.protocols[flow.protocol].restart_url(services, flow)
        return pages.busy(services, error.retry_after, again)
    if problems:
        return _page(services, request, half, problems)
    pending.drop(services, flow)
    person = services.directory.get(person.id)
    flow = replace(flow, pending="")
    return Proven(
        flow, person, kept.methods, stay=kept.stay, shared=kept.shared, session_id=kept.session_id,
        auth_time=kept.auth_time, began=elsewhere.load(kept.began),
    )  # fmt: skip
