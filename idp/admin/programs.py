"""Programs that administer: an application that acts for itself is given a role, as a person is (C2, C4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from clients import certificate_names
from clients.certificate_names import NAMES
from clients.client import Client
from clients.errors import InvalidMetadata, Problem
from clients.registry import Registry, takes_secret
from idp.accounts import roles
from idp.accounts.person import check_roles
from idp.accounts.roles import RoleGrant
from idp.admin.actor import Actor, NotAllowed
from idp.admin.permissions import Permission
from idp.db import joined
from idp.protocols import Services


def grants_of(services: Services, client_id: str) -> tuple[RoleGrant, ...]:
    """What a program may at this moment."""
    return roles.grants_of_program(services.db, client_id, services.clock())


@dataclass(frozen=True, slots=True)
class Given:
    """What a program has now. `secret`: the one that was made for it, shown this once; None: none was."""

    grants: tuple[RoleGrant, ...]
    secret: str | None = field(default=None, repr=False)


def change_roles(
    services: Services, actor: Actor, client: Client, *, give: Sequence[RoleGrant] = (), take: Sequence[str] = (),
    keys: Mapping[str, Any] | None = None,
) -> Given:  # fmt: skip
    """Give roles, or change their limits, and take others back, all in one transaction.

    With its first role it may ask for the scope `doorward:admin`, without any not any more. Whoever has looked after
    the application until now may know its secret or hold its keys: what gives it more than it has makes a new secret,
    and the old ones end at once; `keys`: of one that proves itself by keys, its `jwks` or `jwks_uri`, said anew; of
    one that proves itself by a certificate of an authority (tls_client_auth), another name for it.

    Errors: `NotAllowed`; `InvalidPerson` for a role that cannot be given so; `InvalidMetadata` for an application that
    is no program, or whose keys were not said.
    """
    actor.check(Permission.ROLES_GRANT)
    if actor.kind == "client" and actor.id == client.id:
        raise NotAllowed(Permission.ROLES_GRANT, "nobody changes their own rights; ask an owner")
    check_roles((*(grant.role for grant in give), *take))
    if not actor.outranks(give):
        raise NotAllowed(Permission.ROLES_GRANT, "you cannot give more rights than you have")
    end = actor.until(Permission.ROLES_GRANT)
    if end is not None and any(grant.until is None or grant.until > end for grant in give):
        raise NotAllowed(Permission.ROLES_GRANT, "you cannot give rights for longer than you have yours")
    if any(grant.role == "owner" for grant in give):
        from idp.admin.approving.asking import refuse_by_the_way

        refuse_by_the_way(services, actor, "role:grant:owner", "making a program an owner, which shows its secret")
    with services.db.transaction() as tx:
        db = joined(tx)
        registry = Registry(db, services.clock, allow_loopback=services.registry.allow_loopback)
        within = replace(services, db=db, registry=registry)
        registry.hold()  # every change of an application waits until this one is done
        check_rank(within, actor, client.id, Permission.ROLES_GRANT)
        given = _change(within, actor, registry.get(client.id), give, take, keys)
    services.registry.refresh()
    return given


def _change(
    services: Services, actor: Actor, client: Client, give: Sequence[RoleGrant], take: Sequence[str],
    keys: Mapping[str, Any] | None,
) -> Given:  # fmt: skip
    """In an open transaction."""
    from idp.oidc.scopes import ADMIN  # N36: who lists applications has no use for that room

    if give:
        _check_program(client)
    held = Actor(kind="client", id=client.id, name="", grants=grants_of(services, client.id))
    found = roles.change_program(
        services.db, client.id, client.name, give=give, take=take, by=actor.name, now=services.clock(),
        record=actor.record(services),
    )  # fmt: skip
    said = services.registry.registered(client.id).get("scope")
    words = str(client.metadata.get("scope") or "").split() if said is None else str(said).split()
    wanted = [word for word in words if word != ADMIN] + ([ADMIN] if found else [])
    changes: dict[str, Any] = {} if wanted == words else {"scope": " ".join(wanted)}
    record = actor.record(services)
    if keys is not None or not held.outranks(give):
        changes |= _own_keys(client, keys)
        # What it could ask for before, somebody may have a token for.
        secret = services.registry.renew(client.id, changes, ends_tokens=ADMIN in words, record=record)[1]
        return Given(found, secret)
    if changes:
        services.registry.update(client.id, changes, record=record)
    return Given(found)


def _own_keys(client: Client, keys: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a program proves itself by from now on. Errors: `InvalidMetadata`."""
    if takes_secret(client):
        if keys:
            raise InvalidMetadata(
                Problem("jwks", "it proves itself by a secret, which is made anew; leave the keys out")
            )
        return {}
    if "tls_client_auth" in client.oidc.auth_methods:
        return _own_name(client, keys or {})
    if not keys or not keys.keys() <= {"jwks", "jwks_uri"}:
        message = "it proves itself by keys, and whoever holds them would have the role: say which keys are its own"
        raise InvalidMetadata(Problem("jwks", message))
    return {"jwks": None, "jwks_uri": None, **keys}


