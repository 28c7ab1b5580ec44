"""Forgot password, forgot username: a form, one answer for every name, a code to type in place of the mail's link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from idp import browser, language
from idp.accounts.device_text import describe
from idp.accounts.recovery import resets, usernames
from idp.db import Unavailable
from idp.jobs import JobsUnavailable
from idp.login.flow import open_value, seal_value
from idp.login.throttle import address_range
from idp.mail import sms
from idp.portal import resuming
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Page, Redirect, Request, Response

WINDOW = 600.0  # seconds in which the forms from one address range are counted
_TICKET = "reset-ticket"
EMPTY = N_("Please type your name or your e-mail address.")
NO_ADDRESS = N_("Please type your e-mail address.")
TOO_MANY = N_("Very many people asked from your network just now. Please wait ten minutes, or ask the help desk.")
WRONG_CODE = N_("This is not the code of the newest mail, or its time has run out. The link in the mail works longer.")


def password(services: Services, request: Request) -> Response:
    """GET and POST /help/password."""
    if request.method != "POST" or not resets.is_open(services):
        return _password_page(services, request, "", "", request.query.get("flow") or "")
    typed, flow = request.form.first.get("login", ""), request.form.get("flow") or ""
    if not typed.strip():
        return _password_page(services, request, EMPTY, typed, flow)
    if _is_too_much(services, request):
        return _password_page(services, request, TOO_MANY, typed, flow, 429)
    resuming.remember(services, request, flow, services.settings.recovery.link_minutes)
    about = about_of(services, request)
    ticket = _queued(lambda: resets.ask(services, typed, about["page"], about))
    return _sent_page(services, request, ticket, "")


def code(services: Services, request: Request) -> Response:
    """POST /help/password/code: the code of the mail, in the browser that asked for it."""
    back = Redirect(location=services.url("/help/password"))
    if request.method != "POST":
        return back
    ticket = open_value(services.sealer, _TICKET, request.form.get("ticket") or "", browser.identify(services, request))
    if ticket is None:
        return back
    token = resets.redeem_code(services, str(ticket), request.form.first.get("code", ""))
    if token is None:
        return _sent_page(services, request, str(ticket), WRONG_CODE)
    return Redirect(location=services.url(f"/setup/{token}"))


def username(services: Services, request: Request) -> Response:
    """GET and POST /help/username."""
    if request.method != "POST" or not usernames.is_open(services):
        return _username_page(services, request, "", "")
    typed = request.form.first.get("email", "")
    if "@" not in typed:
        return _username_page(services, request, NO_ADDRESS, typed)
    if _is_too_much(services, request):
        return _username_page(services, request, TOO_MANY, typed, 429)
    about = about_of(services, request)
    _queued(lambda: usernames.ask(services, typed, about["page"], about))
    return Page(template="login/help_username_sent.html", values={"here": services.url("/help/username")})


def about_of(services: Services, request: Request) -> dict[str, str]:
    """Who asks, for events and mails."""
    return {
        "page": language.of_page(services, request),
        "address": request.remote_address, "request_id": request.id, "device": str(describe(request.user_agent)),
    }  # fmt: skip


def _is_too_much(services: Services, request: Request) -> bool:
    """Counted by where it comes from and never by the name, so that it tells nothing about names."""
    key = "recovery:asks:" + address_range(request.remote_address)
    return services.state.count(key, WINDOW) > services.settings.recovery.asks_per_network


def _queued(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except JobsUnavailable as error:
        raise Unavailable(f"the job queue: {error}") from error


def _password_page(services: Services, request: Request, error: str, typed: str, flow: str, status: int = 200) -> Page:
    taken = resuming.along(services, request, flow)
    values = {
        **taken, "flow": flow, "is_here": False, "has_flow": bool(taken["flow"]),
        "by_mail": resets.is_open(services), "error": error, "login": typed or taken["login"],
        "here": services.url("/help/password"),
        "minutes": services.settings.recovery.link_minutes,
    }  # fmt: skip
    return Page(template="login/help_password.html", values=values, status=status)


def _sent_page(services: Services, request: Request, ticket: str, error: str) -> Page:
    return Page(
        template="login/help_password_sent.html",
        values={
            "ticket": seal_value(services.sealer, _TICKET, ticket, browser.identify(services, request)),
            "error": error,
            "here": services.url("/help/password"),
            "minutes": services.settings.recovery.link_minutes,
            "code_minutes": services.settings.recovery.code_minutes,
            "digits": resets.CODE_DIGITS,
            "by_phone": sms.is_ready(services),
        },
    )


def _username_page(services: Services, request: Request, error: str, typed: str, status: int = 200) -> Page:
    sealed = (request.form if request.method == "POST" else request.query).get("flow") or ""
    values = {
        **resuming.along(services, request, sealed), "is_here": False,
        "by_mail": usernames.is_open(services), "error": error, "email": typed, "here": services.url("/help/username"),
    }  # fmt: skip
    return Page(template="login/help_username.html", values=values, status=status)
