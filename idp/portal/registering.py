"""Making an account oneself (U1): an address, the mail's link or code, a name, and then a password as after a reset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from idp import audit, browser, language
from idp.accounts.person import InvalidPerson
from idp.accounts.registering import addresses, asking, entering, terms, waiting
from idp.accounts.registering.asking import Proven
from idp.accounts.registering.terms import Terms
from idp.attributes import TITLES
from idp.db import Unavailable
from idp.ids import digest
from idp.jobs import JobsUnavailable
from idp.login.browser import robots
from idp.login.flow import open_value, seal_value
from idp.login.throttle import address_range
from idp.portal import resuming
from idp.portal.forgotten import about_of
from idp.protocols import Services
from idp.showing import shown_app
from idp.texts import N_
from idp.wire import Page, Redirect, Request, Response

HERE: Final = "/register"
MAX_TRIES: Final = 30  # of filling in the form behind one link
CHECK_FROM: Final = 3  # forms from one address range in an hour, after which it is asked whether somebody is there
TOO_MANY: Final = N_("Very many people asked for an account just now. Please try again in an hour.")
CHECK: Final = N_("Many accounts were asked for from your network, so please show that you are not a program.")
MISREAD: Final = N_("These were not the digits in the picture. Here is another one.")
WRONG_CODE: Final = N_(
    "This is not the code of the newest mail, or its time has run out. The link in the mail works longer."
)
NOT_OF_THESE: Final = N_("Accounts are made here for addresses of %(domains)s only.")
NOT_THIS: Final = N_("An address of this provider is not taken here. Use one that you keep.")
_TICKET: Final = "registration-ticket"
_AUTOCOMPLETE: Final[Mapping[str, str]] = {
    "name": "name", "username": "username", "given_name": "given-name", "family_name": "family-name",
    "nickname": "nickname", "phone_number": "tel",
}  # fmt: skip


def ask(services: Services, request: Request) -> Response:
    """GET and POST /register: the address."""
    sealed = (request.form if request.method == "POST" else request.query).get("flow") or ""
    sealed = sealed or resuming.kept(services, request)  # whoever asks once more came from there
    along = resuming.along(services, request, sealed)
    found = terms.find(services, along["client_id"])
    if found is None:
        return Page(template="login/register_closed.html", values={**along, "is_here": False}, status=404)
    typed = request.form.first.get("email", "") if request.method == "POST" else along["login"]
    if request.method != "POST":
        return _ask_page(services, request, along, found, typed if "@" in typed else "")
    try:
        email = _acceptable(services, found, typed)
    except InvalidPerson as error:
        return _ask_page(services, request, along, found, typed, error.message)
    slow = _slowed(services, request)
    if slow:
        return _ask_page(services, request, along, found, typed, slow, status=429 if slow is TOO_MANY else 200)
    resuming.remember(services, request, sealed, services.settings.self_registration.link_minutes)
    locale = language.locale_for(services, request)
    try:
        ticket = asking.ask(services, email, along["client_id"], locale, about_of(services, request))
    except JobsUnavailable as error:
        raise Unavailable(f"the job queue: {error}") from error
    return _sent_page(services, request, ticket, email, "")


def code(services: Services, request: Request) -> Response:
    """POST /register/code: the code of the mail, in the browser that asked for it."""
    who = browser.identify(services, request)
    opened = open_value(services.sealer, _TICKET, request.form.get("ticket") or "", who)
    if request.method != "POST" or opened is None:
        return Redirect(location=services.url(HERE))
    ticket, email = opened
    token = asking.redeem_code(services, ticket, request.form.first.get("code", ""))
    if token is None:
        return _sent_page(services, request, ticket, email, WRONG_CODE)
    return Redirect(location=services.url(f"{HERE}/{token}"))


def enter(services: Services, request: Request) -> Response:
    """GET and POST /register/<token>: who they are. Opening the link uses nothing up, so that mail scanners do no harm.

    It works on any device: the way back to the application is known in the browser that asked, else it ends here.
    """
    token = request.segment
    proven = asking.peek(services, token)
    if proven is None:
        return _used(services, request, token)
    language.speak_to(request, {"locale": proven.locale})
    found = entering.allowed(services, proven)
    if found is None:
        return _closed(services, request)
    if request.method != "POST":
        return _enter_page(services, request, found, proven, {})
    if _is_spent(services, token):
        return _gone_page(services, request, "tries")
    record = audit.recorder(services.clock, "registration", address=request.remote_address, request_id=request.id)
    try:
        who = entering.read(services, found, proven, request.form.first, request.remote_address)
        person = entering.enter(services, token, who, found, record)
    except entering.Wrong as wrong:
        return _enter_page(services, request, found, proven, wrong.problems)
    except entering.AddressTaken:
        return _gone_page(services, request, "known")
    except entering.LinkUsed:
        return _used(services, request, token)
    except waiting.TooManyWait:
        return _gone_page(services, request, "full")
    if person is None:
        return _gone_page(services, request, "waits", status=200)
    return Redirect(location=entering.password_link(services, person))


# -- the first page ----------------------------------------------------------------------------------------------------


def _acceptable(services: Services, found: Terms, typed: str) -> str:
    """The address in its one form. What is refused here tells of domains, never of people. Errors: `InvalidPerson`."""
    email = addresses.read(typed[:1000])
    if not addresses.is_of(email, found.domains):
        raise InvalidPerson("email", N_(NOT_OF_THESE, domains=", ".join(found.domains)))
    if addresses.is_refused(email, services.settings.self_registration.refused_domains):
        raise InvalidPerson("email", NOT_THIS)
    return email


def _slowed(services: Services, request: Request) -> str:
    """Why this form does nothing yet, '' where it does. Counted by where it comes from, never by the address."""
    said = services.settings.self_registration
    asks = services.state.count("registering:asks:" + address_range(request.remote_address), asking.HOUR)
    if asks > said.asks_per_network:
        return TOO_MANY
    if (asks > CHECK_FROM or robots.is_expected(services, request)) and not robots.is_passed(services, request):
        return MISREAD if request.form.get("digits") else CHECK
    return TOO_MANY if asking.is_too_much(services) else ""


def _ask_page(
    services: Services, request: Request, along: Mapping[str, Any], found: Terms, typed: str, error: str = "",
    status: int = 200,
) -> Page:  # fmt: skip
    is_checked = error in (CHECK, MISREAD) or robots.is_expected(services, request)
    return Page(
        template="login/register.html", status=status,
        values={
            **along, "is_here": False, "error": error, "email": typed[:254], "here": services.url(HERE),
            "domains": [] if found.is_for_any else list(found.domains), "approval": found.approval,
            "minutes": services.settings.self_registration.link_minutes,
            "check": robots.offer(services, request) if is_checked else None, "why_check": CHECK,
        },
    )  # fmt: skip


def _sent_page(services: Services, request: Request, ticket: str, email: str, error: str) -> Page:
    who = browser.identify(services, request)
    return Page(
        template="login/register_sent.html",
        values={
            "ticket": seal_value(services.sealer, _TICKET, [ticket, email], who), "error": error, "email": email,
            "here": services.url(HERE), "minutes": services.settings.self_registration.link_minutes,
            "code_minutes": asking.CODE_MINUTES, "digits": asking.CODE_DIGITS,
        },
    )  # fmt: skip


# -- the page behind the link ------------------------------------------------------------------------------------------


def _enter_page(
    services: Services, request: Request, found: Terms, proven: Proven, problems: Mapping[str, str]
) -> Page:  # fmt: skip
    client = services.registry.find(proven.client_id) if proven.client_id else None
    asked = ["name", *(field for field in entering_order(found))]
    typed = request.form.first if request.method == "POST" else {}
    return Page(
        template="login/register_form.html", status=422 if problems else 200,
        values={
            "app": shown_app(services, client), "email": proven.email, "problems": problems, "token": request.segment,
            "approval": found.approval, "keep_days": services.settings.self_registration.keep_days,
            "fields": [
                {"name": name, "label": _LABELS.get(name) or TITLES.get(name, name), "value": typed.get(name, ""),
                 "required": name in ("name", "username", "reason"), "autocomplete": _AUTOCOMPLETE.get(name, "off")}
                for name in asked
            ],
            "here": services.url(f"{HERE}/{request.segment}"),
        },
    )  # fmt: skip


_LABELS: Final[Mapping[str, str]] = {
    "name": N_("Your full name"), "username": N_("Username"), "reason": N_("What do you need the account for?"),
}  # fmt: skip


def entering_order(found: Terms) -> tuple[str, ...]:
    """What is asked beside the name, as the settings have it, the reason last."""
    fields = tuple(dict.fromkeys(found.fields))
    return (*(field for field in fields if field != "reason"), *(("reason",) if "reason" in fields else ()))


def _is_spent(services: Services, token: str) -> bool:
    """Whether a link has been tried too often, for whatever it does: counts one."""
    return services.state.count("registering:tries:" + digest(token), 86400.0) > MAX_TRIES


def _used(services: Services, request: Request, token: str) -> Response:
    """A link that is used up leads on: to the password that was never chosen, the sign-in, or the wait (L8)."""
    email = entering.used_by(services, token)
    person = services.directory.find_by_login(email) if email else None
    if person is not None and entering.has_no_password_yet(services, person):
        if request.method == "POST" and request.form.get("go_on"):
            if _is_spent(services, token):
                return _gone_page(services, request, "tries")
            return Redirect(location=entering.password_link(services, person))
        return _gone_page(services, request, "no_password", status=200)
    if email and waiting.of_address(services.db, email) is not None:
        return _gone_page(services, request, "waits", status=200)
    return _gone_page(services, request, "known" if person is not None else "")


def _gone_page(services: Services, request: Request, why: str, status: int = 404) -> Page:
    return Page(
        template="login/register_gone.html", status=status,
        values={
            "why": why, "token": request.segment, "here": services.url(HERE),
            "keep_days": services.settings.self_registration.keep_days,
        },
    )  # fmt: skip


def _closed(services: Services, request: Request) -> Page:
    along = resuming.along(services, request, "")
    return Page(template="login/register_closed.html", values={**along, "is_here": False}, status=404)
