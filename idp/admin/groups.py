"""Groups as admins name them: found in any spelling, made, changed, removed, with what each of it means for others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clients.access import ALWAYS, Term, group_key
from clients.claim_rules import compiled
from clients.claim_rules import renamed as renamed_rows
from clients.errors import ChangedMeanwhile, InvalidMetadata
from clients.registry import Registry
from clients.snapshots import Limited
from idp.accounts import groups, memberships
from idp.accounts.grouping import effective, nesting, owners
from idp.accounts.groups import Group
from idp.accounts.person import InvalidPerson, Person, Problems, fold, group_name
from idp.accounts.sign_in_rules import Rule, keeping
from idp.admin import access, claim_rules, managed
from idp.admin.access import limited_to
from idp.admin.permissions import Permission
from idp.audit import Recorder
from idp.db import Transaction, joined
from idp.protocols import Services
from idp.provisioning import keeping as targets

if TYPE_CHECKING:
    from idp.admin.actor import Actor


class UnknownGroup(LookupError):
    """There is no group of this name; `similar` are those whose names look like it."""

    def __init__(self, name: str, similar: tuple[str, ...]) -> None:
        super().__init__(name)
        self.name, self.similar = name, similar


@dataclass(frozen=True, slots=True)
class Meant:
    """Groups that somebody typed: `names` as they are written here, `new` those that there are not yet."""

    names: tuple[str, ...]
    new: tuple[UnknownGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class Removed:
    """What the end of a group left: how many people left it, and the applications whose limits still name it."""

    group: Group
    members: int
    applications: tuple[str, ...]


def get(services: Services, name: str) -> Group:
    """The group that somebody means. Errors: `UnknownGroup`."""
    found = groups.find(services.db, name)
    if found is None:
        raise UnknownGroup(name, groups.similar(services.db, name))
    return found


def meant(services: Services, names: Iterable[str], *, may_be_new: bool = False) -> Meant:
    """Groups as somebody typed them. One that there is not yet is made, or waited for, by whoever asks.

    `may_be_new`: also where a name looks like that of another group. Errors: `InvalidPerson`, with every problem.
    """
    names, problems = tuple(names), Problems()
    for name in names:
        problems.of(group_name, name)
    problems.check()
    unknown = groups.check_known(services.db, names) if names and not may_be_new else ()
    known = ((name, groups.find(services.db, name)) for name in names)
    return Meant(
        tuple(found.name if found else group_name(name) for name, found in known),
        tuple(UnknownGroup(name, groups.similar(services.db, name)) for name in unknown),
    )


def make(services: Services, actor: Actor, name: str) -> tuple[Group, bool]:
    """A group of this name, and whether it is new. Errors: `NotAllowed`, `InvalidPerson`."""
    actor.check(Permission.GROUPS_CHANGE)
    there = groups.find(services.db, name)
    made = there or groups.add(services.db, name, services.clock(), record=actor.record(services))
    return made, there is None


def change_members(
    services: Services, actor: Actor, group: Group, *, joins: Iterable[Person], leaves: Iterable[Person]
) -> None:
    """Put people in and take others out. Errors: `NotAllowed`, also where one of them may do more; `InvalidPerson`."""
    actor.check(Permission.GROUPS_CHANGE)
    joins, leaves, record = tuple(joins), tuple(leaves), actor.record(services)
    for person in (*joins, *leaves):  # before the first of them: nobody with more rights is moved about
        actor.check_person(services, Permission.GROUPS_CHANGE, person)
    for person in joins:
        services.directory.add_to_group(person.id, group.name, record=record)
    for person in leaves:
        services.directory.remove_from_group(person.id, group.name, record=record)


def rename(services: Services, actor: Actor, group: Group, name: str) -> Group:
    """Another name; the limits and sign-in rules that name the group name it anew, and hold meanwhile.

    Errors: `NotAllowed`, `InvalidPerson`, also where somebody else provides it; `ManagedByFile`.
    """
    actor.check(Permission.GROUPS_CHANGE)
    _check_ours(group)
    return _renamed(services, actor, group, name)


def _renamed(services: Services, actor: Actor, group: Group, name: str) -> Group:
    actor.check(Permission.GROUPS_CHANGE)
    record = actor.record(services)
    name, other = group_name(name), groups.find(services.db, name)
    if name == group.name:
        return group
    if other is not None and other.id != group.id:
        raise InvalidPerson("groups", f"there is a group “{other.name}” already; use another name")
    managed.guard(services, "group", group.id)
    apps = tuple(limited_to(services, group.name))
    for client in apps:  # before the first of them is changed
        managed.guard(services, "application", client.id)
    for kept in keeping.naming(services.db, group.name):
        managed.guard(services, "rule", kept.rule.id)
    claim_rules.guard(services, group.name)
    _try_in_rows(services, group.name, name)
    for client in apps:
        _limit(services, client, access.Change(groups=(name,), term=_term(client, group.name)), record)
    keeping.name_group(services.db, group.name, (group.name, name), services.clock(), record=record)

    def recorded(tx: Transaction, action: str, detail: Any) -> None:
        targets.rename_group(tx, group.name, name)  # in one transaction: never a delivery between the two
        _rename_in_rows(services, tx, group.name, name, record)
        record(tx, action, detail)

    renamed = groups.rename(services.db, group, name, services.clock(), record=recorded)
    _less(services, apps, group.name, record)
    keeping.name_group(services.db, group.name, (name,), services.clock(), record=record)
    services.rules.refresh()
    services.registry.refresh()
    return renamed


def _rename_in_rows(services: Services, tx: Transaction, old: str, new: str, record: Recorder) -> None:
    """Rows of claims follow the group in the transaction that renames it: never a sign-in between the two.

    They are read there, since this process may not have heard yet of what another one changed. Errors:
    `InvalidPerson`, with the application that cannot take the name.
    """
    registry = Registry(joined(tx), services.clock, allow_loopback=services.registry.allow_loopback)
    for client_id in tuple(registry.ruled()):
        edition, said = registry.as_registered(client_id)
        if old not in compiled(said.get(claim_rules.KEY) or ()).groups():
            continue
        rows = renamed_rows(said[claim_rules.KEY], old, new)
        try:
            registry.update(client_id, {claim_rules.KEY: rows}, edition=edition, record=record)
        except InvalidMetadata as error:
            told = f"the rows of claims of {said['client_name']} name it, and cannot take the other name: {error}"
            raise InvalidPerson("groups", told) from None
        except ChangedMeanwhile:
            raise InvalidPerson("groups", f"{said['client_name']} was changed at this moment; try again") from None


class _Tried(Exception):
    """Nothing of it is to stay."""


def _try_in_rows(services: Services, old: str, new: str) -> None:
    """Before anything is changed: whether every row can take the name. Errors: `InvalidPerson`."""
    if not claim_rules.naming(services, old):
        return
    with contextlib.suppress(_Tried), services.db.transaction() as tx:
        _rename_in_rows(services, tx, old, new, lambda *_: None)
        raise _Tried


def describe(services: Services, actor: Actor, group: Group, description: str) -> Group:
    """Say what it is for. Errors: `NotAllowed`, `InvalidPerson`, `ManagedByFile`."""
    actor.check(Permission.GROUPS_CHANGE)
    managed.guard(services, "group", group.id)
    return groups.describe(services.db, group, description, services.clock(), record=actor.record(services))


def change_owners(
    services: Services, actor: Actor, group: Group, *, joins: Iterable[Person], leaves: Iterable[Person]
) -> None:
    """Name who answers for it; that gives them no right. Errors: `NotAllowed`."""
    actor.check(Permission.GROUPS_CHANGE)
    owners.change(services.db, group, joins=joins, leaves=leaves, record=actor.record(services))


def put_in(services: Services, actor: Actor, group: Group, into: Group) -> int:
    """Put a group into another one: whoever is in it is in that one, too. Answers how many came into it by that.

    Errors: `NotAllowed`, also where one of them may do more; `InvalidPerson` for a ring; `ManagedByFile`.
    """
    _check_all(services, actor, group, into)
    return nesting.put_in(services.db, group, into, services.clock(), record=actor.record(services))


def take_out(services: Services, actor: Actor, group: Group, out_of: Group) -> int:
    """Take a group out of another one; answers how many people left that one by it. Errors: as `put_in`."""
    _check_all(services, actor, group, out_of)
    return nesting.take_out(services.db, group, out_of, services.clock(), record=actor.record(services))


def _check_all(services: Services, actor: Actor, inner: Group, outer: Group) -> None:
    """Nobody with more rights is moved about, a whole group at a time either (C2)."""
    actor.check(Permission.GROUPS_CHANGE)
    managed.guard(services, "group", outer.id)
    for person in nesting.with_roles(services.db, inner.id):
        actor.check_person(services, Permission.GROUPS_CHANGE, person)


def let_us_add(services: Services, actor: Actor, group: Group, *, also: bool) -> Group:
    """Whether admins put people into a group that somebody else provides, beside those of its source.

    Errors: `NotAllowed`.
    """
    actor.check(Permission.GROUPS_CHANGE)
    return groups.let_us_add(services.db, group, also, services.clock(), record=actor.record(services))


def mend(services: Services, actor: Actor) -> int:
    """Write the groups of people anew whose rows have others than they were put into; answers of how many.

    Errors: `NotAllowed`.
    """
    actor.check(Permission.GROUPS_CHANGE)
    mended = effective.mend(services.db, services.clock())
    if mended:
        actor.record(services)(services.db, "group:mended", {"people": mended})
    return mended


def rename_by(services: Services, actor: Actor, group: Group, name: str, source: str) -> Group:
    """Another name for a group, by whoever provides it. Errors: as `rename`."""
    if group.source != source:
        _check_ours(group)
    return _renamed(services, actor, group, name)


def provide_members(
    services: Services, actor: Actor, group: Group, source: str, *, joins: Sequence[str], leaves: Sequence[str]
) -> None:
    """Put people in and take others out in the name of who provides them, by their ids, all or nobody.

    Errors: `NotAllowed`, also where one of them may do more; `InvalidPerson`, also for an id that is nobody's.
    """
    actor.check(Permission.GROUPS_CHANGE)
    memberships.change_of(
        services.db, group, (joins, leaves), source, services.clock(),
        lambda person: actor.check_person(services, Permission.GROUPS_CHANGE, person), actor.record(services),
    )  # fmt: skip


def rules_of(services: Services, name: str) -> tuple[Rule, ...]:
    """The sign-in rules that name a group, those that are off too."""
    return tuple(kept.rule for kept in keeping.naming(services.db, name))


def _check_ours(group: Group) -> None:
    """Errors: `InvalidPerson`, where its source would make it anew, or not find it again."""
    if group.source:
        raise InvalidPerson("groups", f"“{group.name}” is provided by {group.source}; rename or remove it there")


def _term(client: Limited, name: str) -> Term:
    """For how long the limit lets the group in."""
    return next(
        (client.access.term_of(group_key(one)) for one in client.access.groups if fold(one) == fold(name)), ALWAYS
    )


def _less(services: Services, apps: Iterable[Limited], name: str, record: Recorder) -> None:
    for client in apps:
        named = tuple(one for one in client.access.groups if fold(one) == fold(name))
        _limit(services, client, access.Change(less_groups=named), record)


def _limit(services: Services, client: Limited, change: access.Change, record: Recorder) -> None:
    services.registry.change_access(client.id, change.of, record=record)


def remove(services: Services, actor: Actor, group: Group, *, with_members: bool) -> Removed:
    """Take a group away; the people stay, and so do the limits that name it.

    Errors: `NotAllowed`, also where one of them may do more, `ManagedByFile`, `groups.GroupHasMembers`, `InvalidPerson`
    where somebody else provides it, or rows of claims leave its members out: then they would be told more.
    """
    from idp.admin.rules import protecting  # it reads rules as a sign-in does, which no other verb of groups wants

    actor.check(Permission.GROUPS_CHANGE)
    protecting.check_leaving(services, actor, group.name)
    _check_ours(group)
    managed.guard(services, "group", group.id)
    excluding = [client.name for client in claim_rules.excluding(services, group.name)]
    if excluding:
        told = f"rows of claims leave its members out, and would be told of them without it: {', '.join(excluding[:5])}"
        raise InvalidPerson("groups", f"{told}; change those rows first")
    apps = tuple(client.name for client in limited_to(services, group.name))
    left = groups.remove(services.db, group, services.clock(), with_members=with_members, record=actor.record(services))
    return Removed(group, left, apps)
