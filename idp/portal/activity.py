"""What happened on the account in the last ninety days, and whether it was the person (A2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from idp import audit, flash, language
from idp.accounts import device_text, places
from idp.accounts.factors.kinds import METHODS
from idp.accounts.own import verdicts
from idp.audit import Event
from idp.federation import links
from idp.first_party import frame
from idp.first_party.signing_in import sign_in
from idp.login import signout
from idp.login.browser import sessions
from idp.login.browser.sessions import Session
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Redirect, Request, Response

DAYS: Final = 90
PAGE: Final = 25  # events
_EVENT_ID: Final = re.compile(r"[0-9a-v]{26}")

#: What is shown: the event's action, whether it is good, bad or neither, and its words.
SHOWN: Final[Mapping[str, tuple[str, str]]] = {
    "session:started": ("good", N_("Signed in")),
    "session:ended": ("", N_("Signed out")),
    "session:copied": ("bad", N_("Sign-in used on another device at once")),
    "app:opened": ("", N_("Opened by single sign-on")),
    "session:failed": ("bad", N_("A sign-in failed")),
    "factor:failed": ("bad", N_("A second step failed")),
    "factor:suspicious": ("bad", N_("A passkey looked copied")),
    "factor:added": ("", N_("Sign-in method added")),
    "factor:removed": ("", N_("Sign-in method removed")),
    "link:add": ("", N_("Account elsewhere connected")),
    "person:joined": ("", N_("Another account of yours became this one")),
    "link:remove": ("", N_("Account elsewhere disconnected")),
    "backup_codes:made": ("", N_("New backup codes")),
    "backup_codes:used": ("", N_("Backup code used")),
    "admin_code:issued": ("", N_("Code issued by the help desk")),
    "admin_code:used": ("", N_("Code from the help desk used")),
    "password:set": ("", N_("Password changed")),
    "recovery:asked": ("", N_("New password asked for")),
    "recovery:added": ("", N_("Recovery address or number added")),
    "recovery:changed": ("", N_("Recovery address or number changed")),
    "recovery:removed": ("", N_("Recovery address or number removed")),
    "recovery:suspended": ("", N_("Recovery address and number suspended until confirmed anew")),
    "recovery:undone": ("", N_("Change of the recovery address undone")),
    "person:secured": ("bad", N_("Account locked: “This was not me”")),
    "person:changed": ("", N_("Profile changed")),
    "person:exported": ("", N_("Data about the account downloaded")),
    "person:unlocked": ("", N_("Pause ended by the help desk")),
    "session:ended_others": ("", N_("Signed out everywhere else")),
    "consent:granted": ("", N_("Access given to an app")),
    "consent:revoked": ("", N_("Access taken back from an app")),
    "ciba:asked": ("", N_("An app asked for you")),
    "device:approved": ("", N_("Device connected")),
    "device:ended": ("", N_("Device signed out")),
    "device:reused": ("bad", N_("A device was signed out: its key looked copied")),
    "token:native_sso": ("", N_("Opened by another app on the device")),
    "device:refused": ("", N_("Device refused")),
    "case:opened": ("", N_("Case opened with the help desk")),
}
ACTIONS: Final = tuple(SHOWN)
CONFIRMED: Final = N_("E-mail address confirmed")  # by a mailed link or code, or by an admin: nothing else was changed


def answer(services: Services, request: Request) -> Response:
    """GET and POST /activity."""
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, "/activity")
    if request.method == "POST":
        return _judge(services, request, session)
    services.uses.flush()  # what was opened a moment ago is there, too
    before = request.query.get("before") or ""
    before = before if _EVENT_ID.fullmatch(before) else ""
    after = services.clock() - DAYS * 86400
    found = audit.of_person(services.db, session.person_id, ACTIONS, after=after, before=before, many=PAGE + 1)
    said = verdicts.of(services.db, session.person_id, [event.id for event in found[:PAGE]])
    locale = language.locale_for(services, request)
    return frame.page(
        services,
        request,
        session,
        "portal/activity.html",
        events=[
            {**shown(services, event, locale), "said": said.get(event.id, "")}
            for event in found[:PAGE]
            if _is_news(event)
        ],
        older=found[PAGE - 1].id if len(found) > PAGE else "",
        is_first=not before,
        days=DAYS,
    )


def _is_news(event: Event) -> bool:
    """A new password ends pauses, too, where there are any (W3): what can be judged is the password."""
    return event.action != "person:unlocked" or event.actor != event.person_id


def _confirms_address(event: Event) -> bool:
    """Whether all that was changed is that the address is known to be theirs (P4)."""
    after = event.detail.get("after")
    stands = after.get("email_verified", True) if isinstance(after, dict) else True
    return event.action == "person:changed" and event.detail.get("fields") == ["email_verified"] and stands is True


def _judge(services: Services, request: Request, session: Session) -> Response:
    """“This was me” is kept; “This was not me” leads to the page that says what follows from it."""
    event_id, verdict = request.form.get("event") or "", request.form.get("verdict") or ""
    event = audit.find_of_person(services.db, session.person_id, event_id) if _EVENT_ID.fullmatch(event_id) else None
    if event is None or event.action not in ACTIONS:
        return Redirect(location=services.url("/activity"))
    if verdict == verdicts.NOT_ME:
        return Redirect(location=services.url(f"/not-me?event={event.id}"))
    if verdict == verdicts.ME:
        verdicts.say(services.db, session.person_id, event.id, verdicts.ME, services.clock())
        return flash.redirect(services, "/activity", "was_me")
    return Redirect(location=services.url("/activity"))


def shown(services: Services, event: Event, locale: str) -> dict[str, Any]:
    """One event as pages have it."""
    tone, title = SHOWN[event.action]
    if _confirms_address(event):
        title = CONFIRMED
    client = services.registry.find(event.client_id) if event.client_id else None
    methods = event.detail.get("methods") or ()
    agent = str(event.detail.get("browser") or "")
    by_provider = event.actor.startswith(links.giver(""))  # their own sign-in there, or what it brought
    return {
        "id": event.id,
        "at": event.at,
        "tone": tone,
        "title": title,
        "app": client.name if client is not None else "",
        "device": device_text.describe(agent) if agent else "",
        "place": places.describe(services, event.address, locale),
        "methods": [METHODS[name].title for name in methods if name in METHODS] if isinstance(methods, list) else [],
        "label": str(event.detail.get("label") or ""),
        "answers": [one.shown() for one in signout.answers(services, event.detail.get("told"))],
        "provider": str(event.detail.get("provider") or "") if by_provider else "",
        "by_admin": bool(event.actor) and event.actor != event.person_id and not by_provider,
    }
