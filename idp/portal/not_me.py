"""“This was not me” (A3): everything ends, the password is gone, the help desk has a case. It can only restrict."""

from __future__ import annotations

from typing import Any, Final

from idp import audit, language, mail
from idp.accounts import cases, factors, not_me
from idp.accounts.factors import admin_codes
from idp.accounts.own import verdicts
from idp.accounts.person import Person
from idp.accounts.recovery import contacts, resets
from idp.audit import Event
from idp.browser import cookie_name
from idp.db import Transaction
from idp.federation import links
from idp.first_party.signing_in import sign_in
from idp.ids import digest
from idp.login.browser import sessions
from idp.login.recording import recorder
from idp.oidc import ledger
from idp.portal import activity
from idp.protocols import Services
from idp.showing import utc
from idp.wire import Cookie, Page, Request, Response

_GONE: Final = "portal/not_me_gone.html"


def by_link(services: Services, request: Request) -> Response:
    """GET and POST /not-me/<token>: from a security mail, signed in or not. Looking uses nothing up."""
    now, token = services.clock(), request.segment
    found = not_me.find(services.sealer, token, now)
    person = services.directory.find(found.person_id) if found is not None else None
    if found is None or person is None or not person.enabled:
        return Page(template=_GONE, status=404)
    language.speak_to(request, person.claims)
    spent = "not-me:" + digest(found.id)
    kept = services.state.get(spent)
    if kept is not None:
        return _done_page(services, str(kept))
    if request.method != "POST":
        return _ask_page(services, f"/not-me/{token}", person, None)
    case_id = secure(services, request, person, f"the mail “{found.event}” of {utc(found.at)}")
    services.state.put(spent, case_id, not_me.TTL)
    return _done_page(services, case_id)


def by_session(services: Services, request: Request) -> Response:
    """GET and POST /not-me: from the list of activity."""
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, "/activity")
    person = services.directory.get(session.person_id)
    named = (request.form if request.method == "POST" else request.query).get("event") or ""
    event = audit.find_of_person(services.db, person.id, named) if named.isascii() and named.isalnum() else None
    if event is not None and event.action not in activity.ACTIONS:
        event = None
    if request.method != "POST":
        return _ask_page(services, "/not-me", person, _about(services, request, event), session)
    if event is not None:
        verdicts.say(services.db, person.id, event.id, verdicts.NOT_ME, services.clock())
    case_id = secure(services, request, person, _named(event))
    return _done_page(services, case_id, Cookie(cookie_name(services, "session"), "", 0))


def secure(services: Services, request: Request, person: Person, what: str) -> str:
    """End everything, take the password away, open a case; answers its id. `what`: for the help desk.

    What was added in the days that such a link lives may be the stranger's: recovery addresses and accounts elsewhere
    go, and passkeys do nothing without the new password.
    """
    recent: list[str] = []
    record = recorder(services, request, person.id)

    def ended(tx: Transaction, person_id: str, why: str) -> None:
        now = services.clock()
        # The applications are told as soon as this has committed: `signout.tell_ended`.
        sessions.end_all(tx, person_id, now, why)
        ledger.revoke_person(tx, person_id, now, why)
        admin_codes.void(tx, person_id, now)
        for kind in contacts.forget_recent(tx, person_id, now - not_me.TTL):
            record(tx, "recovery:removed", {"person_id": person_id, "kind": kind, "why": why})
            recent.append({"email": "a recovery address (removed)"}.get(kind, "a recovery number (removed)"))
        gone = links.drop_recent(tx, person_id, now - not_me.TTL, now, record=record)
        recent.extend(f"the account “{one.label}” elsewhere (disconnected)" for one in gone)
        recent.extend(f"{one.kind} “{one.label}”" for one in factors.restrict_recent(tx, person_id, now - not_me.TTL))

    services.directory.drop_password(person.id, detail={"what": what}, record=record, ended=ended)
    text = f"The person says it was not them: {what}."
    text += f" Added in the last seven days, so ask whether it is theirs: {', '.join(recent)}." if recent else ""

    def told(tx: Transaction, case: cases.Case) -> None:
        about = {"case": case.id, "time": services.clock()}
        mail.tell(services, person, "case_opened", about, page=language.of_page(services, request), tx=tx)

    return cases.open_case(services, person.id, cases.NOT_ME, text, request, told=told).id


def _named(event: Event | None) -> str:
    if event is None:
        return "something on their account"
    return f"{event.action} of {utc(event.at)} from {event.address or 'nowhere'} (event {event.id})"


def _about(services: Services, request: Request, event: Event | None) -> dict[str, Any] | None:
    return activity.shown(services, event, language.locale_for(services, request)) if event is not None else None


def _ask_page(
    services: Services, path: str, person: Person, event: dict[str, Any] | None, session: sessions.Session | None = None
) -> Page:
    from idp.login import pages

    return Page(
        template="portal/not_me.html",
        values={
            "person": pages.person(session) if session is not None else None,
            "account": {"name": person.name, "username": person.username} if session is not None else None,
            "action_url": services.settings.server.issuer_path + path,
            "event": event,
            "by_mail": resets.is_open(services) and bool(person.email),
        },
    )


def _done_page(services: Services, case_id: str, *cookies: Cookie) -> Page:
    values = {"case": case_id, "here": "", "by_mail": resets.is_open(services)}
    return Page(template="portal/not_me_done.html", values=values, cookies=cookies)
