"""Attributes of people that the organisation defines, by their names; applications by their ids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from clients.attributes import Definition, kept
from clients.attributes.definition import KEYS
from clients.errors import InvalidMetadata
from idp.admin import attributes
from idp.admin.configuration import applications
from idp.admin.configuration.changes import Change, Done, Planning, Step, differences
from idp.admin.configuration.document import Entry, Faults, check_keys, text_of, texts_of
from idp.admin.configuration.effects import Impact
from idp.admin.configuration.kind import Kind
from idp.admin.configuration.writing import Written
from idp.admin.permissions import Permission
from idp.audit import Recorder
from idp.protocols import Services

TABLE = attributes.KIND


def _export(services: Services) -> Iterator[Written]:
    for one in kept.list_of(services.db):
        said = {key: value for key, value in one.said().items() if value is not None}
        yield Written(TABLE, {"name": one.name, **said})


def _identity(entry: Entry) -> str:
    return str(entry.values.get("name", ""))


def _plan(planning: Planning, entry: Entry) -> Step:
    check_keys(entry, ("name", *KEYS))
    name = text_of(entry, "name", "the name of the claim")
    old = _find(planning.services, name)
    said = {key: value for key, value in entry.values.items() if key != "name"}
    named = texts_of(entry, "apps", "ids or names of applications")
    if named:
        said["apps"] = _ids(planning.services, named)
    beside = [str(one.values.get(key)) for one in planning.of(applications.TABLE) for key in ("id", "name")]
    try:
        new = attributes.checked(planning.services, name, said, old, beside)
    except InvalidMetadata as error:
        raise Faults(entry.fault(one.field, one.message) for one in error.problems) from None

    def run(services: Services, record: Recorder) -> Done:
        final = replace(new, apps=tuple(_ids(services, list(new.apps))))  # those that the same file has made, too
        kept.put(services.db, final, services.clock(), record=record)
        return Done(name)

    def effects(_: Impact) -> Iterator[str]:
        if old is not None and new.release != old.release:
            yield f"it was told to {_told_to(old)}, and is told to {_told_to(new)}"

    fields = differences({} if old is None else _said(old), _said(new))
    change = Change("add", TABLE, "", name, fields) if old is None else Change("change", TABLE, name, name, fields)
    return Step(change, run, effects)


def _find(services: Services, name: str) -> Definition | None:
    return next((one for one in kept.list_of(services.db) if one.name == name), None)


def _ids(services: Services, named: list[str]) -> list[str]:
    return [applications.id_named(services, one) or one for one in named]


def _said(one: Definition) -> dict[str, Any]:
    return {"name": one.name, **one.said()}


def _told_to(one: Definition) -> str:
    return {
        "nobody": "nobody", "tables": "applications whose table names it", "apps": f"{len(one.apps)} applications",
        "scope": f"applications that may have the scope {one.scope}",
    }[one.release]  # fmt: skip


def _removal(planning: Planning, object_id: str) -> Step | None:
    old = _find(planning.services, object_id)
    if old is None:
        return None

    def run(services: Services, record: Recorder) -> Done:
        kept.remove(services.db, object_id, record=record)
        return Done(object_id)

    def effects(_: Impact) -> Iterator[str]:
        many = planning.services.directory.claim_count(object_id)
        if many:
            yield f"{many:,} people keep a value, as a free claim that tables of applications may name"

    return Step(Change("remove", TABLE, object_id, object_id), run, effects)


_NEEDS = dict.fromkeys(("add", "change", "remove"), Permission.ATTRIBUTES_CHANGE)
KIND = Kind(TABLE, _export, _identity, _plan, _removal, _NEEDS)
