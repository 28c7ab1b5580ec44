"""Personal tokens, as their person and the admins of people see them (C4)."""

from __future__ import annotations

from collections.abc import Sequence

from idp.accounts import tokens
from idp.accounts.person import NoSuchPerson, Person
from idp.accounts.tokens import InvalidToken, Made, PersonalToken
from idp.admin.actor import Actor, NotAllowed
from idp.admin.permissions import Permission
from idp.protocols import Services


class NoSuchToken(LookupError):
    """The person has no such token, or it has ended already."""


def list_of(services: Services, actor: Actor, person: Person) -> tuple[PersonalToken, ...]:
    """A person's tokens, the newest first: their own, or those of people whom the actor looks after."""
    _check(services, actor, person, Permission.PEOPLE_READ)
    return tokens.list_of(services.db, person.id, services.clock())


def create(
    services: Services, actor: Actor, person: Person, name: str, *, days: int, roles: Sequence[str] | None = None
) -> Made:
    """Make a token for oneself, or at the shell for somebody. Errors: `NotAllowed`, `InvalidToken`, `NoSuchPerson`."""
    if actor.token_id or (actor.kind != "shell" and actor.id != person.id):
        raise NotAllowed(Permission.ROLES_GRANT, "a token is made by its own person, signed in at the console")
    if not person.roles:
        raise InvalidToken("roles", f"{person.username} has no role, so there is nothing that a token could do")
    if missing := [role for role in roles or () if role not in person.roles]:
        raise InvalidToken("roles", f"{person.username} is no {missing[0][:40]}; they have: {', '.join(person.roles)}")
    return tokens.create(
        services.db, person.id, name, days=days, roles=roles, now=services.clock(), record=actor.record(services)
    )


def withdraw(services: Services, actor: Actor, person: Person, token_id: str) -> None:
    """End one now. Errors: `NotAllowed`, `NoSuchToken`."""
    _check(services, actor, person, Permission.PEOPLE_TURN_OFF)
    if not tokens.withdraw(services.db, person.id, token_id, record=actor.record(services)):
        raise NoSuchToken(token_id)


def _check(services: Services, actor: Actor, person: Person, permission: Permission) -> None:
    if actor.kind == "person" and actor.id == person.id:
        return
    actor.check_person(services, permission, person)


__all__ = ["InvalidToken", "Made", "NoSuchPerson", "NoSuchToken", "PersonalToken", "create", "list_of", "withdraw"]
