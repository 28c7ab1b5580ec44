"""Programs that administer: an application that acts for itself is given a role, as a person is (C2, C4)."""

from __future__ import annotations

from collections.abc import Sequence

from clients.client import Client
from clients.errors import InvalidMetadata, Problem
from idp.accounts import roles
from idp.accounts.roles import RoleGrant
from idp.admin.actor import Actor, NotAllowed
from idp.admin.permissions import Permission
from idp.protocols import Services


def grants_of(services: Services, client_id: str) -> tuple[RoleGrant, ...]:
    """What a program may at this moment."""
    return roles.grants_of_program(services.db, client_id, services.clock())


def change_roles(
    services: Services, actor: Actor, client: Client, *, give: Sequence[RoleGrant] = (), take: Sequence[str] = ()
) -> tuple[RoleGrant, ...]:
    """Give roles, or change their limits, and take others back; answers what the program has now.

    With its first role it may ask for the scope `doorward:admin`, without any not any more. Errors: `NotAllowed`;
    `InvalidPerson` for a role that cannot be given so; `InvalidMetadata` for an application that is no program.
    """
    actor.check(Permission.ROLES_GRANT)
    if actor.kind == "client" and actor.id == client.id:
        raise NotAllowed(Permission.ROLES_GRANT, "nobody changes their own rights; ask an owner")
    if not actor.outranks(give):
        raise NotAllowed(Permission.ROLES_GRANT, "you cannot give more rights than you have")
    check_rank(services, actor, client.id, Permission.ROLES_GRANT)
    end = actor.until(Permission.ROLES_GRANT)
    if end is not None and any(grant.until is None or grant.until > end for grant in give):
        raise NotAllowed(Permission.ROLES_GRANT, "you cannot give rights for longer than you have yours")
    if give:
        _check_program(client)
    found = roles.change_program(
        services.db, client.id, client.name, give=give, take=take, by=actor.name, now=services.clock(),
        record=actor.record(services),
    )  # fmt: skip
    _scope(services, actor, client, has_role=bool(found))
    return found


def check_rank(services: Services, actor: Actor, client_id: str, permission: Permission) -> None:
    """For what would let somebody act as the program: its secret, its keys. Nobody gets at more rights than their own.

    Errors: `NotAllowed`.
    """
    if not actor.outranks(grants_of(services, client_id)):
        raise NotAllowed(permission, "this program may do more here than you; ask somebody who may do as much")


def sweep(services: Services) -> int:
    """Forget roles that ran out, and those of applications that are gone for good; answers how many programs."""
    gone = [
        one for one in roles.programs(services.db)
        if services.registry.find(one) is None and services.registry.find_removed(one) is None
    ]  # fmt: skip
    for client_id in gone:
        roles.forget_program(services.db, client_id)
    return roles.sweep_programs(services.db, services.clock()) + len(gone)


def _check_program(client: Client) -> None:
    if client.kind != "oidc" or "client_credentials" not in client.oidc.grant_types or client.oidc.is_public:
        message = "a role is for a program that gets tokens for itself: register one with the profile machine"
        raise InvalidMetadata(Problem("grant_types", message))


def _scope(services: Services, actor: Actor, client: Client, *, has_role: bool) -> None:
    from idp.oidc.scopes import ADMIN  # N36: who lists applications has no use for that room

    said = services.registry.registered(client.id).get("scope")
    words = str(client.metadata.get("scope") or "").split() if said is None else str(said).split()
    wanted = [word for word in words if word != ADMIN] + ([ADMIN] if has_role else [])
    if wanted != words:
        services.registry.update(client.id, {"scope": " ".join(wanted)}, record=actor.record(services))
