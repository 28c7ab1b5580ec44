"""What the help desk does for somebody: who does it says why, and the person is told (U3)."""

from __future__ import annotations

from idp.accounts import factors as accounts_factors
from idp.accounts.factors.admin_codes import NotIssued
from idp.accounts.passwords import Busy
from idp.accounts.recovery import resets
from idp.admin import factors, invitations, people, sessions
from idp.admin.actor import NotAllowed
from idp.admin.permissions import Permission
from idp.api.models import moment, moment_or_none
from idp.api.operations import Answer, Call
from idp.api.people import finding
from idp.api.people import models as m
from idp.api.problems import Problem, not_found
from idp.protocols import Services


def unlock(services: Services, call: Call) -> Answer:
    """POST /people/<id>/unlock."""
    person = finding.get(services, call, Permission.PEOPLE_HELP)
    people.unlock(services, call.actor, person, reason=call.body.reason)
    return finding.answered(services, call, person)


def mail_link(services: Services, call: Call) -> m.Mailed:
    """POST /people/<id>/reset-link."""
    person = finding.get(services, call, Permission.PEOPLE_HELP)
    try:
        told = people.mail_link(services, call.actor, person, reason=call.body.reason)
    except resets.ShutOut:
        raise Problem("conflict", "They are turned off, so a link would open nothing. Turn them on first.") from None
    return m.Mailed(mailed=bool(told.to), not_mailed=told.why or None)


def invite(services: Services, call: Call) -> m.Mailed:
    """POST /people/<id>/invitation."""
    person = finding.get(services, call, Permission.PEOPLE_HELP)
    try:
        invited = people.invite_again(services, call.actor, person)
    except people.NotWaiting:
        raise Problem("conflict", "They are turned off, or have set a password already.") from None
    return m.Mailed(mailed=bool(invited.to), not_mailed=invited.why or None)


def withdraw_invitation(services: Services, call: Call) -> None:
    """DELETE /people/<id>/invitation."""
    person = finding.get(services, call, Permission.PEOPLE_HELP)
    try:
        invitations.withdraw(services, call.actor, person)
    except people.NotWaiting:
        raise Problem("conflict", "They have set a password already.") from None


def issue_code(services: Services, call: Call) -> Answer:
    """POST /people/<id>/code."""
    person, body = finding.get(services, call, Permission.PEOPLE_HELP), call.body
    assert isinstance(body, m.NewCode)
    wish = factors.Wish(reason=body.reason, minutes=body.minutes)
    try:
        issued = factors.issue_code(services, call.actor, person, wish)
    except NotIssued as error:
        raise Problem("conflict", f"{error}.".capitalize()) from None
    except Busy:
        raise Problem("unavailable", "Too much is going on at this moment. Try again in a few seconds.") from None
    return Answer(value=m.IssuedCode(**_code(services, issued), code=issued.code))


def approve_code(services: Services, call: Call) -> m.Code:
    """POST /people/<id>/code/approval."""
    person = finding.get(services, call, Permission.PEOPLE_HELP)
    approver = services.directory.find(call.actor.id) if call.actor.kind == "person" else None
    if approver is None:
        raise NotAllowed(Permission.PEOPLE_HELP, "a person agrees, by a token of their own")
    try:
        return m.Code(**_code(services, factors.approve_code(services, call.actor, person, approver)))
    except (NotIssued, factors.NoApprover) as error:
        raise Problem("conflict", f"{error}.".capitalize()) from None


def _code(services: Services, issued: accounts_factors.admin_codes.Issued) -> dict[str, object]:
    return {
        "id": issued.id, "reason": issued.reason, "issued_by": issued.issued_by,
        "approved_by": issued.approved_by or None, "needs_approval": factors.waits(services, issued),
        "expires_at": moment(issued.expires_at),
    }  # fmt: skip


def list_factors(services: Services, call: Call) -> m.Factors:
    """GET /people/<id>/factors."""
    person = finding.get(services, call)
    return m.Factors(items=tuple(
        m.Factor(id=one.id, kind=one.kind, label=one.label, created_at=moment(one.created_at),
                 last_used_at=moment_or_none(one.last_used_at))
        for one in accounts_factors.list_of(services.db, person.id)
    ))  # fmt: skip


def remove_factor(services: Services, call: Call) -> None:
    """DELETE /people/<id>/factors/<factor>."""
    person = finding.get(services, call, Permission.PEOPLE_HELP)
    try:
        factors.remove(services, call.actor, person, call.path["factor"], reason=call.query.reason)
    except factors.NoSuchFactor:
        raise not_found("authenticator") from None
    except factors.MustStay as error:
        raise Problem("conflict", str(error)) from None


def list_sessions(services: Services, call: Call) -> m.Sessions:
    """GET /people/<id>/sessions."""
    person = finding.get(services, call)
    return m.Sessions(
        items=tuple(map(_session, sessions.open_of(services, person))),
        connected=tuple(
            m.Connected(
                id=one.id, applications=one.applications, since=moment(one.since), last_used=moment(one.used_at),
                address=one.address, browser=one.browser, outlives_session=one.lasts,
            )
            for one in sessions.connected_of(services, person)
        ),
    )  # fmt: skip


def _session(one: sessions.SignedIn) -> m.Session:
    about = one.session
    return m.Session(
        id=about.id, created_at=moment(about.created_at), last_seen=moment(about.last_seen), address=about.address,
        browser=about.browser, applications=one.applications,
    )  # fmt: skip


def end_session(services: Services, call: Call) -> None:
    """DELETE /people/<id>/sessions/<session>."""
    person = finding.get(services, call, Permission.PEOPLE_HELP)
    try:
        sessions.end(services, call.actor, person, call.path["session"])
    except sessions.NoSuchSession:
        raise not_found("session") from None


def end_sessions(services: Services, call: Call) -> m.Ended:
    """DELETE /people/<id>/sessions."""
    person = finding.get(services, call, Permission.PEOPLE_HELP)
    return m.Ended(sessions=sessions.end_all(services, call.actor, person))
