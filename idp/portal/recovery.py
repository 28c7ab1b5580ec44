"""The recovery address and number (P6): look, add, confirm, change, remove, review, and undo by the mail's link."""

from __future__ import annotations

from typing import Any

from idp import flash, language, mail
from idp.accounts.person import InvalidPerson, Person
from idp.accounts.recovery import confirming, contacts, undoing
from idp.first_party import frame
from idp.first_party.signing_in import is_fresh, sign_in
from idp.login.browser import sessions
from idp.login.browser.sessions import Session
from idp.mail import sms
from idp.portal.forgotten import about_of
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Page, Redirect, Request, Response

PATH = "/security/recovery"


def answer(services: Services, request: Request) -> Response:
    """GET and POST /security/recovery. Changing needs a fresh sign-in (P7); looking does not."""
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, PATH)
    if not is_fresh(services, session) and (request.method == "POST" or request.query.get("change")):
        return sign_in(services, request, PATH, fresh=True)
    person = services.directory.get(session.person_id)
    if request.method != "POST":
        return _page(services, request, session, person)
    if request.form.get("action") == "confirm":
        about, typed = about_of(services, request), request.form.first.get("code", "")
        error = confirming.confirm(services, person, session.id, typed, about)
        return (
            _page(services, request, session, person, error) if error else flash.redirect(services, PATH, "confirmed")
        )
    return _change(services, request, session, person)


def _change(services: Services, request: Request, session: Session, person: Person) -> Response:
    action, kind = request.form.get("action"), request.form.get("kind") or ""
    waiting = confirming.waiting(services, session.id)
    if action == "cancel":
        confirming.give_up(services, session.id)
    elif action == "remove" and kind in contacts.KINDS:
        contacts.change(services, person, kind, None, about_of(services, request))
        return flash.redirect(services, PATH, "forgotten")
    elif action == "again" and waiting is not None:
        return _send(services, request, session, person, waiting.kind, waiting.value)
    elif action == "own" and person.email and not person.email_verified:
        return _send(services, request, session, person, contacts.OWN, person.email)
    elif action == "anew" and kind in _kinds(services):
        found = contacts.of_person(services, person.id).get(kind)
        if found is not None and not found.is_good:
            return _send(services, request, session, person, kind, found.value)
    elif action == "add" and kind in _kinds(services):
        return _send(services, request, session, person, kind, request.form.first.get("value", ""))
    return Redirect(location=services.url(PATH))


def _send(
    services: Services, request: Request, session: Session, person: Person, kind: str, value: str
) -> Response:  # fmt: skip
    try:
        locale = language.of_page(services, request)
        error = confirming.send_code(services, person, session.id, kind, value, locale)
    except InvalidPerson as problem:
        return _page(services, request, session, person, problem.message, typed={kind: value}, wrong=problem.field)
    return _page(services, request, session, person, error) if error else Redirect(location=services.url(PATH))


def review(services: Services, request: Request) -> Response:
    """GET and POST /recovery/review: "Is this still right?", every 180 days."""
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, "/recovery/review")
    person = services.directory.get(session.person_id)
    if request.method == "POST":
        if request.form.get("action") != "right":
            return Redirect(location=services.url(PATH + "?change=1"))
        contacts.reviewed(services, person, about_of(services, request))
        return flash.redirect(services, "/", "reviewed")
    return frame.page(
        services, request, session, "portal/recovery_review.html",
        contacts=[shown for shown in _shown(services, session, person) if shown["is_good"]],
    )  # fmt: skip


def undo(services: Services, request: Request) -> Response:
    """GET and POST /recovery/undo/<token>: from the mail to the old address, signed in or out."""
    change = undoing.find_change(services, request.segment)
    if change is not None and request.method == "POST":
        about = {**about_of(services, request), "actor": ""}
        change = undoing.undo(services, request.segment, about)
        if change is not None:
            return Page(template="login/recovery_undone.html", values={"change": change, "here": services.url("/help")})
    if change is None:
        return Page(template="login/recovery_undo.html", values={"change": None}, status=404)
    mask = mail.masked_address if change.kind == contacts.EMAIL else mail.masked_number
    values = {
        "change": change,
        "before": mask(change.before) if change.before else "",
        "here": services.url(f"/recovery/undo/{request.segment}"),
    }
    return Page(template="login/recovery_undo.html", values=values)


def _page(
    services: Services, request: Request, session: Session, person: Person, error: str = "", *,
    typed: dict[str, str] | None = None, wrong: str = "",
) -> Page:  # fmt: skip
    email = person.email or ""
    return frame.page(
        services, request, session, "portal/recovery.html", contacts=_shown(services, session, person),
        email=email if is_fresh(services, session) or not email else mail.masked_address(email),
        email_verified=person.email_verified,
        kinds=_kinds(services), waiting=_waiting(services, session), error=error, wrong=wrong,
        typed=typed or {}, is_fresh=is_fresh(services, session), here=services.url(PATH),
    )  # fmt: skip


def _kinds(services: Services) -> tuple[str, ...]:
    """What can be confirmed here."""
    ready = {contacts.EMAIL: mail.is_ready(services), contacts.PHONE: sms.is_ready(services)}
    return tuple(kind for kind in contacts.KINDS if ready[kind])


def _shown(services: Services, session: Session, person: Person) -> list[dict[str, Any]]:
    """In full for whoever has just proven who they are; else enough to know one's own (N11)."""
    names = {contacts.EMAIL: N_("Recovery e-mail address"), contacts.PHONE: N_("Recovery phone number")}
    found, is_full = contacts.of_person(services, person.id), is_fresh(services, session)
    return [
        {
            "kind": kind, "title": names[kind], "confirmed_at": found[kind].confirmed_at,
            "value": found[kind].value if is_full else _masked(kind, found[kind].value), "is_good": found[kind].is_good,
        }
        for kind in contacts.KINDS
        if kind in found
    ]  # fmt: skip


def _masked(kind: str, value: str) -> str:
    return mail.masked_number(value) if kind == contacts.PHONE else mail.masked_address(value)


def _waiting(services: Services, session: Session) -> dict[str, Any] | None:
    found = confirming.waiting(services, session.id)
    if found is None:
        return None
    return {"value": found.value if is_fresh(services, session) else _masked(found.kind, found.value)}
