"""Cases and access requests by the API: what people need help with, and what they ask for (U4, R8)."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Annotated, Final, Literal

from pydantic import StringConstraints

from idp.accounts import cases as accounts_cases
from idp.accounts.cases import Case as Row
from idp.accounts.person import Person
from idp.admin import cases, requests
from idp.admin.permissions import Permission
from idp.api import paging
from idp.api.models import Model, Paged, moment, moment_or_none
from idp.api.operations import Call, Operation
from idp.api.problems import Problem, not_found
from idp.protocols import Services

Text = Annotated[str, StringConstraints(max_length=2000)]
Said = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"\S")]


class Case(Model):
    """Something that somebody needs help with."""

    id: str
    """Such as C-59VST-5V34C."""
    kind: str
    """What it is: help, no_way_in, not_me, access."""
    state: Literal["open", "closed"]
    """Whether it waits for somebody."""
    text: str
    """What happened."""
    person_id: str | None
    """Who needs help; null: nobody who is known."""
    username: str | None
    """What they sign in with."""
    address: str
    """Where it was opened from."""
    opened_at: datetime
    """When it was opened."""
    closed_at: datetime | None
    """When it was closed."""
    closed_by: str | None
    """By whom, by id."""


class Note(Model):
    """Something written on a case."""

    at: datetime
    """When."""
    by: str
    """By whom, by id."""
    text: str
    """What."""


class WholeCase(Model):
    """A case with what is written on it."""

    case: Case
    """The case."""
    notes: tuple[Note, ...]
    """Oldest first."""


class Cases(Model):
    """One page of cases."""

    items: tuple[Case, ...]
    """The latest first."""
    next: str | None
    """`cursor` of the next page; null: this is the last one."""


class Search(Paged):
    """Which cases, of the people that the caller looks after."""

    state: Literal["open", "all"] = "open"
    """Those that wait, or closed ones, too."""


class NewNote(Model):
    """Something to write on a case."""

    text: Said
    """What is to be kept."""


class Closing(Model):
    """The end of a case, or a refusal."""

    note: Text = ""
    """What was done, or why not."""


class AccessRequest(Model):
    """Somebody asks for an application that they may not open."""

    case: str
    """The id of its case."""
    person_id: str
    """Who asks."""
    username: str
    """What they sign in with."""
    name: str
    """Their full name."""
    client_id: str
    """What for."""
    application: str
    """Its name."""
    text: str
    """What they say."""
    asked_at: datetime
    """When."""


class AccessRequests(Model):
    """What waits for the caller."""

    items: tuple[AccessRequest, ...]
    """The latest first, 200 at most."""


class Granted(Model):
    """Somebody was let in."""

    told: bool
    """A mail says so to them."""


def search(services: Services, call: Call) -> Cases:
    """GET /cases."""
    query: Search = call.query
    before, before_id = paging.place(services, call) or (1e12, "~")
    rows = cases.visible(services, call.actor, closed=query.state == "all", before=before, before_id=before_id)
    found = list(islice(rows, query.limit + 1))
    shown = found[: query.limit]
    last = shown[-1][0] if shown else None
    more = paging.cursor(services, call, [last.opened_at, last.id]) if last and len(found) > len(shown) else None
    return Cases(items=tuple(_shown(*row) for row in shown), next=more)


def show(services: Services, call: Call) -> WholeCase:
    """GET /cases/<id>."""
    return _whole(services, _get(services, call))


def note(services: Services, call: Call) -> WholeCase:
    """POST /cases/<id>/notes."""
    case = _get(services, call, Permission.CASES_WORK)
    cases.note(services, call.actor, case, " ".join(call.body.text.split()))
    return _whole(services, case)


def close(services: Services, call: Call) -> WholeCase:
    """POST /cases/<id>/close."""
    case = _get(services, call, Permission.CASES_WORK)
    try:
        return _whole(services, cases.close(services, call.actor, case, " ".join(call.body.note.split())))
    except cases.ClosedAlready:
        raise Problem("conflict", "Somebody has closed it already.") from None


def list_requests(services: Services, call: Call) -> AccessRequests:
    """GET /access-requests."""
    return AccessRequests(items=tuple(map(_asked, requests.open_of(services, call.actor))))


def grant(services: Services, call: Call) -> Granted:
    """POST /access-requests/<case>/grant."""
    told = requests.grant(services, call.actor, _request(services, call))
    return Granted(told=bool(told.to))


def refuse(services: Services, call: Call) -> None:
    """POST /access-requests/<case>/refuse."""
    asked = _request(services, call)
    requests.decline(services, call.actor, asked, " ".join(call.body.note.split()))


def _get(services: Services, call: Call, permission: Permission = Permission.CASES_READ) -> Row:
    """The case of the path; one of somebody else's people is none (S59)."""
    case = accounts_cases.find(services.db, call.path["id"])
    if case is None or not cases.may(call.actor, Permission.CASES_READ, cases.person_of(services, case)):
        raise not_found("case")
    if permission is not Permission.CASES_READ:
        cases.check(services, call.actor, permission, case)
    return case


