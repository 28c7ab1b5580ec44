"""The pages of the sign-in conversation: which template, with which values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clients.client import Client
from idp import browser
from idp.login import consent, flood
from idp.login.authenticators import passkeys
from idp.login.browser import accounts, robots
from idp.login.browser.sessions import Session
from idp.login.flow import Flow, seal
from idp.login.steps import sign_in_form
from idp.login.throttle import Pause
from idp.services import Services
from idp.texts import N_
from idp.web import form_targets, shown_app
from idp.wire import Page, Request

#: How a pause without an end is told: an admin lifts it.
STOPPED = N_(
    "Too many wrong passwords: signing in with this name is stopped until the help desk unlocks it "
    "or the password is reset."
)
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


def login(
    services: Services, request: Request, flow: Flow, *, typed: str = "", error: str | None = None,
    notice: str = "", pause: Pause | None = None, status: int = 200, check: bool = False, kept: str = "",
    error_id: str = "",
) -> Page:  # fmt: skip
    """The name and password page; with `check`, somebody must show that they are no program.

    `kept`: what they have typed, sealed, so that showing it is all that is left to do.
    """
    now = services.clock()
    until = pause.until if pause is not None else None
    if pause is not None and until is None:
        error = STOPPED
    flow = replace(flow, login_hint=typed[:255] or flow.login_hint)  # so that it comes back from the pages of help
    return Page(
        template="login/login.html",
        status=status,
        headers=(("Retry-After", str(math.ceil(until - now))),) if until is not None else (),
        values={
            **_about(services, request, flow),
            "login": flow.login_hint,
            "error": error,
            "notice": notice,
            "notices": [
                {"text": told.text, "app": ""}
                for told in services.notices.shown("login")
                if told.client_id in (None, flow.client_id)
            ],
            "retry_at": math.ceil(until) if until is not None else None,
            "retry_in": max(1, math.ceil(until - now)) if until is not None else 0,
            "stay_days": services.settings.session.stay_days,
            "passkey": passkeys.offer(services, request),
            "signals": "",
            "check": robots.offer(services, request) if check or robots.is_expected(services, request) else None,
            "kept": kept,
            "error_id": error_id,
        },
        form_action=form_targets(flow.destination),
    )


def ask_consent(services: Services, request: Request, flow: Flow, session: Session) -> Page:
    """What the application wants, and Allow or Don't allow."""
    return Page(
        template="login/consent.html",
        values={
            **_about(services, request, replace(flow, shown_to=session.id)),
            "scopes": consent.shown(services, flow, session),
            "person": person(session),
            "grown": bool(session.consent_scopes) and not set(flow.scopes) <= session.consent_scopes,
            "unproven": flow.demands.unproven,
        },
        form_action=form_targets(flow.destination),
    )


def choose_account(services: Services, request: Request, flow: Flow, session: Session | None) -> Page:
    """The accounts that are signed in here, the one at the front first, or another one."""
    here = [session] if session is not None else []
    here += [other.session for other in accounts.others(services, request)]
    return Page(
        template="login/select_account.html",
        values={
            **_about(services, request, flow),
            "accounts": [{**person(one), "session_id": one.id} for one in here],
        },
        form_action=form_targets(flow.destination),
    )


def stale(services: Services, continue_url: str, app: Client | None) -> Page:
    """A page that was open too long or in two tabs: never a dead end (L8)."""
    return Page(
        template="login/stale.html",
        values={
            "title": N_("Let us start this again"),
            "message": N_("This page was open for a long time, or opened twice. Your sign-in can start once more."),
            "continue_url": continue_url,
            "here": continue_url,
            "app": shown_app(services, app),
        },
    )


def no_cookies(services: Services, continue_url: str) -> Page:
    """L10: the browser did not bring back the cookie that came with the form."""
    return Page(template="login/cookies.html", values={"continue_url": continue_url, "here": continue_url}, status=400)


def resend(services: Services, request: Request, flow: Flow, typed: sign_in_form.Typed) -> dict[str, str]:
    """The fields of the sign-in form, filled in as they were: nobody types a password twice for our sake."""
    return {
        "flow": seal(services.sealer, flow, browser.identify(services, request)),
        "login": typed.login,
        "held": sign_in_form.seal(services, request, typed),
    }


def busy(services: Services, retry_after: int, continue_url: str, again: Mapping[str, str] | None = None) -> Page:
    """More sign-ins at once than hashes can be computed; tokens go on meanwhile. `again`: the form to send anew."""
    return Page(
        template="login/wait.html",
        status=503,
        headers=(("Retry-After", str(retry_after)),),
        values={"retry_in": retry_after, "continue_url": continue_url, "here": continue_url, "again": again},
    )


def too_fast(services: Services, continue_url: str) -> Page:
    """The same wrong password again and again within seconds: no look at it, and a page that costs next to nothing."""
    return replace(busy(services, math.ceil(flood.WINDOW), continue_url), status=429)


def confirm_sign_out(
    services: Services, session: Session | None, client: Client | None, flow: str, action: str,
    form_action: tuple[str, ...], *, elsewhere: bool = False,
) -> Page:  # fmt: skip
    """Asked before anybody is signed out whom no valid hint names.

    `session`: the one of this browser; `elsewhere`: one of another browser ends as well, or alone.
    """
    return Page(
        template="login/confirm_sign_out.html",
        values={
            "action_url": services.settings.server.issuer_path + action,
            "flow": flow,
            "app": shown_app(services, client),
            "person": person(session) if session is not None else None,
            "elsewhere": elsewhere,
        },
        form_action=form_action,
    )


def nobody_here(services: Services) -> Page:
    """Asked to sign out a browser in which nobody is signed in: nothing has ended."""
    values = {"results": [], "nobody": True, "left": "", "here": services.url("/logout")}
    return Page(template="login/signed_out.html", values=values)


def signed_out(services: Services, results: tuple[dict[str, str], ...], left: str = "") -> Page:
    """What happened, application by application (A7). `left`: the one account that was left, where others stay (A9)."""
    here = services.url("/" if left else "/logout")
    values = {"results": list(results), "nobody": False, "left": left, "here": here}
    return Page(template="login/signed_out.html", values=values)


def sealed(services: Services, request: Request, flow: Flow) -> str:
    """The flow as a page's hidden field, bound to this browser."""
    return seal(services.sealer, flow, browser.identify(services, request))


def person(session: Session) -> dict[str, str]:
    """The person as the header shows them."""
    return {"name": session.name or session.username, "username": session.username}


def _about(services: Services, request: Request, flow: Flow) -> dict[str, Any]:
    client = services.registry.find(flow.client_id) if flow.client_id else None
    restart = services.protocols[flow.protocol].restart_url(services, flow)
    request.ui_locales = flow.ui_locales
    return {
        "app": shown_app(services, client),
        "flow": sealed(services, request, flow),
        "here": restart if request.method == "POST" else "",
    }
