"""Setting a password: by a one-time link (the first owner, somebody new, a reset), or knowing the old one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from idp import audit, flash, language
from idp.accounts import choosing, links
from idp.accounts.effects import Guard
from idp.accounts.factors import trusted_devices
from idp.accounts.passwords import Busy
from idp.accounts.person import Person, PersonChanged
from idp.accounts.recovery import resets
from idp.audit import Recorder
from idp.db import Transaction
from idp.first_party import frame
from idp.first_party.signing_in import is_fresh, sign_in
from idp.ids import digest
from idp.login import engine, holding, pages, step_up
from idp.login.authn import PASSWORD
from idp.login.browser import sessions, starting
from idp.login.browser.starting import Start
from idp.login.steps.outcomes import Proven
from idp.oidc import ledger
from idp.portal import resuming
from idp.protocols import Services
from idp.showing import form_targets
from idp.texts import N_
from idp.wire import Page, Redirect, Request, Response

MAX_TRIES = 30  # of choosing a password by one link


def setup(services: Services, request: Request) -> Response:
    """GET and POST /setup/<token>. Opening the link uses nothing up, so that mail scanners do no harm."""
    token = request.segment
    link = links.peek(services.state, token)
    person = services.directory.find(link.person_id) if link is not None else None
    if link is None or person is None or not resets.is_valid(services, link, person):
        return _used(services)
    language.speak_to(request, person.claims)
    if request.method != "POST":
        return _setup_page(services, request, person, [])
    # What is refused tells which passwords the person had before: so not for ever.
    if services.state.count("link:tries:" + digest(token), links.OWNER_TTL) > MAX_TRIES:
        return _used(services)
    password, confirm = request.form.first.get("password", ""), request.form.first.get("confirm", "")
    try:
        problems = choosing.problems(services, person, password, confirm)
        # Before the link is used up, so that a busy moment costs nobody their link.
        password_hash = "" if problems else services.passwords.hash(password)
    except Busy as error:
        return pages.busy(services, error.retry_after, services.url(f"/setup/{token}"))
    if problems:
        return _setup_page(services, request, person, problems)
    if links.take(services.state, token) is None:
        return _used(services)
    return _enter(services, request, link, person, password_hash)


def _enter(services: Services, request: Request, link: links.Link, person: Person, password_hash: str) -> Response:
    """The link is used: keep the password, end the pause, and go on as after any password (S56 V6.4.3: with MFA)."""
    had_password, is_first = person.has_password, person.password_changed_at is None
    try:
        person = services.directory.store_password(
            person.id, password_hash, detail={"purpose": link.purpose, "by": "mail" if link.via else "link"},
            known=person, record=_unlocking(services, request, person.id), guard=_guard(link, person),
            ended=nothing_ends if had_password and request.form.get("keep_others") else None,
            told=None if is_first else partial(choosing.tell, services, request),
        )  # fmt: skip
    except PersonChanged:  # another link, or an admin, was faster
        return _used(services)
    holding.lift(services, person.id)
    if link.via:
        resets.remember(services, person)
    if person.email and link.via == digest(person.email):  # so this person reads the mail of that address
        services.directory.confirm_address(person.id, person.email, record=recorder(services, request, person.id))
    flow = resuming.find(services, request)
    resuming.forget(services, request)
    return engine.enter(services, request, Proven(flow, person, (PASSWORD,)))


def _guard(link: links.Link, person: Person) -> Guard:
    """Who came by an admin's link, or by the account's own address, ends every undo; a contact ends those of contacts.

    So a planted address, which can have a link mailed, takes nothing from the owner.
    """
    is_word = not link.via or (bool(person.email) and link.via == digest(person.email or ""))
    return "reset" if is_word else "password"


def change(services: Services, request: Request) -> Response:
    """GET and POST /password: knowing the old one (ASVS 6.2.3), and fresh where more than a password is asked (P7)."""
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, "/password")
    person = services.directory.get(session.person_id)
    if not person.has_password and services.upstream.changes_password(services, person.id)[0]:
        return Redirect(location=services.url("/password/directory"))
    is_enough = person.has_password and not step_up.has_second(services, person)
    if not is_enough and not is_fresh(services, session):
        return sign_in(services, request, "/password", fresh=True)
    if request.method != "POST":
        return _change_page(services, request, session, person, [])
    form = request.form.first
    password = form.get("password", "")
    try:
        problems = (
            _wrong_current(services, request, person, form.get("current", "")) if person.has_password else []
        ) or choosing.problems(services, person, password, form.get("confirm", ""))
        if not problems:
            person = services.directory.store_password(
                person.id, services.passwords.hash(password), detail={"purpose": "change"}, known=person,
                record=recorder(services, request, person.id),
                ended=nothing_ends if form.get("keep_others") else end_others(services, session),
                told=partial(choosing.tell, services, request),
            )  # fmt: skip
    except PersonChanged:  # a reset was faster: whoever knows the old password only is out
        return sign_in(services, request, "/password")
    except Busy as error:
        return pages.busy(services, error.retry_after, services.url("/password"))
    if problems:
        return _change_page(services, request, session, person, problems)
    stays = session.idle_seconds > services.settings.session.idle_minutes * 60
    try:
        _, cookie = starting.start(services, request, person, session.methods, Start(stay=stays, grows=session))
    except sessions.Changed:
        return sign_in(services, request, "/")
    said = "password" if form.get("keep_others") else "password_others"
    return engine.with_cookies(flash.redirect(services, "/", said), cookie)


def _wrong_current(services: Services, request: Request, person: Person, current: str) -> list[str]:
    """The old password counts like a sign-in: a left-open browser is no place to guess it."""
    from idp.login.authenticators.password import prove

    outcome = prove(services, request, person.username, current, known=True)
    if outcome.person is not None and outcome.person.id == person.id:
        return []
    if outcome.pause is not None:
        return [N_("Too many wrong passwords. Wait a few minutes, or ask the help desk.")]
    return [N_("The current password is not right.")]


def end_others(services: Services, session: sessions.Session) -> Callable[[Any, str, str], None]:
    """What a new password ends: every other session of theirs, and the tokens of those."""

    def end(tx: Transaction, person_id: str, why: str) -> None:
        now = services.clock()
        sessions.end_all(tx, person_id, now, why, keep=session.id)
        ledger.revoke_person(tx, person_id, now, why, keep_session=session.id)

    return end


def nothing_ends(tx: Transaction, person_id: str, _why: str) -> None:
    """The person said so: their other sessions go on. Their devices show the second step anew all the same."""
    trusted_devices.forget_all(tx, person_id)


def _unlocking(services: Services, request: Request, actor: str) -> Recorder:
    """The recorder of a change that ends a pause, too (W3)."""
    write = recorder(services, request, actor)

    def both(tx: Transaction, action: str, detail: Mapping[str, Any]) -> None:
        write(tx, action, detail)
        write(tx, "person:unlocked", {"person_id": actor, "why": "the password was set anew"})

    return both


def recorder(services: Services, request: Request, actor: str) -> Recorder:
    """Writes the audit event of a change into the change's own transaction; `actor`: whose link or session it is."""
    return audit.recorder(
        services.clock, actor, person_id=actor, address=request.remote_address, request_id=request.id
    )  # fmt: skip


