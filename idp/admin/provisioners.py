"""Provisioning clients: a directory elsewhere that writes people and groups here by SCIM, and its token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from idp.accounts.person import fold
from idp.accounts.provisioning import clients
from idp.accounts.provisioning.clients import Made, Provisioner, Wanted
from idp.admin import managed
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.protocols import Services
from idp.wire import Request

P = Permission
KIND: Final = "scim_client"  # as files call it
_USERS: Final = {
    "no": frozenset[Permission](),
    "read": frozenset((P.PEOPLE_READ,)),
    "write": frozenset((P.PEOPLE_READ, P.PEOPLE_CREATE, P.PEOPLE_CHANGE, P.PEOPLE_TURN_OFF, P.PEOPLE_REMOVE)),
}
_GROUPS: Final = {
    "no": frozenset[Permission](),
    "read": frozenset((P.GROUPS_READ,)),
    "write": frozenset((P.GROUPS_READ, P.GROUPS_CHANGE)),
}


class UnknownProvisioner(LookupError):
    """There is no client of this name or id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisioningActor(Actor):
    """A client that acts: it has what it was made for and nothing else, and ranks below whoever has any role (C2)."""

    rights: frozenset[Permission] = frozenset()

    def scope(self, permission: Permission) -> frozenset[str] | None:
        """All of it, or nothing."""
        return None if permission in self.rights else frozenset()


def acting(request: Request, client: Provisioner) -> ProvisioningActor:
    """The client as an actor. The record names it `scim:` and its id."""
    return ProvisioningActor(
        kind="client", id=client.id, name=client.source, grants=(), address=request.remote_address,
        request_id=request.id, rights=_USERS[client.users] | _GROUPS[client.groups],
    )  # fmt: skip


def make(services: Services, actor: Actor, wanted: Wanted) -> Made:
    """Make one; its token is shown this once. Errors: `NotAllowed`; `InvalidProvisioner`."""
    _check(actor)
    return clients.make(services.db, wanted, actor.name, services.clock(), record=actor.record(services))


def list_of(services: Services, actor: Actor) -> tuple[Provisioner, ...]:
    """All of them, by name. Errors: `NotAllowed`."""
    _check(actor)
    return clients.list_of(services.db)


def find(services: Services, actor: Actor, client_id: str) -> Provisioner:
    """The client with this id. Errors: `NotAllowed`; `UnknownProvisioner`."""
    _check(actor)
    found = clients.get(services.db, client_id)
    if found is None:
        raise UnknownProvisioner(client_id)
    return found


def change(
    services: Services, actor: Actor, client: Provisioner, how: Callable[[Provisioner], Wanted], *, seen: str = ""
) -> Provisioner:  # fmt: skip
    """Another scope. `how`: of what stands while nobody else changes it; `seen`: its edition.

    Errors: `NotAllowed`; `ManagedByFile`; `InvalidProvisioner`; `UnknownProvisioner`; `ChangedMeanwhile`.
    """
    _check(actor)
    managed.guard(services, KIND, client.id)
    changed = clients.change(services.db, client.id, how, record=actor.record(services), seen=seen)
    if changed is None:
        raise UnknownProvisioner(client.id)
    return changed


def turn(services: Services, actor: Actor, client: Provisioner, *, on: bool) -> Provisioner:
    """Off, and its token opens nothing; on again. Errors: `NotAllowed`; `ManagedByFile`; `UnknownProvisioner`."""
    _check(actor)
    managed.guard(services, KIND, client.id)
    turned = clients.turn(services.db, client, on=on, record=actor.record(services))
    if turned is None:
        raise UnknownProvisioner(client.id)
    return turned


def renew(services: Services, actor: Actor, client: Provisioner, *, at_once: bool) -> Made:
    """Another token; the one in use works for a week, or not any more.

    Errors: `NotAllowed`; `UnknownProvisioner`; `StillInUse`.
    """
    _check(actor)
    made = clients.renew(services.db, client, services.clock(), at_once=at_once, record=actor.record(services))
    if made is None:
        raise UnknownProvisioner(client.id)
    return made


def remove(services: Services, actor: Actor, client: Provisioner, *, seen: str = "") -> None:
    """End it; people, groups and memberships stay, and are ours. `seen`: its edition.

    Errors: `NotAllowed`; `ManagedByFile`; `UnknownProvisioner`; `ChangedMeanwhile`.
    """
    _check(actor)
    managed.guard(services, KIND, client.id)
    if not clients.remove(services.db, client, record=actor.record(services), seen=seen):
        raise UnknownProvisioner(client.id)


def get(services: Services, named: str) -> Provisioner:
    """The client of this id or name. Errors: `UnknownProvisioner`."""
    for one in clients.list_of(services.db):
        if named == one.id or fold(named) == fold(one.name):
            return one
    raise UnknownProvisioner(named)


def _check(actor: Actor) -> None:
    """Whoever has its token makes and turns off people: that is for those who may give rights. Errors: `NotAllowed`."""
    actor.check(Permission.ROLES_GRANT)
