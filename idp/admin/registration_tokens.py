"""Initial access tokens: who may register applications by themselves, and which came so (RFC 7591 §3)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from clients.errors import InvalidMetadata, Problem
from clients.self_registered import kept, tokens
from clients.self_registered.kept import SelfRegistered
from clients.self_registered.policy import Policy
from clients.self_registered.tokens import InitialToken
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.protocols import Services


class NoSuchToken(LookupError):
    """There is no such token, or it was withdrawn."""


@dataclass(frozen=True, slots=True)
class Made:
    """A new token. `value` is shown this once."""

    token: InitialToken
    value: str = field(repr=False)


def list_of(services: Services, actor: Actor) -> tuple[InitialToken, ...]:
    """All of them, the newest first; ended ones for a month. Errors: `NotAllowed`."""
    actor.check(Permission.APPS_CREATE)
    return tokens.list_of(services.db)


def registered(services: Services, actor: Actor) -> tuple[SelfRegistered, ...]:
    """The applications that registered themselves, the newest first. Errors: `NotAllowed`."""
    actor.check(Permission.APPS_CREATE)
    return kept.list_of(services.db)


def find_registered(services: Services, actor: Actor, client_id: str) -> SelfRegistered | None:
    """How an application came, if by itself. Errors: `NotAllowed`."""
    actor.check_app(Permission.APPS_READ, client_id)
    return kept.find(services.db, client_id)


def create(services: Services, actor: Actor, name: str, policy: Policy, *, most: int, days: int) -> Made:
    """Make one. `policy.owner`: a login or an id. Errors: `NotAllowed`, `InvalidMetadata` with all that is wrong."""
    actor.check(Permission.APPS_CREATE)
    if policy.owner:
        owner = services.directory.find(policy.owner) or services.directory.find_by_login(policy.owner)
        if owner is None or not owner.enabled:
            raise InvalidMetadata(Problem("owner", f"{policy.owner[:80]}: there is no such person who may sign in"))
        policy = replace(policy, owner=owner.id)
    token, value = tokens.make(
        services.db, name, policy, most=most, days=days, made_by=actor.name, now=services.clock(),
        record=actor.record(services),
    )  # fmt: skip
    return Made(token, value)


def withdraw(services: Services, actor: Actor, token_id: str) -> None:
    """It registers nothing any more; what came by it stays. Errors: `NotAllowed`, `NoSuchToken`."""
    actor.check(Permission.APPS_CREATE)
    if not tokens.withdraw(services.db, token_id, record=actor.record(services)):
        raise NoSuchToken(token_id)
