"""The answer to a passkey that was offered after the sign-in: made, by a press or by the browser itself, or not (T2).

Whatever the answer, the application that waits gets its own right after.
"""

from __future__ import annotations

from dataclasses import replace

from idp import flash
from idp.accounts import factors
from idp.accounts.factors import webauthn
from idp.accounts.factors.webauthn import NotProven
from idp.accounts.own import offers
from idp.accounts.passwords import Busy
from idp.accounts.person import Person
from idp.db import Conflict
from idp.login import engine, pages, step_up
from idp.login.authn import PASSKEY
from idp.login.browser import sessions
from idp.login.browser.sessions import Session
from idp.login.flow import Flow
from idp.login.steps import enrol, offer_passkey
from idp.login.steps.outcomes import Outcome, Proceed
from idp.portal import backup_codes, passkeys, security
from idp.protocols import Services
from idp.wire import Redirect, Request, Response


def answer(services: Services, request: Request) -> Response:
    """GET and POST /login/offer; a bookmark or a reload of it leads to the start (L8)."""
    if request.method != "POST":
        return Redirect(location=services.url("/"))

    def submit(_: object, request: Request, flow: Flow) -> Outcome:
        return _submit(services, request, flow)

    return engine.posted(submit)(services, request)


def _submit(services: Services, request: Request, flow: Flow) -> Outcome:
    session = sessions.current(services, request, flow.client_id)
    if session is None or session.id != flow.shown_to:  # signed out, or somebody else at the front, meanwhile
        return Proceed(replace(flow, shown_to=""), session)
    flow, action = replace(flow, shown_to=""), request.form.get("action")
    if action == "later":
        offers.put_off(services.db, session.person_id, services.clock())
    elif action == "never":
        offers.refuse(services.db, session.person_id)
    elif request.form.get("unasked"):
        return _made_unasked(services, request, flow, session)
    elif request.form.get("credential"):
        return _made(services, request, flow, session)
    return Proceed(flow, session)


def _made(services: Services, request: Request, flow: Flow, session: Session) -> Outcome:
    person = services.directory.get(session.person_id)
    if not step_up.may_change_security(services, session):  # it lay open for too long (P7)
        return Proceed(flow, session)
    try:
        batch = backup_codes.first(services, person) if passkeys.is_answer(services, request, session) else None
    except Busy as error:
        restart = services.protocols[flow.protocol].restart_url(services, flow)
        return pages.busy(services, error.retry_after, restart)
    try:
        made = passkeys.verify(services, request, session, sole=True)
        label = passkeys.proposed_label(services, request)
        passkeys.keep(services, request, person, made, label, batch)
    except NotProven as error:
        services.log.info("passkey_not_added", reason=str(error), request_id=request.id)
        return _again(services, request, flow, session, person, passkeys.why_not(error))
    except Conflict:
        return _again(services, request, flow, session, person, passkeys.TAKEN)
    except factors.TooMany:
        return Proceed(flow, session)
    if batch is not None:
        if flow.client_id:
            enrol.wait(services, flow, session)
        return security.added(services, request, session, PASSKEY, batch)
    try:
        cookie = enrol.enrolled(services, request, session, PASSKEY)
    except sessions.Changed:
        return Proceed(flow, None)
    grown = sessions.get(services, session.id, flow.client_id)
    return Proceed(flow, grown, (cookie, flash.cookie(services, "passkey_made")))


def _made_unasked(services: Services, request: Request, flow: Flow, session: Session) -> Outcome:
    """The browser made it by itself. Nobody was there to show anything, so the session has shown nothing more.

    Where it does not do, nobody is told: they have asked for nothing.
    """
    person = services.directory.get(session.person_id)
    try:
        if not step_up.may_change_security(services, session):
            raise NotProven("the sign-in is too old by now")
        made = passkeys.verify(services, request, session, sole=False, ceremony=offer_passkey.UNASKED)
        label = passkeys.proposed_label(services, request)
        passkeys.keep(services, request, person, made, label, None)
    except (NotProven, Conflict, factors.TooMany) as error:
        services.log.info("passkey_not_added", reason=str(error), unasked=True, request_id=request.id)
        return Proceed(flow, session)
    return Proceed(flow, session, (flash.cookie(services, "passkey_made"),))


def _again(services: Services, request: Request, flow: Flow, session: Session, person: Person, problem: str) -> Outcome:
    party = webauthn.relying_party(services.settings)
    if party is None or not step_up.may_change_security(services, session):
        return Proceed(flow, session)
    held = factors.list_of(services.db, person.id)
    return offer_passkey.show(services, request, flow, person, session, party, held, problem)
