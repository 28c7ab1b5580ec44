"""Give and take roles (C2): nobody raises their own rights, or acts on somebody who may do more."""

from __future__ import annotations

from collections.abc import Sequence

from idp.accounts import roles
from idp.accounts.person import Person
from idp.accounts.roles import RoleGrant
from idp.admin.actor import Actor, NotAllowed
from idp.admin.approving.asking import ask
from idp.admin.approving.verbs import grants_said
from idp.admin.permissions import Permission
from idp.protocols import Services


def change_roles(
    services: Services, actor: Actor, person: Person, *, give: Sequence[RoleGrant] = (), take: Sequence[str] = ()
) -> Person:
    """Give roles, or change their limits, and take others back, all in one.

    Errors: `NotAllowed`; `InvalidPerson`, also for the last owner; `NoSuchPerson`.
    """
    actor.check_person(services, Permission.ROLES_GRANT, person)
    if actor.is_self(person):
        raise NotAllowed(Permission.ROLES_GRANT, "nobody changes their own rights; ask another owner")
    check_given(actor, give)
    if any(grant.role == "owner" for grant in give):
        args = {"person": person.id, "give": grants_said(give), "take": list(take)}
        ask(services, actor, "role:grant:owner", "people.roles", args)
    return roles.change(
        services.db, person.id, give=give, take=take, by=actor.name, now=services.clock(), record=actor.record(services)
    )


def check_given(actor: Actor, give: Sequence[RoleGrant]) -> None:
    """Whether the actor may give these to anybody at all. Errors: `NotAllowed`."""
    actor.check(Permission.ROLES_GRANT)
    if not actor.outranks(give):
        raise NotAllowed(Permission.ROLES_GRANT, "you cannot give more rights than you have")
    end = actor.until(Permission.ROLES_GRANT)
    if end is not None and any(grant.until is None or grant.until > end for grant in give):
        raise NotAllowed(Permission.ROLES_GRANT, "you cannot give rights for longer than you have yours")
