"""The first page of somebody who is signed in: their applications."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from clients.access import decide
from clients.client import Client
from idp import flash, formats, language
from idp.accounts.own import pins
from idp.accounts.person import fold
from idp.first_party import frame
from idp.first_party.door import PROTOCOL
from idp.first_party.signing_in import sign_in
from idp.login import engine, pages, signout
from idp.login.browser import accounts, sessions
from idp.login.browser.sessions import Session
from idp.login.flow import Demands, Flow
from idp.login.signout import Cause, Ending
from idp.login.steps import sign_in_page
from idp.normal_forms import normal
from idp.portal import first_steps, reminders
from idp.protocols import Services
from idp.saml.sign_on import idp_initiated
from idp.showing import shown_app
from idp.wire import Redirect, Request, Response, with_parameters

MAX_TILES: Final = 500
FEW: Final = 8  # tiles that need no sections
MAX_RECENT: Final = 4
RECENT: Final = 30 * 86400.0  # seconds


def home(services: Services, request: Request) -> Response:
    """GET /: the tiles, pinned ones first; `?q=` searches them for whoever has no JavaScript."""
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, "/")
    apps = tiles(services, request, session)
    recent = _recent(apps, services.clock())
    query = " ".join((request.query.get("q") or "").split())[:100]
    found = [app for app in apps if _matches(app, query)]
    return frame.page(
        services,
        request,
        session,
        "portal/launcher.html",
        apps=found,
        recent=[] if query else recent,
        has_sections=len(apps) > FEW,
        has_apps=bool(apps),
        has_search=len(apps) > 1,
        query=query,
        notices=_notices(services, apps),
        reminders=reminders.of(services, session),
        steps=[] if query else first_steps.of(services, request, session, has_apps=bool(apps)),
    )


def arrange(services: Services, request: Request) -> Response:
    """GET and POST /apps: which tiles come first, and in which order."""
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, "/apps")
    apps = tiles(services, request, session)
    if request.method == "POST":
        return _arranged(services, request, session, {app["id"] for app in apps})
    pinned = [app for app in apps if app["pinned"]]
    return frame.page(
        services, request, session, "portal/arrange.html",
        pinned=pinned, others=[app for app in apps if not app["pinned"]],
    )  # fmt: skip


def _arranged(services: Services, request: Request, session: Session, mine: set[str]) -> Response:
    """One press of a star or a button, or a whole new order from dragging; back to where it was made."""
    back = "/" if request.form.get("back") == "home" else "/apps"
    wanted, move = request.form.get("client_id") or "", request.form.get("move") or ""
    # What the person may not open any more goes out of the order with the next change.
    standing = [client_id for client_id in pins.of(services.db, session.person_id) if client_id in mine]
    order = pins.ordered(standing, (request.form.get("order") or "").split())
    said = _SAID.get(move, "moved") if wanted in mine and move in pins.MOVES else "moved"
    if wanted in mine and move in pins.MOVES:
        order = pins.moved(standing, wanted, move)
    if order == standing:
        return Redirect(location=services.url(back))
    pins.save(services.db, session.person_id, order)
    return flash.redirect(services, back, said)


_SAID: Final = {"pin": "pinned", "unpin": "unpinned"}


def _recent(apps: list[dict[str, Any]], now: float) -> list[dict[str, Any]]:
    """What was opened in the last weeks and is not pinned, the latest first; where there are many tiles."""
    used = [app for app in apps if app["used_at"] and app["used_at"] > now - RECENT and not app["pinned"]]
    return sorted(used, key=lambda app: -app["used_at"])[:MAX_RECENT] if len(apps) > FEW else []


def tiles(services: Services, request: Request, session: Session) -> list[dict[str, Any]]:
    """The applications that this person may open: those pinned in the person's order, then the others by name."""
    order = {client_id: at for at, client_id in enumerate(pins.of(services.db, session.person_id))}
    used = services.uses.of(session.person_id)
    locale, zone, now = language.locale_for(services, request), language.zone_for(request), services.clock()
    shown: list[dict[str, Any]] = []
    for client in _offered(services, used):
        if client.profile == "machine" or not decide(client, session.person_id, session.groups, now).allowed:
            continue
        about = shown_app(services, client)
        if about is not None:
            launch = (
                client.launch_url or _initiated(services, client) or idp_initiated.start_url(services, client)
                or about["client_uri"] or _front_page(client)
            )  # fmt: skip
            shown.append(
                {
                    **about,
                    "id": client.id,
                    "launch_url": launch or None,
                    "is_web": launch.lower().startswith(("https://", "http://")),
                    "description": _description(client, locale),
                    "used_at": used.get(client.id),
                    "used_days": _days_ago(used[client.id], now, zone) if client.id in used else None,
                    "pinned": client.id in order,
                    "moves": [],
                    "is_unverified": _is_unverified(client),
                }
            )
    return _in_order(shown, order)


