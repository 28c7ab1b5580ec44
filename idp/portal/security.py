"""The person's own ways to sign in: the password, authenticators, backup codes; what there is, and changing it.

Looking needs a sign-in, changing a fresh one (P7). After a change the other sessions can be ended (ASVS 7.4.3).
"""

from __future__ import annotations

from typing import Any

from idp import flash, mail
from idp.accounts import factors
from idp.accounts.factors import Enrolled, TooMany, backup_codes, kinds, totp, webauthn
from idp.accounts.factors.makers import kept_where, maker_of
from idp.accounts.own import offers
from idp.accounts.passwords import Busy
from idp.accounts.person import Person
from idp.accounts.recovery import contacts
from idp.db import Transaction
from idp.federation import links, snapshot
from idp.first_party import frame
from idp.first_party.signing_in import fresh_session, sign_in
from idp.login import engine, pages
from idp.login.authenticators import passkeys, removal
from idp.login.authenticators.totp import INCOMPLETE, what_is_wrong
from idp.login.authn import ADMIN_CODE, TOTP
from idp.login.browser import sessions
from idp.login.browser.sessions import Session
from idp.login.recording import recorder
from idp.login.steps import enrol
from idp.portal import backup_codes as code_pages
from idp.portal import checkup, signed_in
from idp.portal.changing import tell
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Page, Redirect, Request, Response

#: What has just been done (see `flash`) after which other sessions may be somebody else's.
_WEIGHTY = ("added", "removed", "codes")
TOO_MANY = N_("You have as many as fit. Remove one that you no longer use, then add this one.")
GONE = N_("That took longer than a quarter of an hour, so here is a new code to scan.")


def home(services: Services, request: Request) -> Response:
    """GET /security."""
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, "/security")
    person = services.directory.get(session.person_id)
    held = factors.list_of(services.db, person.id)
    possible, codes_left = kinds.can_be_set_up(services.settings), backup_codes.left(services.db, person.id)
    return frame.page(
        services,
        request,
        session,
        "portal/security.html",
        password_changed_at=person.password_changed_at,
        factors=[shown(factor) for factor in held],
        addable=[
            {"url": one.path, "title": one.add, "text": one.text, "by_script": one.by_script}
            for one in possible.values()
        ],
        checkup=checkup.to_do(person, held, codes_left, possible, reachable=bool(contacts.addresses(services, person))),
        codes_left=codes_left,
        codes_made_at=backup_codes.made_at(services.db, person.id),
        few_codes=backup_codes.FEW,
        offer_others=flash.name_of(services, request) in _WEIGHTY,
        was_helped=ADMIN_CODE in session.methods,
        is_waiting=enrol.is_waiting(services, session),
        signals=passkeys.signals(services, person.id),
        elsewhere=bool(snapshot.current(services) or links.of_person(services.db, person.id)),
        there=services.upstream.changes_password(services, person.id)[1],
        by_link=not person.has_password and bool(links.of_person(services.db, person.id)),
    )


def shown(factor: Enrolled) -> dict[str, Any]:
    """An authenticator as pages show it. Times are epoch seconds."""
    title, row = kinds.title(factor.kind), kinds.KINDS.get(factor.kind)
    return {
        "icon": row.icon if row is not None else "key",
        "id": factor.id, "kind": factor.kind, "title": title, "name": factor.label or title,
        "maker": maker_of(factor.data.get("aaguid")), "kept": kept_where(factor.data),
        "has_label": bool(factor.label), "created_at": factor.created_at, "last_used_at": factor.last_used_at,
    }  # fmt: skip


# -- authenticator apps --------------------------------------------------------------------------------------------


def app(services: Services, request: Request) -> Response:
    """GET and POST /security/totp."""
    session = fresh_session(services, request, "/security/totp")
    if isinstance(session, Response):
        return session
    person = services.directory.get(session.person_id)
    if request.method != "POST":
        return _app_page(services, request, session, person)
    enrolment = totp.find_begun(services, person, session.id)
    if enrolment is None:
        # Posted twice: the first one has done it. Else it lay open for too long.
        held = [one for one in factors.list_of(services.db, person.id) if one.kind == totp.KIND]
        is_done = any(one.created_at > services.clock() - totp.TTL for one in held)
        return _changed(services, "added") if is_done else _app_page(services, request, session, person, GONE)
    return _confirm(services, request, session, person, enrolment)