def _setup_page(services: Services, request: Request, person: Person, problems: list[str]) -> Page:
    token, flow = request.segment, resuming.find(services, request)
    return Page(
        template="login/set_password.html",
        status=200,
        values={
            "person": None,
            "account": _shown(person),
            "min_length": choosing.policy_for(services, person).min_length,
            "problems": problems,
            "welcome": "owner" in person.roles and not person.has_password,
            "is_reset": person.has_password,
            "action_url": f"{services.settings.server.issuer_path}/setup/{token}",
            "here": services.url(f"/setup/{token}"),
        },
        form_action=form_targets(flow.destination),
    )


def _used(services: Services) -> Page:
    return Page(template="login/link_used.html", status=404, values={"by_mail": resets.is_open(services)})


def _change_page(
    services: Services, request: Request, session: sessions.Session, person: Person, problems: list[str]
) -> Page:
    return Page(
        template="login/change_password.html",
        values={
            "person": frame.whoever(services, request, session),
            "action_url": f"{services.settings.server.issuer_path}/password",
            "here": services.url("/password"),
            "min_length": choosing.policy_for(services, person).min_length,
            "has_password": person.has_password,
            "problems": problems,
        },
    )


def _shown(person: Person) -> dict[str, str]:
    return {"name": person.name or person.username, "username": person.username}
