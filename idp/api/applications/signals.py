"""Streams of security events of an application, by the API: how each stands, stopped, let go on, removed (Y4)."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from idp.admin import signals
from idp.admin.permissions import Permission
from idp.admin.signals import Standing
from idp.api.applications import finding
from idp.api.models import Model, moment, moment_or_none
from idp.api.operations import Call, Operation
from idp.api.problems import not_found
from idp.protocols import Services
from idp.signals.keeping import UnknownStream


class SignalStream(Model):
    """A stream by which an application hears of what ends and changes; no secret of it."""

    id: str
    """Its name, `stream_id`."""
    method: str
    """urn:ietf:rfc:8935 is pushed, urn:ietf:rfc:8936 is fetched."""
    endpoint_url: str | None
    """Where events are pushed to; null: its receiver fetches them."""
    description: str
    """What its receiver calls it."""
    status: Literal["enabled", "paused", "disabled"]
    """paused: what happens waits; disabled: nothing is kept for it."""
    status_by: Literal["receiver", "admin", "us"]
    """Who has said the status last; us: nothing could be delivered for long."""
    reason: str
    """Why, in the words of whoever said it; may be empty."""
    events: tuple[str, ...]
    """The types of events that it gets."""
    waiting: int
    """Events that wait."""
    waiting_since: datetime | None
    """Since when the first of them does."""
    taken: int
    """Events that its receiver has taken, ever."""
    taken_at: datetime | None
    """When it last did."""
    failures: int
    """Tries in a row that failed."""
    problem: str
    """What it answered last, where it did not take an event."""
    created_at: datetime
    """When its receiver made it."""


class SignalStreams(Model):
    """The streams of an application."""

    items: tuple[SignalStream, ...]
    """In the order in which they came, four at most."""


class Turn(Model):
    """How a stream shall stand."""

    status: Literal["enabled", "paused"]
    """paused: its receiver cannot let it go on."""
    reason: str = ""
    """Its receiver reads it."""


class Sent(Model):
    """An event on its way."""

    jti: str
    """Its name."""


def listed(services: Services, call: Call) -> SignalStreams:
    """GET /applications/<id>/signals."""
    client = finding.get(services, call)
    return SignalStreams(items=tuple(_told(one) for one in signals.of_app(services, call.actor, client.id)))


def turn(services: Services, call: Call) -> SignalStream:
    """POST /applications/<id>/signals/<stream>/status."""
    stream_id, body = _stream(services, call), call.body
    assert isinstance(body, Turn)
    if body.status == "paused":
        return _told(signals.pause(services, call.actor, stream_id, body.reason))
    return _told(signals.resume(services, call.actor, stream_id))


def test(services: Services, call: Call) -> Sent:
    """POST /applications/<id>/signals/<stream>/test."""
    return Sent(jti=signals.test(services, call.actor, _stream(services, call)))


def remove(services: Services, call: Call) -> None:
    """DELETE /applications/<id>/signals/<stream>."""
    signals.remove(services, call.actor, _stream(services, call))


def _stream(services: Services, call: Call) -> str:
    """The id of a stream of this very application. Errors: `Problem` (404)."""
    client = finding.get(services, call, Permission.APPS_CHANGE)
    try:
        found = signals.get(services, call.actor, call.path["stream"])
    except UnknownStream:
        raise not_found("stream of security events") from None
    if found.stream.client_id != client.id:
        raise not_found("stream of security events")
    return found.stream.id


def _told(one: Standing) -> SignalStream:
    stream = one.stream
    return SignalStream(
        id=stream.id, method=stream.method, endpoint_url=stream.endpoint or None, description=stream.description,
        status=stream.status, status_by=stream.status_by, reason=stream.reason, events=one.delivered,
        waiting=one.waiting, waiting_since=moment_or_none(one.first_at), taken=stream.delivered,
        taken_at=moment_or_none(stream.delivered_at), failures=stream.failures, problem=stream.problem,
        created_at=moment(stream.created_at),
    )  # fmt: skip


_TAG: Final = "Signals"
_ALL: Final = "/applications/<id>/signals"
_ONE: Final = f"{_ALL}/<stream>"

OPERATIONS: Final = (
    Operation(
        method="GET", path=_ALL, id="listSignalStreams", permission=Permission.APPS_READ, tag=_TAG,
        summary="The streams of security events of an application", handler=listed, gives=SignalStreams,
    ),
    Operation(
        method="POST", path=f"{_ONE}/status", id="turnSignalStream", permission=Permission.APPS_CHANGE, tag=_TAG,
        summary="Stop a stream, or let it go on", handler=turn, takes=Turn, gives=SignalStream,
        examples={"paused": {"status": "paused", "reason": "something is looked into"}},
    ),
    Operation(
        method="POST", path=f"{_ONE}/test", id="testSignalStream", permission=Permission.APPS_CHANGE, tag=_TAG,
        summary="Send an event that only says that the stream works", handler=test, gives=Sent,
    ),
    Operation(
        method="DELETE", path=_ONE, id="removeSignalStream", permission=Permission.APPS_CHANGE, tag=_TAG,
        summary="Forget a stream with all that waits", handler=remove,
    ),
)  # fmt: skip
