"""Which account? Several people may be signed in in one browser (A9), or somebody else is wanted."""

from __future__ import annotations

from dataclasses import replace

from idp.login import pages
from idp.login.browser import accounts, sessions
from idp.login.browser.sessions import Session
from idp.login.flow import Flow
from idp.login.services import Services
from idp.login.steps import ChooseAccount, Identify
from idp.login.steps.outcomes import Outcome, Proceed, Show
from idp.showing import form_targets
from idp.wire import Page, Request


def show(services: Services, request: Request, flow: Flow, session: Session | None, step: ChooseAccount) -> Page:
    """The accounts that are signed in here, the one at the front first, or another one."""
    here = [session] if session is not None else []
    here += [other.session for other in accounts.others(services, request)]
    return Page(
        template="login/select_account.html",
        values={
            **pages.about(services, request, flow),
            "accounts": [{**pages.person(one), "session_id": one.id} for one in here],
        },
        form_action=form_targets(flow.destination),
    )


def submit(services: Services, request: Request, flow: Flow) -> Outcome:
    """POST /login/account."""
    session, chosen = sessions.current(services, request, flow.client_id), request.form.get("account") or ""
    if session is not None and chosen == session.id:
        return Proceed(flow.chosen(), session)
    other = accounts.find(services, request, session_id=chosen, client_id=flow.client_id)
    if other is not None:
        return Proceed(flow.chosen(), other.session, accounts.put_first(services, request, other))
    return another(flow)


def another(flow: Flow) -> Show:
    """The sign-in page for one account more; whoever is signed in stays so."""
    return Show(replace(flow, login_hint="", beside=True, selected=True), Identify())
