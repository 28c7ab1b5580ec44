"""Setting a password: by a one-time link (the first owner, somebody new, a reset), or knowing the old one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from idp.accounts import links
from idp.accounts.passwords import Busy
from idp.accounts.person import Person, PersonChanged
from idp.audit import Event, record
from idp.login import engine, pages, sessions
from idp.login.authn import PASSWORD
from idp.oidc import ledger
from idp.portal.launcher import sign_in
from idp.services import Services
from idp.wire import Page, Redirect, Request, Response

MISMATCH = "The two passwords differ. Type the same one twice."


def setup(services: Services, request: Request) -> Response:
    """GET and POST /setup/<token>. Opening the link uses nothing up, so that mail scanners do no harm."""
    token = request.segment
    link = links.peek(services.state, token)
    person = services.directory.find(link.person_id) if link is not None else None
    if link is None or person is None or not links.is_current(link, person):
        return Page(template="login/link_used.html", status=404)
    if request.method != "POST":
        return _setup_page(services, token, person, [])
    password, confirm = request.form.first.get("password", ""), request.form.first.get("confirm", "")
    problems = [MISMATCH] if password != confirm else services.password_policy.problems(password, person)
    if problems:
        return _setup_page(services, token, person, problems)
    try:
        # Before the link is used up, so that a busy moment costs nobody their link.
        password_hash = services.passwords.hash(password)
    except Busy as error:
        return pages.busy(services, error.retry_after, services.url(f"/setup/{token}"))
    if links.take(services.state, token) is None:
        return Page(template="login/link_used.html", status=404)
    try:
        person = services.directory.store_password(
            person.id, password_hash, detail={"purpose": link.purpose}, known=person,
            record=recorder(services, request, person.id),
        )  # fmt: skip
        services.throttle.lift(person.id, services.clock())
        _, cookie = sessions.start(services, request, person, (PASSWORD,), stay=False)
    except (PersonChanged, sessions.Changed):  # another link, or an admin, was faster
        return Page(template="login/link_used.html", status=404)
    return engine.with_cookies(Redirect(location=services.url("/")), cookie)


def change(services: Services, request: Request) -> Response:
    """GET and POST /password: knowing the old one (ASVS 6.2.3)."""
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, "/password")
    person = services.directory.get(session.person_id)
    if request.method != "POST":
        return _change_page(services, session, [])
    form = request.form.first
    password = form.get("password", "")
    try:
        problems = (
            _wrong_current(services, request, person, form.get("current", ""))
            or ([MISMATCH] if password != form.get("confirm") else [])
            or services.password_policy.problems(password, person)
        )
        if not problems:
            person = services.directory.store_password(
                person.id, services.passwords.hash(password), detail={"purpose": "change"}, known=person,
                record=recorder(services, request, person.id), ended=_end_others(services, session),
            )  # fmt: skip
    except PersonChanged:  # a reset was faster: whoever knows the old password only is out
        return sign_in(services, request, "/password")
    except Busy as error:
        return pages.busy(services, error.retry_after, services.url("/password"))
    if problems:
        return _change_page(services, session, problems)
    try:
        _, cookie = sessions.start(services, request, person, session.methods, stay=False)
    except sessions.Changed:
        return sign_in(services, request, "/")
    return engine.with_cookies(Redirect(location=services.url("/")), cookie)


def _wrong_current(services: Services, request: Request, person: Person, current: str) -> list[str]:
    """The old password counts like a sign-in: a left-open browser is no place to guess it."""
    from idp.login.password import prove

    outcome = prove(services, request, person.username, current)
    if outcome.person is not None and outcome.person.id == person.id:
        return []
    if outcome.pause is not None:
        return ["Too many wrong passwords. Wait a few minutes, or ask the help desk."]
    return ["The current password is not right."]


def _end_others(services: Services, session: sessions.Session) -> Callable[[Any, str, str], None]:
    def end(tx: Any, person_id: str, why: str) -> None:
        now = services.clock()
        sessions.end_all(tx, person_id, now, why, keep=session.id)
        ledger.revoke_person(tx, person_id, now, why, keep_session=session.id)

    return end


def recorder(services: Services, request: Request, actor: str) -> Callable[[Any, str, Mapping[str, Any]], None]:
    """Writes the audit event of a change into the change's own transaction."""

    def write(tx: Any, action: str, detail: Mapping[str, Any]) -> None:
        event = Event(
            action,
            actor=actor,
            person_id=str(detail.get("person_id") or actor),
            address=request.remote_address,
            request_id=request.id,
            detail=detail,
        )
        record(tx, event, services.clock())

    return write


def _setup_page(services: Services, token: str, person: Person, problems: list[str]) -> Page:
    return Page(
        template="login/set_password.html",
        status=200,
        values={
            "person": None,
            "account": _shown(person),
            "min_length": services.password_policy.min_length,
            "problems": problems,
            "welcome": "owner" in person.roles and not person.has_password,
            "action_url": f"{services.settings.server.issuer_path}/setup/{token}",
            "here": services.url(f"/setup/{token}"),
        },
    )


def _change_page(services: Services, session: sessions.Session, problems: list[str]) -> Page:
    shown = pages.person(session)
    return Page(
        template="login/change_password.html",
        values={
            "person": shown,
            "action_url": f"{services.settings.server.issuer_path}/password",
            "here": services.url("/password"),
            "min_length": services.password_policy.min_length,
            "problems": problems,
        },
    )


def _shown(person: Person) -> dict[str, str]:
    return {"name": person.name or person.username, "username": person.username}
