"""Who gets the record as it happens, how, and whether they do (O1)."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from idp.admin import streams
from idp.admin.permissions import Permission
from idp.api.models import Model, moment_or_none
from idp.api.operations import Call, Operation
from idp.api.problems import Problem
from idp.audit.exporting import FORMATS
from idp.protocols import Services

#: How an event comes, by the kind of its receiver.
_HOW: Final = {
    "syslog": "syslog messages (RFC 5424) over TLS (RFC 5425), an event each, octet-counted",
    "webhook": "POST of lines, an event each; webhook-id, webhook-timestamp and webhook-signature as Standard Webhooks "
    "has them, by the secret of audit.webhook_secret; sent again until it is answered with 2xx",
}


class Stream(Model):
    """A receiver of the record, which the settings name."""

    kind: Literal["syslog", "webhook"]
    """What it is tried out by."""
    host: str
    """Where it stands; the rest of its address may have a secret in it."""
    how: str
    """How an event comes."""
    format: str
    """How each line is written: `format` of an export."""
    media_type: str
    """The media type of the lines."""
    received_at: datetime | None
    """When the last event that it took was sealed; null: nothing was sent yet."""
    waiting: int
    """Events that it has not got yet."""
    failed_at: datetime | None
    """Since when it takes nothing; null: it does."""
    why: str | None
    """What it answered."""


class Streams(Model):
    """Every receiver that the settings name."""

    items: tuple[Stream, ...]
    """Empty: nobody gets the record."""


class Tried(Model):
    """What became of a test event."""

    taken: bool
    """Whether it was taken."""
    why: str | None
    """Why not."""


def listed(services: Services, call: Call) -> Streams:
    """GET /audit-streams."""
    return Streams(items=tuple(_shown(services, one) for one in streams.listed(services)))


def try_out(services: Services, call: Call) -> Tried:
    """POST /audit-streams/<kind>/test."""
    try:
        why = streams.try_out(services, call.actor, call.path["kind"])
    except streams.UnknownStream:
        raise Problem("not-found", "The settings name no receiver of this kind.") from None
    return Tried(taken=not why, why=why or None)


def _shown(services: Services, one: streams.Listed) -> Stream:
    standing, format = one.standing, services.settings.audit.stream_format
    assert one.kind in ("syslog", "webhook")
    return Stream(
        kind=one.kind, host=one.host, how=_HOW[one.kind], format=format, media_type=FORMATS[format].media_type,
        received_at=moment_or_none(standing.received_at) if standing else None,
        waiting=standing.waiting if standing else 0,
        failed_at=moment_or_none(standing.failed_at) if standing else None,
        why=(standing.why or None) if standing else None,
    )  # fmt: skip


_TAG: Final = "Activity"
OPERATIONS: Final = (
    Operation(
        method="GET", path="/audit-streams", id="listAuditStreams", permission=Permission.SETTINGS_READ, tag=_TAG,
        summary="Who gets the record as it happens, how, and whether they do", handler=listed, gives=Streams,
    ),
    Operation(
        method="POST", path="/audit-streams/<kind>/test", id="testAuditStream", tag=_TAG,
        permission=Permission.ACTIVITY_EXPORT, summary="Send one event that says it is a test", handler=try_out,
        gives=Tried,
    ),
)  # fmt: skip
