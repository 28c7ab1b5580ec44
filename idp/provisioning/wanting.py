"""What should be at a target: who may open its application is there, and the groups that matter to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace

from clients.access import decide
from clients.client import Client
from idp.accounts import break_glass, groups
from idp.accounts.groups import Group
from idp.accounts.person import Person, fold
from idp.login.services import Services
from idp.provisioning import mapping
from idp.provisioning.objects import Object
from idp.provisioning.settling import Wanted
from idp.provisioning.target import Target


def of(services: Services, target: Target, client: Client, one: Object) -> Wanted:
    """What should be of one object, as everything is now."""
    if one.kind == "user":
        return of_person(services, target, client, services.directory.find(one.local_id))
    return of_group(services, target, client, one.local_id)


def of_person(services: Services, target: Target, client: Client, person: Person | None) -> Wanted:
    """Of somebody; None: there is nobody any more."""
    if person is None:
        return Wanted("", None, is_gone=True)
    told = services.registry.release_to(client.id).without_hidden(person.claims)
    person = replace(person, claims=told)  # from here on: the name is told, too
    name = _name(target, person)
    if not is_let_in(services, client, person):
        return Wanted(name, None)
    if not name:
        # Never an ending: a mistyped mapping, or a directory that says less today, would turn off everybody there.
        source = str(target.said.mapping.get("userName", ""))[:100]
        return Wanted("", None, problem=f"they have no userName here, which comes from “{source}”; nothing is sent")
    entitled = [one for one in person.groups if is_sent(target, client, one)]
    return Wanted(name, mapping.of_person(target.said, person, entitled))


def of_group(services: Services, target: Target, client: Client, group_id: str) -> Wanted:
    """Of a group; its members are another matter."""
    group = groups.find_by_id(services.db, group_id)
    if group is None:
        return Wanted("", None, is_gone=True)
    wanted = target.said.groups == "groups" and is_sent(target, client, group.name)
    return Wanted(group.name, mapping.of_group(group) if wanted else None)


def is_let_in(services: Services, client: Client, person: Person) -> bool:
    """Whether somebody has an account that works and may open the application; the account for bad days has not."""
    if not person.enabled or not decide(client, person.id, person.groups, services.clock()).allowed:
        return False
    return not break_glass.is_one(services.db, person)


def is_sent(target: Target, client: Client, group: str) -> bool:
    """Whether a group is told there: those that were named for it, else those of the limit, else all."""
    named = target.said.only or tuple(client.access.groups)
    if not named:
        return client.access.everyone
    return fold(group) in map(fold, named)


def groups_of(services: Services, target: Target, client: Client) -> Iterable[Group]:
    """Every group that is told there."""
    if target.said.groups == "groups":
        yield from (one for one in groups.list_of(services.db) if is_sent(target, client, one.name))


def seen(services: Services, target: Target, client: Client) -> str:
    """What stands for what bears on everybody at a moment: another one, and everybody is looked at.

    It is the limit of the application, and which attributes of its mapping it may not be told.
    """
    holds = [term.holds(services.clock()) for _, term in client.access.terms]
    said = [client.access.to_json(), holds]
    hidden = services.registry.release_to(client.id).hidden & mapping.claims_of(target.said)
    if hidden:
        said.append(sorted(hidden))
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]


def _name(target: Target, person: Person) -> str:
    return str(mapping.of_person(target.said, person).get("userName", ""))
