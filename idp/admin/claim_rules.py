"""What only a look at people, groups and scopes can tell of an application's rows of claims."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from clients.claim_rules import CLAIM_RULES, Rules, compiled
from clients.client import Client
from clients.errors import Problem
from clients.metadata import Wrong
from clients.relying_party import STANDARD_SCOPE
from idp.accounts import groups
from idp.admin import managed
from idp.attributes import ATTRIBUTES
from idp.protocols import Services

KEY: Final = "claim_rules"
_USUAL: Final = frozenset((
    *(one.name for one in ATTRIBUTES), "title", "affiliation", "entitlement", "assurance", "orcid",
))  # fmt: skip


def checked(services: Services, metadata: Mapping[str, Any], kind: str, scope: str | None) -> dict[str, Any]:
    """The metadata; where its rows read what nobody has, or the application may not be told, `Wrong` in their place.

    `scope`: what it may ask for beside what the metadata says; None: the default.
    """
    rules = _read(metadata.get(KEY))
    if not rules:
        return dict(metadata)
    wanted = metadata.get("scope") or scope or STANDARD_SCOPE
    scopes = frozenset(wanted.split()) if isinstance(wanted, str) else frozenset[str]()
    wrong = tuple(Problem(KEY, message) for message in (*_unknown(services, rules), *_misspelt(services, rules)))
    wrong += tuple(Problem(KEY, message) for message in _beyond(rules, scopes)) if kind == "oidc" else ()
    return {**metadata, KEY: Wrong(wrong)} if wrong else dict(metadata)


def _read(said: Any) -> Rules:
    """The rows, if they can be read at all; registration says what is wrong with the others."""
    try:
        return compiled(CLAIM_RULES.check(said, False)) if said else Rules()
    except ValueError:
        return Rules()


def _unknown(services: Services, rules: Rules) -> Iterator[str]:
    """A typo would make nothing, in silence, for ever."""
    if rules.reads <= _USUAL:
        return
    known = _USUAL | services.directory.claim_names() | services.registry.attributes().keys()
    for name in sorted(rules.reads - known):
        near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
        hint = f" (did you mean {near[0]}?)" if near else ""
        yield (
            f"{name[:60]}: nobody has an attribute of this name{hint}; a text is written in quotes, and one of your "
            "own exists as soon as it is defined (doorward attribute add), or somebody has it"
        )


def _misspelt(services: Services, rules: Rules) -> Iterator[str]:
    for name in sorted(rules.groups()):
        there = groups.find(services.db, name)
        if there is not None and there.name != name:
            yield f"{name[:60]}: the group is written {there.name}"


def _beyond(rules: Rules, scopes: Collection[str]) -> Iterator[str]:
    for one in ATTRIBUTES:
        if one.name in rules.reads and one.scope and one.scope not in scopes:
            yield (
                f"{one.name}: the application may not have the scope {one.scope}, so no row tells it: add it to what "
                f"it may ask for (scope+={one.scope}), or decide by groups, which tells it no more than the claim"
            )


def unknown_groups(services: Services, rules: Rules) -> tuple[str, ...]:
    """Groups that are named, and are none: nobody is in them."""
    return tuple(name for name in sorted(rules.groups()) if groups.find(services.db, name) is None)


def of_client(client: Client) -> Rules:
    """The rows of an application, whichever protocol it speaks."""
    return client.oidc.claim_rules if client.saml is None else client.saml.claim_rules


def naming(services: Services, group: str) -> tuple[Client, ...]:
    """The applications whose rows name a group."""
    found = filter(None, map(services.registry.find, services.registry.ruled()))
    return tuple(client for client in found if group in of_client(client).groups())


def excluding(services: Services, group: str) -> tuple[Client, ...]:
    """Those whose rows leave the members of a group out."""
    return tuple(
        client for client in naming(services, group) if any(group in row.not_groups for row in of_client(client).rows)
    )


def guard(services: Services, group: str) -> None:
    """Errors: `ManagedByFile`, where a file says the rows of an application that name this group."""
    for client in naming(services, group):
        managed.guard(services, "application", client.id)
