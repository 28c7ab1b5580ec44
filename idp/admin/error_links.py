"""What was found of one error for whoever runs the application and has no account here: a link that lives a day.

As the link of a live check (`checking.links`): kept as a hash, and worth what its maker may when it is opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clients.client import Client
from idp.admin.actor import Actor, of_name
from idp.admin.permissions import Permission
from idp.audit import Event, find
from idp.ids import digest, new_secret
from idp.protocols import Services

LIVES: Final = 86_400.0  # seconds
PER_MINUTE: Final = 60  # looks from one address


class NothingToShare(LookupError):
    """It is no error of an application that is registered: there is nobody to send it to."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link that stands. `until`: epoch seconds."""

    until: float


def share(services: Services, actor: Actor, event: Event) -> str:
    """A new link's secret, which is told this once; the one before ends. Errors: `NotAllowed`, `NothingToShare`."""
    client = _app_of(services, actor, event)
    _forget(services, event.id)
    secret, until = new_secret(), services.clock() + LIVES
    by = {"by": actor.name, "token_id": actor.token_id}
    services.state.put(_of_secret(secret), {"event_id": event.id, "until": until, **by}, LIVES)
    services.state.put(_of_event(event.id), {"key": _of_secret(secret), "until": until}, LIVES)
    detail = {"client_id": client.id, "error": event.error_id, "until": until}
    actor.record(services)(services.db, "client:error_shared", detail)
    return secret


def withdraw(services: Services, actor: Actor, event: Event) -> bool:
    """End the link now; whether there was one. Errors: `NotAllowed`, `NothingToShare`."""
    client = _app_of(services, actor, event)
    found = _forget(services, event.id)
    if found:
        detail = {"client_id": client.id, "error": event.error_id}
        actor.record(services)(services.db, "client:error_unshared", detail)
    return found


def find_link(services: Services, event: Event) -> Link | None:
    """The event's link, as far as anybody can know it afterwards."""
    found = services.state.get(_of_event(event.id))
    return Link(found["until"]) if found else None


def can_share(services: Services, actor: Actor, event: Event) -> bool:
    """Whether this actor may make one."""
    client_id = _client_id(services, event)
    return bool(client_id) and actor.may_app(Permission.APPS_CHANGE, client_id)


def opened(services: Services, secret: str) -> tuple[Event, Client] | None:
    """The error that somebody may see who has the link; None: it ended, or there is none.

    Who may not change the application any more shows it to nobody; what is counted since is shown as well.
    """
    found = services.state.get(_of_secret(secret[:100]))
    if not found or found["until"] <= services.clock():
        return None
    event = find(services.db, found["event_id"])
    client = services.registry.find(event.client_id) if event is not None and event.client_id else None
    maker = of_name(services, found.get("by", ""), found.get("token_id", ""))
    if event is None or client is None or maker is None or not maker.may_app(Permission.APPS_CHANGE, client.id):
        return None
    return event, client


def is_too_often(services: Services, address: str) -> bool:
    """Whether this address has looked more often in the last minute than a person does."""
    return services.state.count(f"error-looks:{digest(address)}", 60.0) > PER_MINUTE


def _app_of(services: Services, actor: Actor, event: Event) -> Client:
    client_id = _client_id(services, event)
    actor.check_app(Permission.APPS_CHANGE, client_id or event.client_id or "")
    client = services.registry.find(client_id) if client_id else None
    if client is None:
        raise NothingToShare(event.id)
    return client


def _client_id(services: Services, event: Event) -> str:
    is_error = event.action.startswith("error:") and bool(event.client_id)
    return event.client_id or "" if is_error and services.registry.find(event.client_id or "") is not None else ""


def _forget(services: Services, event_id: str) -> bool:
    found = services.state.take(_of_event(event_id))
    return bool(found) and services.state.take(found["key"]) is not None


def _of_secret(secret: str) -> str:
    return f"error-link:{digest(secret)}"


def _of_event(event_id: str) -> str:
    return f"error-link-of:{event_id}"
