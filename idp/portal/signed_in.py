"""Where a person is signed in: each session with its device, place and applications; end one, end all others (A4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from idp import flash, language
from idp.accounts import device_text, places
from idp.accounts.factors import trusted_devices
from idp.accounts.factors.trusted_devices import Trusted
from idp.first_party import frame
from idp.first_party.signing_in import sign_in
from idp.login.browser import sessions
from idp.login.browser.sessions import Open, Session
from idp.login.recording import recorder
from idp.oidc import connected, ending
from idp.oidc.connected import Connected
from idp.protocols import Services
from idp.wire import Redirect, Request, Response

MAX_SHOWN = 50
WHY = "the person ended it from another device"


def answer(services: Services, request: Request) -> Response:
    """GET and POST /sessions."""
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, "/sessions")
    if request.method == "POST":
        if request.form.get("connected"):
            if end_connected(services, request, session, request.form.get("connected") or ""):
                return flash.redirect(services, "/sessions", "ended_device")
        elif request.form.get("trusted"):
            ask_again(services, request, session, request.form.get("trusted") or "")
        elif request.form.get("all"):
            end_others(services, request, session)
            return flash.redirect(services, "/sessions", "ended")
        if end_one(services, request, session, request.form.get("session") or ""):
            return flash.redirect(services, "/sessions", "ended_one")
        return Redirect(location=services.url("/sessions"))
    locale = language.locale_for(services, request)
    found = sessions.open_of(services, session.person_id)
    shown = [_shown(services, one, session, locale) for one in found[:MAX_SHOWN]]
    return frame.page(
        services, request, session, "portal/sessions.html",
        here_now=[one for one in shown if one["is_this"]], others=[one for one in shown if not one["is_this"]],
        trusted=[
            _shown_trusted(services, one, locale)
            for one in trusted_devices.list_of(services.db, session.person_id, services.clock())
        ],
        connected=[
            _shown_connected(services, one, locale)
            for one in connected.of_person(services, session.person_id)[:MAX_SHOWN]
        ],
        more=max(0, len(found) - MAX_SHOWN),
    )  # fmt: skip


def end_one(services: Services, request: Request, session: Session, session_id: str) -> bool:
    """End another session of the same person, and whatever it opened; answers whether there was one."""
    record = recorder(services, request, session.person_id)
    return session_id != session.id and bool(
        ending.end_one(services, session.person_id, session_id, record=record, why=WHY)
    )


def end_others(services: Services, request: Request, session: Session) -> int:
    """End every session of this person but this one, and whatever they opened; answers how many."""
    record = recorder(services, request, session.person_id)
    return ending.end_all(services, session.person_id, record=record, why=WHY, keep=session.id)


def ask_again(services: Services, request: Request, session: Session, device_id: str) -> bool:
    """Take one device back: it is asked for the second step again; answers whether there was one (T1)."""
    with services.db.transaction() as tx:
        found = trusted_devices.forget(tx, session.person_id, device_id)
        if found:
            recorder(services, request, session.person_id)(tx, "device:asked_again", {"device": device_id})
    return found


def end_connected(services: Services, request: Request, session: Session, device_id: str) -> bool:
    """End what the apps of one device have; answers whether there was one."""
    record = recorder(services, request, session.person_id)
    return connected.end(services, session.person_id, device_id, record=record, why=WHY)


def _shown_connected(services: Services, one: Connected, locale: str) -> dict[str, Any]:
    return {
        "id": one.id,
        "apps": one.applications,
        "device": device_text.describe(one.browser) if one.browser else "",
        "place": places.describe(services, one.address, locale),
        "since": one.since,
        "used_at": one.used_at,
    }


def _shown_trusted(services: Services, one: Trusted, locale: str) -> dict[str, Any]:
    return {
        "id": one.id,
        "device": device_text.describe(one.browser),
        "place": places.describe(services, one.address, locale),
        "created_at": one.created_at,
        "expires_at": one.expires_at,
    }


def _seen(services: Services, one: Open, locale: str) -> dict[str, str]:
    """Where and on what it was used last; '' where that is as at the sign-in: else somebody may have copied it."""
    place, device = places.describe(services, one.seen_address, locale), device_text.describe(one.seen_browser)
    is_place = place != places.describe(services, one.address, locale)
    is_device = bool(one.seen_browser) and device != device_text.describe(one.browser)
    return {"seen_place": place if is_place else "", "seen_device": device if is_device else ""}


def _shown(services: Services, one: Open, session: Session, locale: str) -> dict[str, Any]:
    of_it = replace(session, id=one.id)  # the same person's
    names = {notice.name for door in services.protocols.values() for notice in door.notices(services, of_it)}
    return {
        "id": one.id,
        "device": device_text.describe(one.browser),
        "place": places.describe(services, one.address, locale),
        "started_at": one.created_at,
        "seen_at": one.last_seen,
        **_seen(services, one, locale),
        "apps": sorted(names),
        "is_this": one.id == session.id,
    }
