"""A new password in a directory, in place of one that is over there: inside the sign-in, then on to the application.

The old one, which the directory has just taken for right, stands sealed in the page for ten minutes and nowhere else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from idp.accounts import choosing
from idp.accounts.passwords import Busy
from idp.login import pages
from idp.login.authenticators import password
from idp.login.flow import Flow
from idp.login.services import Services
from idp.login.steps import Identify, sign_in_form
from idp.login.steps.outcomes import Outcome, Proven, Show
from idp.login.steps.sign_in_form import Typed
from idp.login.upstream import Asked, NewPassword
from idp.showing import form_targets
from idp.texts import N_
from idp.wire import Page, Request

_DONE = N_("Your password is changed. Sign in with the new one.")


def ask(
    services: Services, request: Request, flow: Flow, typed: Typed, directory: str, problems: tuple[str, ...] = ()
) -> Page:
    """The page. `directory`: the id of the one where it is over."""
    return Page(
        template="login/renew_there.html",
        values={
            **pages.about(services, request, flow),
            "person": None,
            "problems": list(problems),
            "account": {"username": typed.login},
            "name": services.upstream.name_of(services, directory),
            "held": sign_in_form.seal(services, request, typed),
        },
        form_action=form_targets(flow.destination),
    )


def submit(services: Services, request: Request, flow: Flow) -> Outcome:
    """POST /login/renew-there."""
    typed, form = sign_in_form.opened(services, request), request.form.first
    if typed is None:
        return Show(flow, Identify(notice=sign_in_form.LATE))
    found = services.directory.find_for_password(typed.login)
    person = found[0] if found is not None else None
    directory = services.upstream.directory_of(services, request, typed.login, person)
    new = form.get("new", "")
    if new != form.get("confirm", ""):
        return ask(services, request, flow, typed, directory, (choosing.MISMATCH,))
    ended = _nothing_ends if form.get("keep_others") else None
    try:
        asked = Asked(directory, typed.login, typed.password, person)
        done = services.upstream.change_password(services, request, asked, NewPassword(new, ended))
        if done.problems:
            return ask(services, request, flow, typed, directory, done.problems)
        return _in(services, request, flow, replace(typed, password=new))
    except Busy as error:
        restart = services.protocols[flow.protocol].restart_url(services, flow)
        return pages.busy(services, error.retry_after, restart)


def _in(services: Services, request: Request, flow: Flow, typed: Typed) -> Outcome:
    """As if the new one had been typed on the page before. Errors: `Busy`."""
    outcome = password.prove(services, request, typed.login, typed.password, known=True)
    if outcome.linking:
        return Show(
            replace(flow, linking=outcome.linking, login_hint=""), Identify(notice=outcome.notice, anew=True)
        )  # fmt: skip
    if outcome.person is None:
        return Show(flow, Identify(notice=_DONE, error=outcome.error or "", typed=typed.login))
    stay = typed.stay and services.settings.session.stay_days > 0
    return Proven(
        replace(flow, login_hint=typed.login[:255]), outcome.person, outcome.methods, stay=stay, shared=typed.shared
    )  # fmt: skip


def _nothing_ends(_tx: Any, _person_id: str, _why: str) -> None:
    """Everything that is open stays open: the person said so."""
