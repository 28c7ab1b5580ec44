"""Who decides which applications are told an attribute that is defined (U1): whoever may change attributes.

A definition says to whom it is released. Whoever looks after applications sets up what is told by it, and adds no
further one: neither by a scope of the organisation's own, nor by a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from clients.attributes.definition import APPS, SCOPE
from clients.client import Client
from clients.errors import InvalidMetadata, Problem
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.protocols import Services

#: What an application is told depends on these of its values.
TELLING: Final = frozenset(("attributes", "claim_rules", "claims_map", "scope"))


def check(
    services: Services, actor: Actor, client_id: str, changes: Mapping[str, Any], *, profile: str | None = None
) -> None:
    """Whether an actor may make of an application's values what these changes make of them.

    Errors: `InvalidMetadata` where it would be told a defined attribute that it is not told today, and the actor does
    not decide that; and what is wrong with the changes by themselves.
    """
    if actor.may(Permission.ATTRIBUTES_CHANGE) or not (TELLING & changes.keys() or profile is not None):
        return
    before, after = services.registry.preview(client_id, changes, profile=profile)
    known = dict(_told(services, before))
    problems = [Problem(key, _sentence(name)) for name, key in _told(services, after) if name not in known]
    if problems:
        raise InvalidMetadata(*problems)


def names(client: Client, name: str) -> bool:
    """Whether an application's own table names an attribute."""
    return any(source == name for source, _ in _tables(client))


def _told(services: Services, client: Client) -> Iterator[tuple[str, str]]:
    """Each defined attribute that an application may be told, and by which of its values.

    One that names its applications is told to them whatever their values say: whoever defined it has decided. So have
    they of what is released by a scope of the standards, which about every application has.
    """
    services.registry.keep_fresh()
    tables = dict(_tables(client))
    own = _own_scopes(client)
    for name, one in services.registry.attributes().items():
        if one.release == APPS or not one.may_have(client.id):
            continue
        if one.release == SCOPE and one.scope in own:
            yield name, "scope"
        elif name in tables:
            yield name, tables[name]


def _own_scopes(client: Client) -> frozenset[str]:
    if client.saml is not None:
        return frozenset()
    from idp.oidc.scopes import SUPPORTED

    return frozenset(client.oidc.scopes) - frozenset(SUPPORTED)


def _tables(client: Client) -> Iterator[tuple[str, str]]:
    """The attributes of people that its own table names, and where it does."""
    rules = client.oidc.claim_rules if client.saml is None else client.saml.claim_rules
    yield from ((source.partition("#")[0], "claim_rules") for source in rules.reads)
    if client.saml is None:
        yield from ((source.partition("#")[0], "claims_map") for source in client.oidc.claims_map.values())
        return
    from idp.saml.assertions import attributes

    for one in attributes.to_release(client.saml):
        source = one.source.partition("#")[0]
        yield source, "attributes"
        yield source.removeprefix("scoped_"), "attributes"


def _sentence(name: str) -> str:
    return (
        f"it would be told {name}, an attribute that your organisation has defined: ask an admin to add it here, "
        "or to name this application in the definition"
    )
