"""Types of authorization details (RFC 9396), by their names; a schema as a table, or as a text of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from clients.details_types import DetailsType, details_type, kept
from clients.errors import InvalidMetadata
from idp.admin import details_types
from idp.admin.configuration.changes import Change, Done, Planning, Step, differences
from idp.admin.configuration.document import Entry, Faults, check_keys, text_of, texts_of
from idp.admin.configuration.effects import Impact
from idp.admin.configuration.kind import Kind
from idp.admin.configuration.writing import Written
from idp.admin.permissions import Permission
from idp.audit import Recorder
from idp.protocols import Services

TABLE = details_types.KIND
KEYS = ("type", "schema", "sentences", "resources")


def _export(services: Services) -> Iterator[Written]:
    for one in kept.list_of(services.db):
        yield Written(TABLE, {key: value for key, value in one.to_json().items() if value or key == "schema"})


def _identity(entry: Entry) -> str:
    return str(entry.values.get("type", ""))


def _plan(planning: Planning, entry: Entry) -> Step:
    check_keys(entry, KEYS)
    new = _declared(entry)
    old = next((one for one in kept.list_of(planning.services.db) if one.name == new.name), None)

    def run(services: Services, record: Recorder) -> Done:
        kept.put(services.db, new, services.clock(), record=record)
        return Done(new.name)

    fields = differences({} if old is None else _told(old), _told(new))
    if old is None:
        return Step(Change("add", TABLE, "", new.name, fields), run)
    return Step(Change("change", TABLE, new.name, new.name, fields), run)


def _told(one: DetailsType) -> dict[str, Any]:
    return {key: value for key, value in one.to_json().items() if value}


def _declared(entry: Entry) -> DetailsType:
    schema, told = entry.values.get("schema"), entry.values.get("sentences", {})
    if isinstance(schema, str):
        try:
            schema = json.loads(schema)
        except (ValueError, RecursionError):
            raise entry.fault("schema", "expected a table, or JSON in a text") from None
    if not isinstance(told, dict) or not all(isinstance(text, str) for text in told.values()):
        raise entry.fault("sentences", 'expected a text for each language: {en = "Pay {amount}"}')
    name = text_of(entry, "type", "the name of the type")
    resources = texts_of(entry, "resources", 'a list such as ["https://api.example/"]')
    try:
        return details_type.checked(name, schema, told, tuple(resources))
    except InvalidMetadata as error:
        raise Faults(entry.fault(one.field, one.message) for one in error.problems) from None


def _removal(planning: Planning, object_id: str) -> Step | None:
    if all(one.name != object_id for one in kept.list_of(planning.services.db)):
        return None

    def run(services: Services, record: Recorder) -> Done:
        kept.remove(services.db, object_id, record=record)
        return Done(object_id)

    def effects(_: Impact) -> Iterator[str]:
        apps = details_types.naming(planning.services, object_id)
        if apps:
            yield f"{', '.join(apps)} may ask for no such details any more, and tokens lose them"

    return Step(Change("remove", TABLE, object_id, object_id), run, effects)


_NEEDS = dict.fromkeys(("add", "change", "remove"), Permission.APPS_CREATE)
KIND = Kind(TABLE, _export, _identity, _plan, _removal, _NEEDS)
