"""Which provider (I5): buttons, mail domains, hints of the application, the last choice; and how to stay here."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from idp import browser
from idp.accounts.person import fold
from idp.browser import cookie_name
from idp.errors import Refused
from idp.federation import health, leaving, snapshot
from idp.federation.attempts import Attempt
from idp.federation.provider import FEDERATION, SAML, Provider
from idp.login.flow import Flow
from idp.login.upstream import Offer, Offers
from idp.protocols import Services
from idp.showing import form_targets
from idp.wire import Cookie, Request, Response

LAST: Final = "via"  # the provider that somebody came through last, where the device is not shared
#: Nobody is led on by itself: they have signed out, or come back without having signed in.
STAY: Final = "stay"
STAY_FOR: Final = 900  # seconds, as long as an attempt
_DAY: Final = 86400


def offers(services: Services, request: Request, flow: Flow) -> Offers:
    """The buttons of a page, the last choice first. None while somebody connects the account that they have here."""
    found = snapshot.leading(services, flow.client_id) if not flow.linking else ()
    if not found:
        return Offers()
    last = request.cookies.get(cookie_name(services, LAST), "")
    shown = sorted((one for one in found if one.button), key=lambda one: one.id != last)
    buttons = tuple(
        Offer(one.id, one.name, stands.since if stands.is_down else 0.0, one.id == last)
        for one in shown
        for stands in (health.of(services, one),)
    )
    targets = dict.fromkeys(target for one in found for target in targets_of(one))
    leads = any(leaving.is_of(one, flow.login_hint) for one in found)
    return Offers(buttons, any(one.domains for one in found), leads, tuple(targets))


def targets_of(provider: Provider) -> tuple[str, ...]:
    """Where a form may lead to: the provider's own page may be on any host that its discovery names."""
    if provider.kind == FEDERATION:
        return ("https:",)  # any of its organisations, and whoever asks which
    if provider.kind == SAML and not provider.issuer.startswith("http"):
        return ("https:",)  # an entityID may be a URN, and says nothing of where people sign in
    return form_targets(provider.issuer)


def may_lead(services: Services, request: Request, flow: Flow) -> bool:
    """Whether somebody may be in without having seen a page: a window that begins, by nobody who chose to stay."""
    if request.method != "GET" or not browser.is_navigation(request) or flow.beside or flow.linking:
        return False
    if request.path.startswith(leaving.PATH):  # they come from there: the same answer would bring them back for ever
        return False
    return cookie_name(services, STAY) not in request.cookies


def hinted(services: Services, flow: Flow) -> Provider | None:
    """The provider that the application means."""
    return _hinted(snapshot.leading(services, flow.client_id), flow)


def at_once(services: Services, request: Request, flow: Flow, meant: Provider | None) -> Response | None:
    """Straight on to the provider that the application means, or the one that nobody needs to choose."""
    found = snapshot.leading(services, flow.client_id)
    chosen = meant or next((one for one in found if one.at_once), None)
    if chosen is None or health.of(services, chosen).is_down:
        return None
    try:
        response = leaving.begin(services, request, chosen.id, leaving.new(services, chosen.id, flow))
    except Refused as error:  # our own page, with every other way in, is never behind somebody else's
        services.log.warning("upstream_not_led", provider=chosen.id, name=chosen.name, kind=error.code)
        return None
    # A way back: whoever presses Back finds our own page, with every other way.
    return _with(response, _stay(services))


def _hinted(found: tuple[Provider, ...], flow: Flow) -> Provider | None:
    hint = flow.idp_hint
    if hint.startswith("@"):
        return next((one for one in found if fold(hint[1:]) in one.domains), None)
    if hint:
        return next((one for one in found if hint == one.id or fold(hint) == fold(one.name)), None)
    return next((one for one in found if leaving.is_of(one, flow.login_hint)), None)


def by_name(services: Services, request: Request, flow: Flow, typed: str) -> Response | None:
    """To the provider of the typed name's domain. Nobody is looked up: whether there is such a person stays unsaid."""
    if flow.linking:
        return None
    found = snapshot.leading(services, flow.client_id)
    chosen = next((one for one in found if leaving.is_of(one, typed)), None)
    if chosen is None:
        return None
    attempt = leaving.new(services, chosen.id, flow, typed=typed)
    return leaving.begin(services, request, chosen.id, ticked(services, request, attempt))


def ticked(services: Services, request: Request, attempt: Attempt) -> Attempt:
    """With the two boxes of the sign-in page."""
    shared = bool(request.form.get("shared"))
    stay = bool(request.form.get("stay")) and not shared and services.settings.session.stay_days > 0
    return replace(attempt, stay=stay, shared=shared)


def came_back(services: Services, provider: Provider, *, shared: bool, vainly: bool = False) -> tuple[Cookie, ...]:
    """What this browser keeps of it. `vainly`: nobody signed in there, so nobody is led there again by itself."""
    days = services.settings.session.remember_account_days
    kept = Cookie(cookie_name(services, LAST), "" if shared else provider.id, 0 if shared or not days else days * _DAY)
    return (kept, _stay(services) if vainly else Cookie(cookie_name(services, STAY), "", 0))


def stay(services: Services) -> tuple[Cookie, ...]:
    """Somebody signed out: the next page waits for them to choose."""
    leads = any(not one.is_directory or one.kerberos_networks for one in snapshot.current(services))
    return (_stay(services),) if leads else ()


def _stay(services: Services) -> Cookie:
    return Cookie(cookie_name(services, STAY), "1", STAY_FOR)


def _with(response: Response, *cookies: Cookie) -> Response:
    return replace(response, cookies=(*response.cookies, *cookies))