def _request(services: Services, call: Call) -> requests.Asked:
    """What the path asks for; of an application that is not the caller's nothing is known (S59)."""
    case = accounts_cases.find(services.db, call.path["case"])
    asked = requests.find(services, case) if case is not None and case.is_open else None
    if asked is None or not call.actor.may_app(Permission.APPS_CHANGE, asked.client.id):
        raise not_found("open request")
    return asked


def _whole(services: Services, case: Row) -> WholeCase:
    notes = accounts_cases.notes_of(services.db, case.id)
    return WholeCase(
        case=_shown(case, cases.person_of(services, case)),
        notes=tuple(Note(at=moment(one.at), by=one.by, text=one.text) for one in notes),
    )


def _shown(case: Row, person: Person | None) -> Case:
    return Case(
        id=case.id, kind=case.kind, state="open" if case.is_open else "closed", text=case.text,
        person_id=case.person_id, username=person.username if person is not None else None, address=case.address,
        opened_at=moment(case.opened_at), closed_at=moment_or_none(case.closed_at), closed_by=case.closed_by,
    )  # fmt: skip


def _asked(asked: requests.Asked) -> AccessRequest:
    return AccessRequest(
        case=asked.case.id, person_id=asked.person.id, username=asked.person.username, name=asked.person.name,
        client_id=asked.client.id, application=asked.client.name, text=asked.case.text,
        asked_at=moment(asked.case.opened_at),
    )  # fmt: skip


_TAG: Final = "Cases"
_REQUESTS: Final = "Access requests"

OPERATIONS: Final = (
    Operation(
        method="GET", path="/cases", id="listCases", permission=Permission.CASES_READ, tag=_TAG, summary="Find cases",
        handler=search, query=Search, gives=Cases,
    ),
    Operation(
        method="GET", path="/cases/<id>", id="getCase", permission=Permission.CASES_READ, tag=_TAG,
        summary="A case with what is written on it", handler=show, gives=WholeCase,
    ),
    Operation(
        method="POST", path="/cases/<id>/notes", id="noteCase", permission=Permission.CASES_WORK, tag=_TAG,
        summary="Write something on a case", handler=note, takes=NewNote, gives=WholeCase, status=201, creates=True,
        examples={"called": {"text": "called back, no answer"}},
    ),
    Operation(
        method="POST", path="/cases/<id>/close", id="closeCase", permission=Permission.CASES_WORK, tag=_TAG,
        summary="Close a case", handler=close, takes=Closing, gives=WholeCase, problems=(409,),
        examples={"done": {"note": "has a new phone"}},
    ),
    Operation(
        method="GET", path="/access-requests", id="listAccessRequests",
        permission=Permission.APPS_CHANGE, tag=_REQUESTS,
        summary="Who asks for the caller's applications", handler=list_requests, gives=AccessRequests,
    ),
    Operation(
        method="POST", path="/access-requests/<case>/grant", id="grantAccess",
        permission=Permission.APPS_CHANGE, tag=_REQUESTS,
        summary="Let them in, and tell them", handler=grant, gives=Granted,
    ),
    Operation(
        method="POST", path="/access-requests/<case>/refuse", id="refuseAccess", permission=Permission.APPS_CHANGE,
        tag=_REQUESTS, summary="Close the request without", handler=refuse, takes=Closing,
        examples={"no": {"note": "ask your manager first"}},
    ),
)  # fmt: skip
