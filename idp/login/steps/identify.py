"""Who is it? The page for a name and a password, and what was typed there.

Another way to say who one is has a file of its own, beside `identify_by_passkey`. One that leaves for somewhere else
answers its POST with a redirect, and the path where it comes back settles a `Proven` as every other.
"""

from __future__ import annotations

import math
from dataclasses import replace

from idp.accounts.passwords import Busy
from idp.login import flood, pages
from idp.login.authenticators import password
from idp.login.browser import last_account, robots
from idp.login.browser.sessions import Session
from idp.login.flow import Flow
from idp.login.services import Services
from idp.login.steps import Deny, Identify, offer_passkey, renew_there, sign_in_form, slips
from idp.login.steps.outcomes import Denied, Outcome, Proven, Show
from idp.login.steps.sign_in_form import Typed
from idp.login.steps.sign_in_page import NOTHING, Said, page
from idp.login.throttle import Pause
from idp.login.upstream import Challenge
from idp.texts import N_
from idp.wire import Page, Request, Response

STEP = "identify"
#: For somebody who has proven who they are by another way than the password that was taken away (A3).
LOCKED = N_(
    "This account was locked because somebody said “This was not me”. "
    "Choose a new password by “Forgot password?” to get back in."
)
#: The same, where no mail leads back in.
LOCKED_ASK = N_(
    "This account was locked because somebody said “This was not me”. "
    "Ask the help desk for a link to choose a new password."
)


def show(services: Services, request: Request, flow: Flow, session: Session | None, step: Identify) -> Response:
    """The page. Whoever is signed in and is asked again finds their name there."""
    away = services.upstream.at_once(services, request, flow) if not (step.error or step.anew) else None
    if isinstance(away, Response):
        return away
    again = session.username if session is not None and step.notice else ""
    said = Said(typed=step.typed or again, error=step.error or None, notice=step.notice, anew=step.anew)
    return challenged(services, request, flow, away, said) if away is not None else page(services, request, flow, said)


def challenged(services: Services, request: Request, flow: Flow, asked: Challenge, said: Said = NOTHING) -> Page:
    """The page, for whoever cannot do what is asked of the browser with it."""
    said = replace(said, error=asked.error or None, error_id=asked.error_id)
    shown = page(services, request, flow, said)
    headers, cookies = (*shown.headers, *asked.headers), (*shown.cookies, *asked.cookies)
    return replace(shown, status=asked.status, headers=headers, cookies=cookies)


def submit(services: Services, request: Request, flow: Flow) -> Outcome:
    """POST /login."""
    if request.form.get("action") == "show":  # back from the pages of help
        return page(services, request, flow)
    if request.form.get("action") == "other":
        return _somebody_else(services, request, flow)
    action, name = request.form.get("action"), request.form.first.get("login", "").strip()
    if action in ("next", "password"):  # the name came first; nobody is looked up for it (L7)
        away = services.upstream.by_name(services, request, flow, name) if action == "next" else None
        return away or page(services, request, flow, Said(typed=name))
    if request.form.get("action") == "cancel":
        # The old session, if there is one, is left as it was (CVE-2023-6787).
        return Denied(flow, Deny("access_denied", "The person cancelled the sign-in.", "cancelled"))
    can = offer_passkey.ability(request.form.get("makes_passkeys") or "")
    flow = replace(flow, makes_passkeys=can or flow.makes_passkeys)
    typed = sign_in_form.read(services, request)
    if sign_in_form.is_late(services, request):
        return page(services, request, flow, Said(typed=typed.login, notice=sign_in_form.LATE))
    counted, now = services.flood, services.clock()
    restart = services.protocols[flow.protocol].restart_url(services, flow)
    key = counted.key(request.remote_address, typed.login, typed.password)
    if counted.is_on(key, now):
        return _too_fast(services, restart)
    with counted.one_of_few(key) as is_one:
        if not is_one:
            again = _filled_in(services, request, flow, typed)
            return replace(pages.busy(services, 1, restart, again), status=429)
        try:
            outcome = password.prove(services, request, typed.login, typed.password)
        except Busy as error:
            again = _filled_in(services, request, flow, typed)
            return pages.busy(services, error.retry_after, restart, again)
    if outcome.linking:  # whoever has an account here proves it once, in this very conversation
        anew = Identify(notice=outcome.notice, anew=True)
        return Show(replace(flow, linking=outcome.linking, login_hint=""), anew)
    if outcome.renews is not None:  # right there, and over: another one is chosen in this very conversation
        return renew_there.begin(services, request, flow, typed, outcome.renews)
    if outcome.person is None:
        counted.in_vain(key, now)
        return _not_proven(services, request, flow, typed, outcome)
    stay = typed.stay and services.settings.session.stay_days > 0
    flow = replace(flow, login_hint=typed.login[:255])
    return Proven(flow, outcome.person, outcome.methods, stay=stay, shared=typed.shared)


def _somebody_else(services: Services, request: Request, flow: Flow) -> Page:
    """Not whoever this device remembers: it forgets them."""
    empty = page(services, request, replace(flow, login_hint=""), Said(anew=True))
    return replace(empty, cookies=(last_account.forget(services),))


def _not_proven(
    services: Services, request: Request, flow: Flow, typed: Typed, outcome: password.PasswordResult
) -> Response:
    """The page again. Nobody is blamed who has only to show that they are no program: what they typed is kept."""
    kept, notice = "", ""
    if outcome.unproven:
        kept = sign_in_form.seal(services, request, typed)
        notice = robots.MISREAD if request.form.get("digits") else robots.UNPROVEN
    again = page(services, request, flow, Said(
        typed=typed.login, error=outcome.error, notice=notice, pause=outcome.pause, error_id=outcome.error_id,
        check=outcome.check, kept=kept,
    ))  # fmt: skip
    again = replace(again, cookies=(robots.cookie(services),)) if outcome.check else again
    if kept:  # a password stands in no address
        return again
    paused = None if outcome.pause is None else [outcome.pause.until, outcome.pause.of]
    said = {
        "typed": typed.login, "error": outcome.error, "notice": notice, "error_id": outcome.error_id, "paused": paused,
        "check": outcome.check,
    }  # fmt: skip
    return slips.by_address(services, request, again, slips.Slip(flow, STEP, said, services.clock()))


def slipped(services: Services, request: Request, slip: slips.Slip) -> Page:
    """GET /login/slip: the page again, after Back."""
    said = dict(slip.said)
    paused = said.pop("paused")
    pause = Pause(*paused) if paused is not None and (paused[0] is None or paused[0] > services.clock()) else None
    return page(services, request, slip.flow, Said(pause=pause, **said))


def _filled_in(services: Services, request: Request, flow: Flow, typed: Typed) -> dict[str, str]:
    """The fields of the sign-in form, filled in as they were: nobody types a password twice for our sake."""
    return {
        "flow": pages.sealed(services, request, flow),
        "login": typed.login,
        "held": sign_in_form.seal(services, request, typed),
    }


def _too_fast(services: Services, continue_url: str) -> Page:
    """The same wrong password again and again within seconds: no look at it, and a page that costs next to nothing."""
    return replace(pages.busy(services, math.ceil(flood.WINDOW), continue_url), status=429)
