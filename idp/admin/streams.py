"""Who gets the record as it happens: what the settings name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from idp.admin.activity import Names
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.audit import Event
from idp.audit.exporting import FORMATS
from idp.audit.streaming import delivery, syslog, webhook
from idp.ids import new_id
from idp.protocols import Services


@dataclass(frozen=True, slots=True)
class Stream:
    """A receiver. `name`: under which its place is kept, so one with another address begins anew."""

    name: str
    send: Callable[[str, list[Event]], None]


def streams(services: Services) -> Iterator[Stream]:
    """Those that the settings name."""
    settings = services.settings.audit
    if settings.syslog:
        yield Stream(f"syslog:{settings.syslog}", lambda id, events: _to_syslog(services, events))
    if settings.webhook:
        yield Stream(f"webhook:{settings.webhook}", lambda id, events: _to_webhook(services, id, events))


def send_all(services: Services) -> None:
    """Send what was sealed; a receiver that takes nothing is told of in the log, and does not hold up the other."""
    for stream in streams(services):
        try:
            delivery.deliver(services.db, stream.name, stream.send, services.clock)
        except delivery.NotReceived as error:
            kind, host = _place(stream)
            services.log.warning("audit_stream_failed", stream=kind, host=host, reason=str(error))


@dataclass(frozen=True, slots=True)
class Listed:
    """A receiver as pages show it: `kind` and `host`, for an address may have a secret in it."""

    kind: str
    host: str
    standing: delivery.Standing | None

    @property
    def fails(self) -> bool:
        """Whether it takes nothing."""
        return self.standing is not None and self.standing.failed_at is not None


class UnknownStream(LookupError):
    """The settings name none of this kind."""


def listed(services: Services) -> tuple[Listed, ...]:
    """Those that the settings name, and how far each has come."""
    return tuple(_listed(services, stream) for stream in streams(services))


def try_out(services: Services, actor: Actor, kind: str) -> str:
    """Send one event that says it is a test; answers why it was not taken, '' where it was.

    Errors: `NotAllowed`, `UnknownStream`.
    """
    actor.check(Permission.ACTIVITY_EXPORT)
    found = next((one for one in streams(services) if one.name.partition(":")[0] == kind), None)
    if found is None:
        raise UnknownStream(kind)
    now = services.clock()
    event = Event("audit:stream_tested", actor=actor.name, detail={"stream": kind}, id=new_id(now), at=now)
    actor.record(services)(services.db, "audit:stream_tested", {"stream": kind})
    try:
        found.send(f"test-{event.id}", [event])
    except delivery.NotReceived as error:
        return str(error)
    return ""


def _listed(services: Services, stream: Stream) -> Listed:
    return Listed(*_place(stream), delivery.standing(services.db, stream.name))


def _place(stream: Stream) -> tuple[str, str]:
    """Its kind and its host: the rest of the address may be a secret."""
    kind, _, address = stream.name.partition(":")
    return kind, urlsplit(address).netloc.rpartition("@")[2]


def _lines(services: Services, events: list[Event]) -> list[str]:
    line, names = FORMATS[services.settings.audit.stream_format].line, Names(services)
    return [line(event, names.person, names.client) for event in events]


def _to_syslog(services: Services, events: list[Event]) -> None:
    settings = services.settings
    target, host = urlsplit(settings.audit.syslog), urlsplit(services.issuer).hostname or "-"
    ca = str(settings.path(settings.audit.syslog_ca)) if settings.audit.syslog_ca else ""
    lines = zip(events, _lines(services, events), strict=True)
    messages = [syslog.message(event, text, host) for event, text in lines]
    syslog.send(target.hostname or "", target.port or 6514, ca, messages)


def _to_webhook(services: Services, id: str, events: list[Event]) -> None:
    settings = services.settings.audit
    body = "".join(_lines(services, events)).encode("utf-8", "replace")
    webhook.send(
        services.outbound, settings.webhook, settings.webhook_secret, id=id, now=services.clock(), body=body,
        media_type=FORMATS[settings.stream_format].media_type,
    )  # fmt: skip
