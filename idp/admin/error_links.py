"""What was found of one error for whoever runs the application and has no account here: a link that lives a day."""

from __future__ import annotations

from clients.client import Client
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.admin.shared_links import LIVES, PER_MINUTE, Link, Links
from idp.audit import Event, find
from idp.protocols import Services

__all__ = [
    "LIVES", "PER_MINUTE", "Link", "NothingToShare", "can_share", "find_link", "is_too_often", "opened", "share",
    "withdraw",
]  # fmt: skip

_LINKS = Links("error")


class NothingToShare(LookupError):
    """It is no error of an application that is registered: there is nobody to send it to."""


def share(services: Services, actor: Actor, event: Event) -> str:
    """A new link's secret, which is told this once; the one before ends. Errors: `NotAllowed`, `NothingToShare`."""
    client = _app_of(services, actor, event)
    secret, until = _LINKS.make(services, actor, event.id)
    detail = {"client_id": client.id, "error": event.error_id, "until": until}
    actor.record(services)(services.db, "client:error_shared", detail)
    return secret


def withdraw(services: Services, actor: Actor, event: Event) -> bool:
    """End the link now; whether there was one. Errors: `NotAllowed`, `NothingToShare`."""
    client = _app_of(services, actor, event)
    found = _LINKS.end(services, event.id)
    if found:
        detail = {"client_id": client.id, "error": event.error_id}
        actor.record(services)(services.db, "client:error_unshared", detail)
    return found


def find_link(services: Services, event: Event) -> Link | None:
    """The event's link, as far as anybody can know it afterwards."""
    return _LINKS.find(services, event.id)


def can_share(services: Services, actor: Actor, event: Event) -> bool:
    """Whether this actor may make one."""
    client_id = _client_id(services, event)
    return bool(client_id) and actor.may_app(Permission.APPS_CHANGE, client_id)


def opened(services: Services, secret: str) -> tuple[Event, Client] | None:
    """The error that somebody may see who has the link; None: it ended, or there is none.

    Who may not change the application any more shows it to nobody; what is counted since is shown as well.
    """
    found = _LINKS.opened(services, secret)
    event = find(services.db, found[0]) if found is not None else None
    client = services.registry.find(event.client_id) if event is not None and event.client_id else None
    if found is None or event is None or client is None or not found[1].may_app(Permission.APPS_CHANGE, client.id):
        return None
    return event, client


def is_too_often(services: Services, address: str) -> bool:
    """Whether this address has looked more often in the last minute than a person does."""
    return _LINKS.is_too_often(services, address)


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
