"""The record by the API: who did what to whom, from where; what stands behind an error's id; an export (O1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, StringConstraints

from idp.admin import activity, error_links, person_attributes, problems, record
from idp.admin.actor import Actor
from idp.admin.checking import readers
from idp.admin.permissions import Permission
from idp.api import paging
from idp.api.models import Error, Lines, Model, Paged, moment
from idp.api.operations import Answer, Call, Operation
from idp.api.problems import Problem, not_found
from idp.audit import Event as Row
from idp.audit.exporting import FORMATS
from idp.audit.searching import Wanted, latest
from idp.protocols import Services

Id = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Action = Annotated[str, StringConstraints(pattern=r"^[a-z_*]{1,40}(:[a-z0-9_*.-]{1,60})?$")]
Moment = Annotated[datetime, BeforeValidator(lambda value: _moment(value))]


def _moment(value: Any) -> Any:
    """A parameter is a text; a number of seconds is no moment of RFC 3339."""
    if isinstance(value, str) and (found := _parsed(value)) is not None:
        return found
    raise ValueError("expected a moment with its zone, such as 2027-01-31T18:00:00Z")


def _parsed(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        found.timestamp()
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo is not None and "T" in text else None


class Filters(Model):
    """Which events; all of it must hold. Who looks after a part says which person or application of theirs."""

    person: Id | None = None
    """About this person, by id."""
    application: Id | None = None
    """About this application, by client id."""
    action: Action | None = None
    """A name such as session:started; `*` stands for any part."""
    actor: Id | None = None
    """What this actor did: `person:…`, `client:…`, `cli:…`."""
    session: Id | None = None
    """In this session."""
    request: Id | None = None
    """In this request."""
    error: Id | None = None
    """Under this error id."""
    address: Id | None = None
    """From this address."""
    failed: Literal["true", "false"] = "false"
    """Only what failed or was refused."""
    since: Moment | None = None
    """From this moment on."""
    until: Moment | None = None
    """Before this moment."""


class Search(Filters, Paged):
    """Which events, and where the page begins."""


class Export(Filters):
    """Which events, oldest first, in which format."""

    format: Literal["csv", "jsonl", "cef", "ocsf"] = "jsonl"
    """How each line is written."""
    limit: Lines = 1000
    """How many events a part has at most."""
    cursor: Annotated[str | None, StringConstraints(min_length=1, max_length=1000)] = None
    """Where the part begins: `next` of the part before."""


class Event(Model):
    """Something that happened."""

    id: str
    """Its id; later ones are greater."""
    at: datetime
    """When."""
    action: str
    """What: `subject:action`."""
    actor: str
    """Who did it: `person:…`, `client:…`, `cli:…`, or empty."""
    person_id: str | None
    """Whom it is about."""
    person: str | None
    """What they sign in with, or did."""
    client_id: str | None
    """Which application it is about."""
    application: str | None
    """Its name."""
    session_id: str | None
    """The session that it was in."""
    address: str
    """From where."""
    request_id: str
    """The request that it was."""
    error_id: str | None
    """What people were shown to tell it apart."""
    detail: dict[str, Any]
    """What else is known; nothing secret."""


class Events(Model):
    """One page of events."""

    items: tuple[Event, ...]
    """The latest first."""
    next: str | None
    """`cursor` of the next page; null: this is the last one."""


class Story(Model):
    """What stands behind an event or an error: which side is wrong, and the fix."""

    event: Event
    """What happened."""
    what: str | None
    """In a sentence."""
    side: str | None
    """Whose it is to mend: application, person, doorward."""
    fix: str | None
    """What to do."""


class ErrorLink(Model):
    """A link that needs no account and shows what was found of one error."""

    url: str
    """Where: told this once."""
    until: datetime
    """It opens nothing from then on."""


class Exported(Model):
    """A part of an export. That it was made is on record."""

    media_type: str
    """What `text` is: text/csv, application/x-ndjson, text/plain."""
    text: str
    """Whole lines; the parts one after the other are the export."""
    events: int
    """How many events they are."""
    next: str | None
    """`cursor` of the next part; null: this is the last one."""


def search(services: Services, call: Call) -> Events:
    """GET /events."""
    query: Search = call.query
    wanted = _wanted(services, call, query)
    every = reversed(latest(services.db, wanted, query.limit + 1, paging.place(services, call) or ""))
    found = person_attributes.events_for(services, call.actor, every)
    shown = found[: query.limit]
    named = activity.Names(services)
    more = paging.cursor(services, call, shown[-1].id) if len(found) > len(shown) else None
    return Events(items=tuple(_shown(call.actor, one, named) for one in shown), next=more)


def explain(services: Services, call: Call) -> Story:
    """GET /events/<id>: of an event, or of an error."""
    found = activity.find(services, call.path["id"][:64])
    if not found or not activity.may_see(services, call.actor, found[0]):
        raise not_found("event")
    named = activity.Names(services)
    told = activity.story(found[0], named)
    (event,) = person_attributes.events_for(services, call.actor, found[:1])
    return Story(
        event=_shown(call.actor, event, named),
        what=_text(told["what"]),
        side=_text(told["side"]),
        fix=_text(told["fix"]),
    )


def share(services: Services, call: Call) -> Answer:
    """POST /events/<id>/link."""
    event = _event_of(services, call)
    try:
        secret = error_links.share(services, call.actor, event)
    except error_links.NothingToShare:
        raise not_found("event of an application") from None
    made = ErrorLink(url=services.url(f"/app-error/{secret}"), until=moment(services.clock() + error_links.LIVES))
    return Answer(value=made, location=f"/events/{event.id}")


def unshare(services: Services, call: Call) -> None:
    """DELETE /events/<id>/link."""
    try:
        error_links.withdraw(services, call.actor, _event_of(services, call))
    except error_links.NothingToShare:
        raise not_found("event of an application") from None


def _event_of(services: Services, call: Call) -> Row:
    found = activity.find(services, call.path["id"][:64])
    if not found or not activity.may_see(services, call.actor, found[0]):
        raise not_found("event")
    return found[0]


def export(services: Services, call: Call) -> Exported:
    """GET /events/export."""
    query: Export = call.query
    after = paging.place(services, call) or ""
    part = record.export_part(
        services, call.actor, _wanted(services, call, query), query.format, after=after, many=query.limit
    )
    more = paging.cursor(services, call, part.last) if part.last else None
    return Exported(media_type=FORMATS[query.format].media_type, text=part.text, events=part.events, next=more)


def _text(value: Any) -> str | None:
    return str(value) if value else None


def _wanted(services: Services, call: Call, query: Filters) -> Wanted:
    """What is looked for, of what is the caller's to know. Errors: `Problem`."""
    actor, errors = call.actor, list[Error]()
    if query.person is not None:
        person = services.directory.find(query.person)
        if person is None or not actor.may_person(Permission.ACTIVITY_READ, person.groups):
            errors.append(Error(parameter="person", detail="there is no such person, or not among yours"))
    if query.application is not None and not (
        actor.may_app(Permission.ACTIVITY_READ, query.application) and services.registry.find(query.application)
    ):
        errors.append(Error(parameter="application", detail="there is no such application, or not among yours"))
    limited = actor.scope(Permission.ACTIVITY_READ) is not None
    if limited and query.person is None and query.application is None:
        errors.append(Error(parameter="person", detail="say which person or application of yours it is about"))
    if errors:
        raise Problem("parameter", "; ".join(f"{one.parameter}: {one.detail}" for one in errors), errors=errors)
    return Wanted(
        person_id=query.person, client_id=query.application, action=query.action or "", failed=query.failed == "true",
        since=query.since.timestamp() if query.since else 0.0,
        until=query.until.timestamp() if query.until else None, actor=query.actor, session_id=query.session,
        request_id=query.request, error_id=query.error, address=query.address,
    )  # fmt: skip


