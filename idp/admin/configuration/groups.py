"""Groups: names, what they are for, and the groups in them. Who is in one is no part of a file: people come and go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from idp.accounts import groups
from idp.accounts.grouping import nesting
from idp.accounts.groups import Group
from idp.accounts.person import InvalidPerson, fold, group_name
from idp.admin.access import limited_to
from idp.admin.configuration.changes import Change, Done, Field, Planning, Step
from idp.admin.configuration.document import BadConfiguration, Entry, check_keys, text_of
from idp.admin.configuration.effects import Impact
from idp.admin.configuration.kind import Kind
from idp.admin.configuration.writing import Written
from idp.admin.permissions import Permission
from idp.audit import Recorder
from idp.protocols import Services

TABLE = "group"
KEYS = ("name", "description", "groups")


def _export(services: Services) -> Iterator[Written]:
    for group in sorted(groups.list_of(services.db), key=lambda one: (fold(one.name), one.name)):
        values: dict[str, Any] = {"name": group.name}
        if group.description:
            values["description"] = group.description
        if inner := nesting.inner(services.db, group.id):
            values["groups"] = [one.name for one in inner]
        yield Written(TABLE, values)


def _identity(entry: Entry) -> str:
    return fold(str(entry.values.get("name", "")))


def _plan(planning: Planning, entry: Entry) -> Step:
    check_keys(entry, KEYS)
    try:
        name = group_name(text_of(entry, "name", "the group's name"))
    except InvalidPerson as error:
        raise entry.fault("name", error.message) from None
    wanted = _wanted(entry, name)
    _check_there(planning, entry, wanted.get("groups", ()))
    there = groups.find(planning.services.db, name)
    dropped = planning.dropped(TABLE, there.id, entry) if there is not None else frozenset[str]()
    wanted |= {key: empty for key, empty in (("description", ""), ("groups", ())) if key in dropped}
    fields = _fields(planning.services, there, wanted)

    def run(services: Services, record: Recorder) -> Done:
        now = services.clock()
        group = there or groups.add(services.db, name, now, record=record)
        if "description" in wanted:
            group = groups.describe(services.db, group, wanted["description"], now, record=record)
        if "groups" in wanted:
            _nest(services, group, wanted["groups"], record)
        return Done(group.id)

    if there is not None:
        return Step(Change("change", TABLE, there.id, there.name, fields), run)
    return Step(Change("add", TABLE, "", name, (Field("name", None, name), *fields)), run)


def _wanted(entry: Entry, name: str) -> dict[str, Any]:
    """What a table says of a group beside its name; what it leaves out is left as it is."""
    wanted: dict[str, Any] = {}
    if "description" in entry.values:
        wanted["description"] = " ".join(text_of(entry, "description", "what the group is for").split())
        if len(wanted["description"]) > groups.MAX_DESCRIPTION:
            raise entry.fault("description", f"at most {groups.MAX_DESCRIPTION} characters fit")
    if "groups" in entry.values:
        said = entry.values["groups"]
        if not isinstance(said, list) or not all(isinstance(one, str) for one in said):
            raise entry.fault("groups", 'expected a list of names of groups, such as ["sales-north"]')
        try:
            wanted["groups"] = tuple({fold(one): group_name(one) for one in said}.values())
        except InvalidPerson as error:
            raise entry.fault("groups", error.message) from None
        if fold(name) in map(fold, wanted["groups"]):
            raise entry.fault("groups", "a group cannot be in itself")
    return wanted


def _check_there(planning: Planning, entry: Entry, names: tuple[str, ...]) -> None:
    """Errors: `Fault` for a group that is not there, and that no file makes."""
    made = {_identity(one) for one in planning.of(TABLE)}
    for name in names:
        if fold(name) not in made and groups.find(planning.services.db, name) is None:
            near = groups.similar(planning.services.db, name)
            hint = f"; did you mean “{near[0]}”?" if near else "; declare it as a group of its own"
            raise entry.fault("groups", f"there is no group “{name}”{hint}")


def _fields(services: Services, there: Group | None, wanted: Mapping[str, Any]) -> tuple[Field, ...]:
    found = []
    if wanted.get("description", "") != (there.description if there else "") and "description" in wanted:
        found.append(Field("description", there.description if there else None, wanted["description"]))
    if "groups" in wanted:
        before = sorted(one.name for one in nesting.inner(services.db, there.id)) if there else []
        if sorted(map(fold, before)) != sorted(map(fold, wanted["groups"])):
            found.append(Field("groups", before or None, sorted(wanted["groups"])))
    return tuple(found)


def _nest(services: Services, group: Group, names: tuple[str, ...], record: Recorder) -> None:
    """Have exactly these in it; one that a later table makes is made here. Errors: `BadConfiguration` for a ring."""
    now, wanted = services.clock(), set(map(fold, names))
    for one in nesting.inner(services.db, group.id):
        inner = groups.find_by_id(services.db, one.id)
        if fold(one.name) not in wanted and inner is not None:
            nesting.take_out(services.db, inner, group, now, record=record)
    for name in names:
        try:
            nesting.put_in(services.db, groups.add(services.db, name, now, record=record), group, now, record=record)
        except InvalidPerson as error:
            raise BadConfiguration([f"group “{group.name}”: groups: {error.message}"]) from None


def _removal(planning: Planning, object_id: str) -> Step | None:
    group = next((one for one in groups.list_of(planning.services.db) if one.id == object_id), None)
    if group is None:
        return None

    def run(services: Services, record: Recorder) -> Done:
        groups.remove(services.db, group, services.clock(), with_members=True, record=record)
        return Done(group.id)

    def effects(_: Impact) -> Iterator[str]:
        if group.members:
            yield f"{group.members:,} {'person leaves' if group.members == 1 else 'people leave'} it"
        apps = [client.name for client in limited_to(planning.services, group.name)]
        if apps:
            yield f"it is named in the access rules of {', '.join(apps)}"

    return Step(Change("remove", TABLE, group.id, group.name), run, effects)


_NEEDS = dict.fromkeys(("add", "change", "remove"), Permission.GROUPS_CHANGE)
KIND = Kind(TABLE, _export, _identity, _plan, _removal, _NEEDS)
