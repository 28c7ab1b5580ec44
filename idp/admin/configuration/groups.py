"""Groups: their names. Who is in one is no part of a file: people come and go by other doors."""

from __future__ import annotations

from collections.abc import Iterator

from idp.accounts import groups
from idp.accounts.person import InvalidPerson, fold, group_name
from idp.admin.access import limited_to
from idp.admin.configuration.changes import Change, Done, Field, Planning, Step
from idp.admin.configuration.document import Entry, check_keys, text_of
from idp.admin.configuration.effects import Impact
from idp.admin.configuration.kind import Kind
from idp.admin.configuration.writing import Written
from idp.admin.permissions import Permission
from idp.audit import Recorder
from idp.protocols import Services

TABLE = "group"


def _export(services: Services) -> Iterator[Written]:
    for group in sorted(groups.list_of(services.db), key=lambda one: (fold(one.name), one.name)):
        yield Written(TABLE, {"name": group.name})


def _identity(entry: Entry) -> str:
    return fold(str(entry.values.get("name", "")))


def _plan(planning: Planning, entry: Entry) -> Step:
    check_keys(entry, ("name",))
    try:
        name = group_name(text_of(entry, "name", "the group's name"))
    except InvalidPerson as error:
        raise entry.fault("name", error.message) from None
    there = groups.find(planning.services.db, name)
    if there is not None:
        return Step(Change("change", TABLE, there.id, there.name), lambda _, __: Done(there.id))

    def run(services: Services, record: Recorder) -> Done:
        return Done(groups.add(services.db, name, services.clock(), record=record).id)

    return Step(Change("add", TABLE, "", name, (Field("name", None, name),)), run)


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