def _confirm(
    services: Services, request: Request, session: Session, person: Person, enrolment: totp.Enrolment
) -> Response:
    form = request.form.first
    code, label = form.get("code", ""), form.get("label", "")
    if not totp.is_code(code):
        return _app_page(services, request, session, person, INCOMPLETE, label)
    matched = totp.check(services, person, enrolment, code)
    if not matched.ok:
        return _app_page(services, request, session, person, what_is_wrong(matched), label)
    try:
        batch = code_pages.first(services, person)  # before the transaction: ten hashes take a while
    except Busy as error:
        return pages.busy(services, error.retry_after, services.url("/security/totp"))
    if not totp.take(services, person, session.id, enrolment):
        return _changed(services, "added")
    record = recorder(services, request, person.id)
    try:
        with services.db.transaction() as tx:
            factor = totp.keep(tx, services, person, enrolment, code, label, record)
            if batch is not None:
                backup_codes.keep(tx, services.clock(), person.id, batch, record)
            tell(services, request, tx, person, "factor_added", factor.kind, factor.label)
    except TooMany:
        return _app_page(services, request, session, person, TOO_MANY, label)
    return added(services, request, session, TOTP, batch)


def added(
    services: Services, request: Request, session: Session, method: str, batch: backup_codes.Batch | None
) -> Response:
    """After a new authenticator: the session has shown `method`, too, and backup codes are shown where they are new."""
    try:
        cookie = enrol.enrolled(services, request, session, method)
    except sessions.Changed:
        return sign_in(services, request, "/security")
    if batch is not None:
        return engine.with_cookies(code_pages.page(services, request, session, batch, "added"), cookie)
    if enrol.is_waiting(services, session):
        return Redirect(location=services.url("/login/continue"), cookies=(cookie,))
    return engine.with_cookies(_changed(services, "added"), cookie)


def _app_page(
    services: Services, request: Request, session: Session, person: Person, error: str = "", label: str = ""
) -> Page:
    enrolment = totp.begin(services, person, session.id)
    return frame.page(
        services, request, session, "portal/security_totp.html",
        here=services.url("/security/totp"), uri=enrolment.uri, picture=enrolment.picture, seed=enrolment.spaced,
        label=label, error=error,
    )  # fmt: skip


# -- one authenticator -----------------------------------------------------------------------------------------------


def factor(services: Services, request: Request) -> Response:
    """GET and POST /security/factor/<id>: another name, or removed."""
    session = fresh_session(services, request, f"/security/factor/{_safe(request.segment)}")
    if isinstance(session, Response):
        return session
    person = services.directory.get(session.person_id)
    found = factors.find(services.db, _safe(request.segment))
    if found is None or found.person_id != person.id:
        return Redirect(location=services.url("/security"))
    action = request.form.get("action") if request.method == "POST" else None
    if action == "rename":
        return _rename(services, request, person, found)
    if action == "remove":
        return _remove(services, request, session, person, found)
    return _factor_page(services, request, session, person, found)


def _rename(services: Services, request: Request, person: Person, found: Enrolled) -> Response:
    with services.db.transaction() as tx:
        if factors.rename(tx, person.id, found.id, request.form.first.get("label", "")):
            detail = {"person_id": person.id, "factor": found.id, "kind": found.kind}
            recorder(services, request, person.id)(tx, "factor:renamed", detail)
    return _changed(services, "renamed")


def _remove(services: Services, request: Request, session: Session, person: Person, found: Enrolled) -> Response:
    def told(tx: Transaction, removed: Enrolled) -> None:
        tell(services, request, tx, person, "factor_removed", removed.kind, removed.label)

    outcome = removal.remove(services, person, found.id, recorder(services, request, person.id), told)
    if outcome.refused is not None:
        return _factor_page(services, request, session, person, found)
    if outcome.removed is not None and found.kind == webauthn.KIND:
        offers.refuse(services.db, person.id)  # nor does a browser make another one by itself
    return _changed(services, "removed")


def _factor_page(services: Services, request: Request, session: Session, person: Person, found: Enrolled) -> Page:
    return frame.page(
        services, request, session, "portal/security_factor.html",
        here=services.url(f"/security/factor/{found.id}"), factor=shown(found),
        refused=removal.check_removable(services, person, found),
        is_told=bool(person.email) and mail.is_ready(services),
    )  # fmt: skip


# -- other sessions --------------------------------------------------------------------------------------------------


def end_others(services: Services, request: Request) -> Response:
    """POST /security/others: every session but this one, and what was issued in it (ASVS 7.4.3)."""
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, "/security")
    signed_in.end_others(services, request, session)
    return _changed(services, "ended")


# -- below -----------------------------------------------------------------------------------------------------------


def _changed(services: Services, what: str) -> Redirect:
    return flash.redirect(services, "/security", what)


def _safe(segment: str) -> str:
    """An id of ours, or '-': it goes into the path that a sign-in leads back to."""
    return segment if segment.isascii() and segment.isalnum() and len(segment) <= 64 else "-"
