"""The rooms Cases and Access requests: what people need help with, with the whole story behind it (U4, R8)."""

from __future__ import annotations

import re
from typing import Any, Final

from idp import flash, mail
from idp.accounts import cases as accounts_cases
from idp.accounts.cases import Case
from idp.accounts.person import Person
from idp.admin import activity, cases, registrations, requests
from idp.admin.actor import Actor, NotAllowed
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.errors import Explanation, Refused
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

P = Permission
PAGE: Final = 50
_LOOKED_AT: Final = 500  # cases, for whoever sees those of some people only
_ERROR_ID: Final = re.compile(r"\bE-[0-9A-Z]{5}-[0-9A-Z]{5}\b", re.IGNORECASE)
_MAX_ERRORS: Final = 5
KINDS: Final[dict[str, str]] = {
    accounts_cases.NOT_ME: N_("“This was not me”"),
    accounts_cases.NO_WAY_IN: N_("No second step works"),
    accounts_cases.ACCESS: N_("Asks for access"),
    accounts_cases.HELP: N_("Needs help"),
}


def show_all(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/cases: those that wait, or all of them."""
    closed = request.query.get("show") == "all"
    found = accounts_cases.list_of(services.db, closed=closed, many=_LOOKED_AT, before=_before(request))
    rows = [row for row in _with_people(services, found) if cases.may(visit.actor, P.CASES_READ, row[1])]
    more = len(rows) > PAGE or len(found) == _LOOKED_AT
    rows = rows[:PAGE]
    last = rows[-1][0].opened_at if rows else 0.0
    kept = "show=all&" if closed else ""
    return frame.page(
        services, request, visit, "console/cases/list.html", rows=rows, kinds=KINDS, closed=closed,
        first=f"?{kept}" if request.query.get("before") else "",
        next=f"?{kept}before={last - 1e-6!r}" if more and rows else "", many=PAGE,
    )  # fmt: skip


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/cases/<id>: read, note, close."""
    case, person = _case(services, request, visit, P.CASES_READ)
    problem = ""
    if request.method == "POST":
        text = " ".join((request.form.get("note") or "").split())
        if request.form.get("do") == "close":
            try:
                cases.close(services, visit.actor, case, text)
                return flash.redirect(services, f"/admin/cases/{case.id}", "case_closed")
            except cases.ClosedAlready:
                problem = N_("Somebody else has closed it meanwhile.")
        elif text:
            cases.note(services, visit.actor, case, text)
            return flash.redirect(services, f"/admin/cases/{case.id}", "noted")
        else:
            problem = N_("Write what is to be kept on the case.")
        case = cases.get(services, case.id)
    return frame.page(
        services, request, visit, "console/cases/case.html", status=422 if problem else 200, case=case, whom=person,
        kinds=KINDS, problem=problem, notes=_notes(services, case), stories=_stories(services, case),
        may_work=cases.may(visit.actor, P.CASES_WORK, person), **_asked(services, visit.actor, case),
    )  # fmt: skip


def show_requests(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/requests: who asks for the visitor's applications; let in, or not."""
    if request.method == "POST":
        case = accounts_cases.find(services.db, request.form.get("case") or "")
        asked = requests.find(services, case) if case is not None and case.is_open else None
        if asked is None:
            raise _no_such_case()
        if request.form.get("do") == "decline":
            why = " ".join((request.form.get("note") or "").split())
            requests.decline(services, visit.actor, asked, why)
            return flash.redirect(services, "/admin/requests", "case_closed")
        told = requests.grant(services, visit.actor, asked)
        said = "access_granted" if told.to and mail.leaves(services) else "access_granted_untold"
        return flash.redirect(services, "/admin/requests", said)
    return frame.page(
        services, request, visit, "console/cases/requests.html", rows=requests.open_of(services, visit.actor),
        asking=registrations.count(services, visit.actor) if visit.actor.may(P.PEOPLE_CREATE) else 0,
    )  # fmt: skip


def _before(request: Request) -> float:
    try:
        return float(request.query.get("before") or 1e12)
    except ValueError:
        return 1e12


def _with_people(services: Services, found: tuple[Case, ...]) -> list[tuple[Case, Person | None]]:
    known: dict[str, Person | None] = {}
    for case in found:
        if case.person_id and case.person_id not in known:
            known[case.person_id] = services.directory.find(case.person_id)
    return [(case, known.get(case.person_id or "")) for case in found]


def _case(services: Services, request: Request, visit: Visit, permission: Permission) -> tuple[Case, Person | None]:
    """The case that an address names. Errors: `NotAllowed`, also for one that is not there; `Refused`."""
    case = accounts_cases.find(services.db, request.segment)
    person = services.directory.find(case.person_id) if case is not None and case.person_id else None
    if not cases.may(visit.actor, permission, person):
        raise NotAllowed(permission, "this case is of somebody whom you do not look after")
    if case is None:
        raise _no_such_case()
    return case, person


def _no_such_case() -> Refused:
    return Refused(
        "no_such_case", N_("There is no open case of this kind with this id."), title=N_("Page not found"),
        advice=N_("Somebody may have closed it. The list has all that there are."),
        explanation=Explanation("person", "`doorward case list --all` has them"), status=404,
    )  # fmt: skip


def _notes(services: Services, case: Case) -> list[dict[str, Any]]:
    named = activity.Names(services)
    return [{"at": note.at, "by": named.person(note.by) or note.by, "text": note.text}
            for note in accounts_cases.notes_of(services.db, case.id)]  # fmt: skip


def _stories(services: Services, case: Case) -> list[dict[str, Any]]:
    """What stands behind each error's id that they wrote, or that was noted (U4)."""
    written = " ".join((case.text, *(note.text for note in accounts_cases.notes_of(services.db, case.id))))
    ids = list(dict.fromkeys(found.upper() for found in _ERROR_ID.findall(written)))[:_MAX_ERRORS]
    named = activity.Names(services)
    return [activity.story(event, named) for one in ids for event in activity.find(services, one)[:1]]


def _asked(services: Services, actor: Actor, case: Case) -> dict[str, Any]:
    asked = requests.find(services, case) if case.is_open else None
    may_grant = asked is not None and actor.may_app(P.APPS_CHANGE, asked.client.id)
    return {"asked": asked, "may_grant": may_grant}


PAGES = (
    ConsolePage("/admin/cases", show_all, P.CASES_READ),
    ConsolePage("/admin/cases/<id>", show, P.CASES_READ, P.CASES_WORK),
    ConsolePage("/admin/requests", show_requests, P.APPS_CHANGE, P.APPS_CHANGE),
)
