"""What the help desk does for somebody, a press each; the person is told by mail, as by the command line (U3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from idp import flash, mail
from idp.accounts import cases as accounts_cases
from idp.accounts.factors import admin_codes
from idp.accounts.passwords import Busy
from idp.accounts.person import Person
from idp.accounts.recovery import resets
from idp.admin import cases, factors, invitations, people, sessions
from idp.console.pages import Visit
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

NO_REASON: Final = N_("Say why, for the record: for example “lost phone, known by voice, case C-59VST-5V34C”.")
MAX_REASON: Final = admin_codes.MAX_REASON
#: What a press answers: where to go on, or values for the page that is shown again.
Outcome = Response | dict[str, Any]


def act(services: Services, request: Request, visit: Visit, person: Person) -> Outcome:
    """One press on the page of a person, whom the visitor may act on."""
    press = _PRESSES.get(request.form.get("do") or "")
    if press is None:
        return {"problem": N_("Nothing was chosen, so nothing was done.")}
    return press(services, request, visit, person)


def unlock(services: Services, request: Request, visit: Visit, person: Person) -> Outcome:
    """End the pauses after wrong passwords and codes (W3)."""
    people.unlock(services, visit.actor, person)
    return _done(services, person, "unlocked")


def send_link(services: Services, request: Request, visit: Visit, person: Person) -> Outcome:
    """Mail a link where they set a password themselves."""
    try:
        told = people.mail_link(services, visit.actor, person)
    except resets.ShutOut:
        return {"problem": N_("They are turned off, so a link would open nothing. Turn them on first.")}
    if not told.to:
        return {"problem": N_("No link was sent: it reaches nobody. Is there an address, and a mail server?")}
    return _done(services, person, "link_sent" if mail.leaves(services) else "link_kept")


def invite(services: Services, request: Request, visit: Visit, person: Person) -> Outcome:
    """Mail the invitation once more to somebody who has set no password yet."""
    try:
        invited = people.invite_again(services, visit.actor, person)
    except people.NotWaiting:
        return {"problem": N_("They are not waiting for an invitation.")}
    if invited.said:
        return _done(services, person, "invited_again")
    return {"problem": N_("The invitation has not left: %(why)s.", why=invited.why)}


def withdraw(services: Services, request: Request, visit: Visit, person: Person) -> Outcome:
    """No link of theirs opens anything any more."""
    try:
        invitations.withdraw(services, visit.actor, person)
    except people.NotWaiting:
        return {"problem": N_("They are not waiting for an invitation.")}
    return _done(services, person, "invitation_withdrawn")


def issue_code(services: Services, request: Request, visit: Visit, person: Person) -> Outcome:
    """A code that lets them in once, shown this one time."""
    reason = _reason(request)
    if not reason:
        return _no_reason("code-reason")
    try:
        issued = factors.issue_code(services, visit.actor, person, factors.Wish(reason=reason))
    except admin_codes.NotIssued as error:
        return {"problem": str(error), "problem_at": "code-reason", "typed": {"code-reason": reason}}
    except Busy:
        return {"problem": N_("Too much is going on at this moment. Try again in a few seconds.")}
    return {"issued": issued, "told": bool(issued.told.to) and mail.leaves(services)}


def approve_code(services: Services, request: Request, visit: Visit, person: Person) -> Outcome:
    """The second pair of eyes."""
    try:
        approver = services.directory.get(visit.actor.id)
        factors.approve_code(services, visit.actor, person, approver)
    except (admin_codes.NotIssued, factors.NoApprover) as error:
        return {"problem": str(error)}
    return _done(services, person, "code_approved")


def remove_factor(services: Services, request: Request, visit: Visit, person: Person) -> Outcome:
    """Take a lost authenticator off the account."""
    factor_id, reason = request.form.get("factor") or "", _reason(request)
    if not reason:
        return _no_reason(f"reason-{factor_id}")
    try:
        told = factors.remove(services, visit.actor, person, factor_id, reason=reason)
    except factors.MustStay as error:
        return {"problem": error.args[0], "problem_at": f"reason-{factor_id}"}
    except factors.NoSuchFactor:
        return {"problem": N_("That one is not there any more.")}
    return _done(services, person, "factor_gone" if told.to and mail.leaves(services) else "factor_gone_untold")


def end_session(services: Services, request: Request, visit: Visit, person: Person) -> Outcome:
    """One session, or all of them with every token."""
    session_id = request.form.get("session") or ""
    if not session_id:
        sessions.end_all(services, visit.actor, person)
        return _done(services, person, "all_ended")
    try:
        sessions.end(services, visit.actor, person, session_id)
    except sessions.NoSuchSession:
        return {"problem": N_("That one is not there any more.")}
    return _done(services, person, "session_ended")


def note(services: Services, request: Request, visit: Visit, person: Person) -> Outcome:
    """A note on one of their open cases."""
    text, case_id = " ".join((request.form.get("note") or "").split()), request.form.get("case") or ""
    case = next((one for one in accounts_cases.open_of(services.db, person.id) if one.id == case_id), None)
    if not text or case is None:
        return {"problem": N_("Write what is to be kept on the case."), "problem_at": "note"}
    cases.note(services, visit.actor, case, text)
    return _done(services, person, "noted")


_PRESSES: Final[Mapping[str, Callable[[Services, Request, Visit, Person], Outcome]]] = {
    "unlock": unlock,
    "link": send_link,
    "invite": invite,
    "withdraw": withdraw,
    "code": issue_code,
    "approve": approve_code,
    "factor": remove_factor,
    "session": end_session,
    "note": note,
}


def _done(services: Services, person: Person, said: str) -> Response:
    return flash.redirect(services, f"/admin/people/{person.id}", said)


def _reason(request: Request) -> str:
    return " ".join((request.form.get("reason") or "").split())[:MAX_REASON]


def _no_reason(at: str) -> dict[str, Any]:
    return {"problem": NO_REASON, "problem_at": at}