def _shown(actor: Actor, event: Row, named: activity.Names) -> Event:
    return Event(
        id=event.id, at=moment(event.at), action=event.action, actor=event.actor, person_id=event.person_id,
        person=named.person(event.person_id), client_id=event.client_id, application=named.client(event.client_id),
        session_id=event.session_id, address=event.address, request_id=event.request_id, error_id=event.error_id,
        detail=dict(_detail(actor, event)),
    )  # fmt: skip


def _detail(actor: Actor, event: Row) -> Mapping[str, Any]:
    """What was found is told to each reader as the console tells it."""
    if not event.detail.get("findings"):
        return event.detail
    found = readers.found_by(problems.findings_of(event), readers.reader_of(actor))
    return {**event.detail, "findings": [asdict(one) for one in found]}


_TAG: Final = "Activity"

OPERATIONS: Final = (
    Operation(
        method="GET", path="/events", id="listEvents", permission=Permission.ACTIVITY_READ, tag=_TAG,
        summary="Who did what to whom", handler=search, query=Search, gives=Events,
    ),
    Operation(
        method="GET", path="/events/<id>", id="explainEvent", permission=Permission.ACTIVITY_READ, tag=_TAG,
        summary="What stands behind an event or an error's id", handler=explain, gives=Story,
    ),
    Operation(
        method="POST", path="/events/<id>/link", id="shareError", permission=Permission.APPS_CHANGE, tag=_TAG,
        summary="A link to what was found of one error that needs no account, for a day", handler=share,
        gives=ErrorLink, status=201, creates=True,
    ),
    Operation(
        method="DELETE", path="/events/<id>/link", id="unshareError", permission=Permission.APPS_CHANGE, tag=_TAG,
        summary="End the link now", handler=unshare,
    ),
    Operation(
        method="GET", path="/events/export", id="exportEvents", permission=Permission.ACTIVITY_EXPORT, tag=_TAG,
        summary="Events for another system, a part at a time", handler=export, query=Export, gives=Exported,
    ),
)  # fmt: skip