def _own_name(client: Client, said: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 8705 §2.1.2: any certificate with the name is taken, so the one from before ends with its name alone."""
    field = next(iter(said), "tls_client_auth_subject_dn")
    if len(said) != 1 or field not in NAMES:
        message = "it proves itself by a certificate, and whoever holds it would have the role: say by which name"
        raise InvalidMetadata(Problem("tls_client_auth_subject_dn", f"{message} it is known from now on"))
    before, wanted = client.metadata.get(field), str(said[field])
    try:
        is_same = before is not None and certificate_names.is_same(field, before, wanted)
    except ValueError as error:
        raise InvalidMetadata(Problem(field, str(error))) from None
    if is_same:
        message = "that is the name of the certificate that it has already, and whoever holds that would have the role"
        raise InvalidMetadata(Problem(field, f"{message}: give it a certificate with another name"))
    return {**dict.fromkeys(NAMES), field: wanted}


#: Of a program with a role, what does not touch who acts as it, or what it can be made to do.
_HARMLESS: Final = frozenset((
    "client_name", "name", "description", "logo_uri", "client_uri", "policy_uri", "tos_uri", "contacts", "launch_url",
    "software_id", "software_version", "access",
))  # fmt: skip


def check_rank(
    services: Services, actor: Actor, client_id: str, permission: Permission, keys: Iterable[str] | None = None
) -> None:
    """For what would let somebody act as a program with a role: its secret, its keys, on again, back again.

    That is for those who may give roles, and as much as it has: nobody gets at more rights than their own (C2).
    `keys`: of its metadata, where only these are to be changed. Errors: `NotAllowed`.
    """
    if keys is not None and {key.partition("#")[0] for key in keys} <= _HARMLESS:
        return
    held = grants_of(services, client_id)
    if not actor.outranks(held):
        raise NotAllowed(permission, "this program may do more here than you; ask somebody who may do as much")
    if held and not actor.may(Permission.ROLES_GRANT):
        raise NotAllowed(permission, "this program has a role here: only who may give roles changes this; ask an owner")


def sweep(services: Services) -> int:
    """Forget roles that ran out, and those of applications that are gone for good; answers how many programs."""
    gone = [
        one for one in roles.programs(services.db)
        if services.registry.find(one) is None and services.registry.find_removed(one) is None
    ]  # fmt: skip
    for client_id in gone:
        roles.forget_program(services.db, client_id)
    return roles.sweep_programs(services.db, services.clock()) + len(gone)


def is_program(client: Client) -> bool:
    """Whether it gets tokens for itself, and so can have a role."""
    return client.kind == "oidc" and "client_credentials" in client.oidc.grant_types and not client.oidc.is_public


def _check_program(client: Client) -> None:
    if not is_program(client):
        message = "a role is for a program that gets tokens for itself: register one with the profile machine"
        raise InvalidMetadata(Problem("grant_types", message))
