"""How messages leave for people, which did not, and what everybody is told (B2, A10)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import StringConstraints

from idp import mailbox, phone_numbers
from idp.accounts.notices import MAX_TEXT, InvalidNotice
from idp.accounts.notices import Notice as Row
from idp.admin import managed, messages, notices
from idp.admin.activity import Names
from idp.admin.permissions import Permission
from idp.api import paging
from idp.api.models import At, Model, Paged, moment, moment_or_none
from idp.api.operations import Answer, Call, Operation
from idp.api.problems import Problem, not_found, wrong
from idp.audit import Event
from idp.jobs import Job
from idp.protocols import Services

Kind = Literal["mail", "sms"]
Place = Literal["login", "launcher", "both", "status"]


class Delivery(Model):
    """How messages leave."""

    mail: str | None
    """The mail server; null: no mail leaves."""
    sender: str | None
    """Whom people see as the sender."""
    sms: str | None
    """The sender of text messages; null: none leave."""
    outbox: bool
    """They are kept on this development machine, and reach nobody."""
    waiting: int
    """Messages that wait for their turn or their next try."""


class Message(Model):
    """A message that left, or did not."""

    id: str
    """The id of its event."""
    at: datetime
    """When."""
    failed: bool
    """Whether it did not leave."""
    message: str
    """Which one, such as `invitation`."""
    to: str
    """Where, masked."""
    person_id: str | None
    """Whose it was."""
    person: str | None
    """What they sign in with."""
    said: str
    """What the other side said."""


class Messages(Model):
    """One page of messages."""

    items: tuple[Message, ...]
    """The latest first."""
    next: str | None
    """`cursor` of the next page; null: this is the last one."""


class Search(Paged):
    """Which messages."""

    kind: Kind = "mail"
    """Mail, or text messages."""
    failed: Literal["true", "false"] = "false"
    """Only those that did not leave."""


class GivenUp(Model):
    """A message that is not tried any more."""

    id: str
    """What it is put aside by."""
    kind: Kind
    """Mail, or a text message."""
    tries: int
    """How often it was tried."""
    why: str
    """What went wrong last."""


class AllGivenUp(Model):
    """Messages that were given up."""

    items: tuple[GivenUp, ...]
    """All that nobody has put aside."""


class Test(Model):
    """A message that shows whether messages arrive."""

    to: Annotated[str, StringConstraints(min_length=1, max_length=320)]
    """An address, or a number that begins with +."""
    language: Literal["en", "de", "fr", "es", "zh"] = "en"
    """Its language."""


class Notice(Model):
    """What everybody is told."""

    id: str
    """What it is removed by."""
    text: str
    """The text."""
    place: Place
    """Where it stands."""
    application: str | None
    """Only on the way to this application, by client id; null: everywhere."""
    starts_at: datetime | None
    """From when on; null: at once."""
    ends_at: datetime | None
    """Until when; null: until it is removed."""
    shown: bool
    """Whether it stands there now."""
    managed_by: str | None
    """The file of configuration that manages it."""


class Notices(Model):
    """All that is told."""

    items: tuple[Notice, ...]
    """The oldest first, those to come and those that ended lately too."""


class NewNotice(Model):
    """Something to tell."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)]
    """One line."""
    place: Place = "both"
    """Where."""
    application: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    """Only on the way to this application, by client id."""
    starts_at: At | None = None
    """From when on; null: at once."""
    ends_at: At | None = None
    """Until when; null: until it is removed."""


def delivery(services: Services, call: Call) -> Delivery:
    """GET /message-delivery."""
    ways = messages.ways(services, call.actor)
    waiting, _ = messages.queued(services, call.actor)
    return Delivery(
        mail=ways.mail or None, sender=ways.sender or None, sms=ways.sms or None, outbox=ways.outbox,
        waiting=len(waiting),
    )  # fmt: skip


def search(services: Services, call: Call) -> Messages:
    """GET /messages."""
    query: Search = call.query
    before, failed = paging.place(services, call) or "", query.failed == "true"
    found = messages.recent(
        services, call.actor, query.kind, failed=failed, many=query.limit + 1, before=before
    )  # fmt: skip
    some, names = found[: query.limit], Names(services)
    more = paging.cursor(services, call, some[-1].id) if len(found) > query.limit else None
    return Messages(items=tuple(_message(one, names) for one in some), next=more)


def given_up(services: Services, call: Call) -> AllGivenUp:
    """GET /messages/given-up."""
    _, jobs = messages.queued(services, call.actor)
    return AllGivenUp(items=tuple(map(_given_up, jobs)))


def put_aside(services: Services, call: Call) -> None:
    """DELETE /messages/given-up/<id>."""
    try:
        messages.put_aside(services, call.actor, call.path["id"])
    except messages.NoSuchMessage:
        raise not_found("message") from None


