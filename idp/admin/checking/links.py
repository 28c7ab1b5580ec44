"""The findings of a check for whoever runs the application and has no account here: a link that ends after a day."""

from __future__ import annotations

from clients.client import Client
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.admin.shared_links import LIVES, PER_MINUTE, Link, Links
from idp.protocols import Services

__all__ = ["LIVES", "PER_MINUTE", "Link", "find", "is_too_often", "opened", "share", "withdraw"]

_LINKS = Links("check")


def share(services: Services, actor: Actor, client: Client) -> str:
    """A new link's secret, which is told this once. Errors: `NotAllowed`."""
    actor.check_app(Permission.APPS_CHANGE, client.id)
    secret, until = _LINKS.make(services, actor, client.id)
    actor.record(services)(services.db, "client:check_shared", {"client_id": client.id, "until": until})
    return secret


def withdraw(services: Services, actor: Actor, client: Client) -> bool:
    """End the link now; whether there was one. Errors: `NotAllowed`."""
    actor.check_app(Permission.APPS_CHANGE, client.id)
    found = _LINKS.end(services, client.id)
    if found:
        actor.record(services)(services.db, "client:check_unshared", {"client_id": client.id})
    return found


def find(services: Services, client_id: str) -> Link | None:
    """The application's link, as far as anybody can know it afterwards."""
    return _LINKS.find(services, client_id)


def opened(services: Services, secret: str) -> Client | None:
    """The application whose findings somebody may see who has the link; None: it ended, or there is none.

    Who may not change the application any more shows it to nobody.
    """
    found = _LINKS.opened(services, secret)
    if found is None or not found[1].may_app(Permission.APPS_CHANGE, found[0]):
        return None
    return services.registry.find(found[0])


def is_too_often(services: Services, address: str) -> bool:
    """Whether this address has looked more often in the last minute than a person does."""
    return _LINKS.is_too_often(services, address)
