"""Who gets the record as it happens: what the settings name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from idp.admin.activity import Names
from idp.audit import Event
from idp.audit.exporting import FORMATS
from idp.audit.streaming import delivery, syslog, webhook
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
            services.log.warning("audit_stream_failed", stream=stream.name, reason=str(error))


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