def test(services: Services, call: Call) -> None:
    """POST /messages/test."""
    body: Test = call.body
    try:
        to = phone_numbers.read(body.to) if body.to.startswith("+") else mailbox.address(body.to)
    except ValueError:
        raise wrong("to", "is neither an address nor a number", example="ann@example.com") from None
    try:
        messages.send_test(services, call.actor, to, {"zh": "zh_Hans"}.get(body.language, body.language))
    except messages.CannotLeave as error:
        raise Problem("conflict", f"{error}.".capitalize()) from None


def list_notices(services: Services, call: Call) -> Notices:
    """GET /notices."""
    return Notices(items=tuple(_notice(services, one) for one in notices.listed(services, call.actor)))


def add_notice(services: Services, call: Call) -> Answer:
    """POST /notices."""
    body: NewNotice = call.body
    if body.application is not None and services.registry.find(body.application) is None:
        raise wrong("application", "there is no application of this id")
    wish = notices.Wish(
        text=body.text, starts_at=_epoch(body.starts_at), ends_at=_epoch(body.ends_at), client_id=body.application,
        place=body.place,
    )  # fmt: skip
    try:
        made = notices.add(services, call.actor, wish)
    except InvalidNotice as error:
        field = {"to": "ends_at", "where": "place"}.get(error.field, error.field)
        raise wrong(field, error.message) from None
    return Answer(value=_notice(services, made), location="/notices")


def remove_notice(services: Services, call: Call) -> None:
    """DELETE /notices/<id>."""
    if not notices.remove(services, call.actor, call.path["id"]):
        raise not_found("notice")


def _epoch(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _message(event: Event, names: Names) -> Message:
    detail = event.detail
    return Message(
        id=event.id, at=moment(event.at), failed=event.action.endswith(":failed"),
        message=str(detail.get("message") or ""), to=str(detail.get("to") or ""), person_id=event.person_id,
        person=names.person(event.person_id) if event.person_id else None,
        said=str(detail.get("reason") or detail.get("said") or "")[:300],
    )  # fmt: skip


def _given_up(job: Job) -> GivenUp:
    kind: Kind = "sms" if job.name == messages.KINDS["sms"] else "mail"
    return GivenUp(id=job.id, kind=kind, tries=job.tries, why=job.error)


def _notice(services: Services, one: Row) -> Notice:
    return Notice.model_validate({
        "id": one.id, "text": one.text, "place": one.place, "application": one.client_id,
        "starts_at": moment_or_none(one.starts_at), "ends_at": moment_or_none(one.ends_at),
        "shown": one.is_on(services.clock()), "managed_by": managed.manager_of(services, "notice", one.id) or None,
    })  # fmt: skip


_TAG: Final = "Messages"
_READ, _CHANGE = Permission.MESSAGES_READ, Permission.MESSAGES_CHANGE
OPERATIONS: Final = (
    Operation(
        method="GET", path="/message-delivery", id="getMessageDelivery", permission=_READ, tag=_TAG,
        summary="How messages leave for people", handler=delivery, gives=Delivery,
    ),
    Operation(
        method="GET", path="/messages", id="listMessages", permission=_READ, tag=_TAG,
        summary="Messages that left, or did not", handler=search, query=Search, gives=Messages,
    ),
    Operation(
        method="POST", path="/messages/test", id="sendTestMessage", permission=_CHANGE, tag=_TAG,
        summary="Queue a test message; what became of it is in the list", handler=test, takes=Test, problems=(409,),
        examples={"mail": {"to": "it@example.com"}},
    ),
    Operation(
        method="GET", path="/messages/given-up", id="listGivenUpMessages", permission=_READ, tag=_TAG,
        summary="Messages that are not tried any more", handler=given_up, gives=AllGivenUp,
    ),
    Operation(
        method="DELETE", path="/messages/given-up/<id>", id="putAsideMessage", permission=_CHANGE, tag=_TAG,
        summary="Forget one, so that nobody is reminded of it", handler=put_aside,
    ),
    Operation(
        method="GET", path="/notices", id="listNotices", permission=_READ, tag=_TAG,
        summary="What everybody is told", handler=list_notices, gives=Notices,
    ),
    Operation(
        method="POST", path="/notices", id="addNotice", permission=_CHANGE, tag=_TAG, summary="Tell something",
        handler=add_notice, takes=NewNotice, gives=Notice, status=201, creates=True,
        examples={"maintenance": {"text": "Maintenance on Friday from 18:00."}},
    ),
    Operation(
        method="DELETE", path="/notices/<id>", id="removeNotice", permission=_CHANGE, tag=_TAG,
        summary="Tell it no longer", handler=remove_notice,
    ),
)  # fmt: skip
