"""Who is signed for with an older key for now, and who has the new one because somebody says so (K2)."""

from __future__ import annotations

from typing import Any

from clients.client import Client
from idp import readers
from idp.admin import key_readers
from idp.admin.actor import Actor
from idp.admin.key_readers import Key
from idp.admin.permissions import Permission
from idp.protocols import Services
from keys.certificates.ring import SLOT
from keys.rotation import NoSuchKey


class NotSignedFor(Exception):
    """This application is not signed for with a key of that kind."""


def pin(services: Services, actor: Actor, client_id: str, kid: str) -> None:
    """Sign for an application with this key, active or retiring, until it is unpinned or the key ends.

    Errors: `NotAllowed`, `UnknownClient`, `NoSuchKey`, `NotSignedFor`, `Contended`.
    """
    actor.check(Permission.KEYS_CHANGE)
    client, key = _of(services, client_id, kid)
    if key.state not in ("active", "retiring"):
        raise NoSuchKey(f"{kid} has not signed yet: pin an application to the key that signs now")
    also = _event(services, actor, "key:pin", client, key)
    holder = key_readers.holder_of(client, key.slot)
    if key.slot.startswith(SLOT):
        services.certificates.pin(holder, kid, also=also)
    else:
        services.ring.pin(holder, kid, also=also)


def unpin(services: Services, actor: Actor, client_id: str, kid: str) -> None:
    """Sign for it with the active key again. Errors: as `pin`."""
    actor.check(Permission.KEYS_CHANGE)
    client, key = _of(services, client_id, kid)
    also = _event(services, actor, "key:unpin", client, key)
    holder = key_readers.holder_of(client, key.slot)
    if key.slot.startswith(SLOT):
        services.certificates.unpin(holder, key.slot.removeprefix(SLOT), also=also)
    else:
        services.ring.unpin(holder, key.slot, also=also)


def tell(services: Services, actor: Actor, client_id: str, kid: str) -> None:
    """Somebody gave the application this key by hand, and says so. Errors: as `pin`."""
    actor.check(Permission.KEYS_CHANGE)
    client, key = _of(services, client_id, kid)
    with services.db.transaction() as tx:
        readers.tell(tx, client.id, kid, services.clock())
        _event(services, actor, "key:told", client, key)(tx)


def untell(services: Services, actor: Actor, client_id: str, kid: str) -> None:
    """It was not so. Errors: as `pin`."""
    actor.check(Permission.KEYS_CHANGE)
    client, key = _of(services, client_id, kid)
    with services.db.transaction() as tx:
        readers.untell(tx, client.id, kid)
        _event(services, actor, "key:untold", client, key)(tx)


def _of(services: Services, client_id: str, kid: str) -> tuple[Client, Key]:
    client = services.registry.get(client_id)
    key = next((one for one in key_readers.keys_of(services) if one.kid == kid), None)
    if key is None:
        raise NoSuchKey(f"{kid}: no published key of that id")
    if key.slot not in key_readers.slots_of(services, client):
        raise NotSignedFor(f"{client.name} is not signed for with {key.slot.removeprefix(SLOT)} keys")
    return client, key


def _event(services: Services, actor: Actor, action: str, client: Client, key: Key) -> Any:
    write, detail = actor.record(services), {"client_id": client.id, "name": client.name, "kid": key.kid}
    return lambda tx: write(tx, action, detail)
