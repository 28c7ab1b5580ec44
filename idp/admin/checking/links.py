"""The findings of a check for whoever runs the application and has no account here: a link that ends after a day.

One link an application; a new one ends the one before. Kept as a hash, so that what is stored opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clients.client import Client
from idp.admin.actor import Actor, of_name
from idp.admin.permissions import Permission
from idp.ids import digest, new_secret
from idp.protocols import Services

LIVES: Final = 86_400.0  # seconds
PER_MINUTE: Final = 60  # looks from one address


@dataclass(frozen=True, slots=True)
class Link:
    """A link that stands. `until`: epoch seconds."""

    until: float


def share(services: Services, actor: Actor, client: Client) -> str:
    """A new link's secret, which is told this once. Errors: `NotAllowed`."""
    actor.check_app(Permission.APPS_CHANGE, client.id)
    _forget(services, client.id)
    secret, until = new_secret(), services.clock() + LIVES
    by = {"by": actor.name, "token_id": actor.token_id}
    services.state.put(_of_secret(secret), {"client_id": client.id, "until": until, **by}, LIVES)
    services.state.put(_of_client(client.id), {"key": _of_secret(secret), "until": until}, LIVES)
    actor.record(services)(services.db, "client:check_shared", {"client_id": client.id, "until": until})
    return secret


def withdraw(services: Services, actor: Actor, client: Client) -> bool:
    """End the link now; whether there was one. Errors: `NotAllowed`."""
    actor.check_app(Permission.APPS_CHANGE, client.id)
    found = _forget(services, client.id)
    if found:
        actor.record(services)(services.db, "client:check_unshared", {"client_id": client.id})
    return found


def find(services: Services, client_id: str) -> Link | None:
    """The application's link, as far as anybody can know it afterwards."""
    found = services.state.get(_of_client(client_id))
    return Link(found["until"]) if found else None


def opened(services: Services, secret: str) -> Client | None:
    """The application whose findings somebody may see who has the link; None: it ended, or there is none.

    It is worth what its maker may at this moment: who may not change the application any more shows it to nobody.
    """
    found = services.state.get(_of_secret(secret[:100]))
    if not found or found["until"] <= services.clock():
        return None
    maker = of_name(services, found.get("by", ""), found.get("token_id", ""))
    if maker is None or not maker.may_app(Permission.APPS_CHANGE, found["client_id"]):
        return None
    return services.registry.find(found["client_id"])


def is_too_often(services: Services, address: str) -> bool:
    """Whether this address has looked more often in the last minute than a person does."""
    return services.state.count(f"check-looks:{digest(address)}", 60.0) > PER_MINUTE


def _forget(services: Services, client_id: str) -> bool:
    found = services.state.take(_of_client(client_id))
    return bool(found) and services.state.take(found["key"]) is not None


def _of_secret(secret: str) -> str:
    return f"check-link:{digest(secret)}"


def _of_client(client_id: str) -> str:
    return f"check-link-of:{client_id}"