def _offered(services: Services, used: Mapping[str, float]) -> Iterator[Client]:
    """What somebody here answers for; of the applications that registered themselves those that the person has let in.

    Anybody may register some with any name: on everybody's first page they would be bait (S35).
    """
    for entry in services.registry.list(limit=MAX_TILES, vouched=True):
        if (client := services.registry.find(entry.id)) is not None:
            yield client
    for client_id in used:
        client = services.registry.find(client_id)
        if client is not None and _is_unverified(client):
            yield client


def _is_unverified(client: Client) -> bool:
    return bool(client.metadata.get("self_registered"))


def _in_order(shown: list[dict[str, Any]], order: Mapping[str, int]) -> list[dict[str, Any]]:
    """Pinned ones first, each with the moves that lead somewhere; what cannot be started from here comes last."""
    pinned = sorted((app for app in shown if app["pinned"]), key=lambda app: order[app["id"]])
    for at, app in enumerate(pinned):
        app["moves"] = [move for move, leads in (("up", at > 0), ("down", at < len(pinned) - 1)) if leads]
    others = [app for app in shown if not app["pinned"]]
    return [*pinned, *sorted(others, key=lambda app: not app["is_web"])]


def _initiated(services: Services, client: Client) -> str:
    # Core §4: whoever starts a sign-in at the application says which provider it is to ask.
    return (
        with_parameters(client.oidc.initiate_login_uri, [("iss", services.issuer)])
        if client.oidc.initiate_login_uri
        else ""
    )


def _front_page(client: Client) -> str:
    """Where a web application most likely begins: the front page of the host that its answers go to."""
    if client.saml is not None or client.profile == "native":
        return ""
    found = sorted(uri for uri in client.oidc.redirect_uris if uri.startswith(("https://", "http://")))
    return "{0.scheme}://{0.netloc}/".format(urlsplit(found[0])) if found else ""


def _description(client: Client, locale: str) -> str:
    """The admin's line, else the service provider's own (mdui:Description)."""
    said = client.localized("description", (locale,))
    of_provider = client.saml.descriptions if client.saml is not None else {}
    return said or of_provider.get(locale.partition("-")[0]) or of_provider.get("en") or ""


def _days_ago(at: float, now: float, zone: str) -> int:
    """0 for today, 1 for yesterday, where the person is."""
    return formats.day_number(now, zone) - formats.day_number(at, zone)


def _matches(app: dict[str, Any], query: str) -> bool:
    text = _plain(f"{app['name']} {app['description']}")
    return all(word in text for word in _plain(query).split())


def _plain(text: str) -> str:
    """Without case and accents, as the page's own search does it."""
    return "".join(c for c in normal("NFKD", fold(text)) if not unicodedata.combining(c))


def _notices(services: Services, apps: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What admins say to everybody, and to the people of each of these applications."""
    names = {app["id"]: app["name"] for app in apps}
    return [
        {"text": notice.text, "app": names.get(notice.client_id or "", "")}
        for notice in services.notices.shown("launcher")
        if notice.client_id is None or notice.client_id in names
    ]


def sign_out(services: Services, request: Request) -> Response:
    """GET and POST /logout. A press on one of our own pages is the answer; only an address that was opened is asked."""
    everybody = accounts.to_end(services, request)
    if not everybody:
        return signout.resume(services, request) or pages.nobody_here(services)
    if request.method != "POST":
        return pages.confirm_sign_out(services, everybody[0], None, "", "/logout", ())
    only = request.form.get("only")
    leaving = [one for one in everybody if only in (None, one.id)] or everybody
    stays = next((one for one in everybody if one not in leaving), None)
    values = {"left": pages.person(leaving[0])["name"]} if stays is not None else {}
    return signout.leave(services, request, leaving, Cause("signed out"), Ending(values=values))


def switch(services: Services, request: Request) -> Response:
    """GET and POST /accounts: the people who are signed in in this browser, one of them put first, one more (A9)."""
    now = services.clock()
    if request.method == "POST":
        other = accounts.find(services, request, session_id=request.form.get("account") or "")
        if other is None:
            return Redirect(location=services.url("/"))
        return flash.redirect(services, "/", "switched", *accounts.put_first(services, request, other))
    flow = Flow(protocol=PROTOCOL, client_id="", request={"path": "/"}, demands=Demands(select=True), started_at=now)
    if request.query.get("add"):
        sessions.current(services, request)  # whoever is signed in reads it in their own language
        return sign_in_page.page(services, request, replace(flow, beside=True, selected=True))
    return engine.begin(services, request, flow)
