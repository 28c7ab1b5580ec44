"""What applications could not be told, and who came by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from clients.documents import hosts
from clients.self_registered import kept
from idp import audit
from idp.admin import provisioning, signals
from idp.admin.actor import Actor
from idp.admin.attention.examining import kept_of_applications
from idp.admin.attention.finding import DAY, MANY, Finding
from idp.admin.permissions import Permission
from idp.audit.told import NOT_ANSWERED, UNDELIVERED
from idp.protocols import Services
from idp.texts import plural


def _programs(services: Services) -> Iterator[Finding]:
    """Hosts that people asked for, and applications that came by themselves and wait to be turned on."""
    if many := len(hosts.waiting(services.db)):
        text = plural(
            "A host of programs waits for an admin.", "%(n)s hosts of programs wait for an admin.", many
        )  # fmt: skip
        yield Finding("client_host", text, "/admin/registration#hosts")
    if many := sum(not one.enabled and one.policy.starts_off for one in kept.list_of(services.db)):
        text = plural(
            "%(n)s application that registered itself waits to be turned on.",
            "%(n)s applications that registered themselves wait to be turned on.", many,
        )  # fmt: skip
        yield Finding("self_registered", text, "/admin/registration#clients")


def _failed(services: Services, action: str) -> list[tuple[str, int, str]]:
    """Each application that could not be told of something in the last day: its name, how often, and an error id."""
    failed: dict[str, tuple[int, str]] = {}
    for event in audit.since(services.db, action, services.clock() - DAY):
        times = failed.get(event.client_id or "", (0, ""))[0] + int(event.detail.get("times", 1))
        failed[event.client_id or ""] = (times, event.error_id or "")
    found = []
    for client_id, (times, error_id) in list(failed.items())[:MANY]:
        client = services.registry.find(client_id)
        found.append((client.name if client else client_id, times, error_id))
    return found


def _undelivered(services: Services) -> Iterator[Finding]:
    for app, times, error_id in _failed(services, NOT_ANSWERED):
        text = plural(
            "%(app)s could not be told of %(n)s answer of a person in the last day.",
            "%(app)s could not be told of %(n)s answers of people in the last day.", times, app=app,
        )  # fmt: skip
        yield Finding("answer", text, f"/admin/activity/{error_id}")
    for app, times, error_id in _failed(services, UNDELIVERED):
        text = plural(
            "%(app)s could not be told of %(n)s sign-out in the last day.",
            "%(app)s could not be told of %(n)s sign-outs in the last day.", times,
            app=app,
        )  # fmt: skip
        yield Finding("sign_out", text, f"/admin/activity/{error_id}")


def findings(services: Services, actor: Actor) -> Iterator[Finding]:
    """All of these that an actor may know of."""
    if actor.may(Permission.APPS_CREATE):
        yield from _programs(services)
    if actor.scope(Permission.APPS_READ) is None:
        yield from (*_undelivered(services), *kept_of_applications(services))
        yield from (Finding("provisioning", *told) for told in provisioning.findings(services))
        yield from (Finding("signals", *told) for told in signals.findings(services))
