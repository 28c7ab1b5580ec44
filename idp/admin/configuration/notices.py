"""Notices: what everybody is told. One has no name: another text, time or place is another notice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from idp.accounts import notices
from idp.accounts.notices import InvalidNotice, Notice
from idp.admin.configuration import applications
from idp.admin.configuration.changes import Change, Done, Field, Planning, Step
from idp.admin.configuration.document import Entry, check_keys, text_of
from idp.admin.configuration.kind import Kind
from idp.admin.configuration.writing import Written
from idp.admin.permissions import Permission
from idp.audit import Recorder
from idp.protocols import Services

TABLE = "notice"
KEYS = ("text", "where", "from", "to", "application")


def _export(services: Services) -> Iterator[Written]:
    now, seen = services.clock(), set()
    standing = (notice for notice in notices.list_of(services.db) if notice.ends_at is None or notice.ends_at > now)
    for notice in sorted(standing, key=_facts):
        if _facts(notice) not in seen:
            seen.add(_facts(notice))
            yield Written(TABLE, _values(notice))


def _values(notice: Notice) -> dict[str, Any]:
    values = {
        "text": notice.text,
        "where": notice.place if notice.place != "both" else None,
        "from": _time(notice.starts_at),
        "to": _time(notice.ends_at),
        "application": notice.client_id,
    }
    return {key: value for key, value in values.items() if value is not None}


def _time(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)


def _facts(notice: Notice) -> tuple[str, ...]:
    """What makes it this notice."""
    times = (str(_time(at) or "") for at in (notice.starts_at, notice.ends_at))
    return (*times, notice.text, notice.place, notice.client_id or "")


def _identity(entry: Entry) -> str:
    values = {"where": "both", **entry.values}
    return repr([str(values.get(key, "")) for key in KEYS])


def _plan(planning: Planning, entry: Entry) -> Step:
    check_keys(entry, KEYS)
    declared = Notice(
        "", " ".join(text_of(entry, "text", "what people are told").split()), _when(entry, "from"), _when(entry, "to"),
        _application(planning, entry), text_of(entry, "where", ", ".join(notices.PLACES), default="both"), 0, "",
    )  # fmt: skip
    there = next((one for one in notices.list_of(planning.services.db) if _facts(one) == _facts(declared)), None)
    if there is not None:
        return Step(Change("change", TABLE, there.id, there.text), lambda _, __: Done(there.id))
    now = planning.services.clock()
    try:
        notices.check(declared, now)
    except InvalidNotice as error:
        if error.field == "to" and declared.ends_at is not None and declared.ends_at <= now:
            planning.notes.append(f"{entry.place('to')}: {entry.title}: has ended; take it out")
            return Step(Change("change", TABLE, "", declared.text), lambda _, __: Done(""))
        raise entry.fault(error.field, error.message) from None
    fields = tuple(Field(key, None, _shown(value)) for key, value in _values(declared).items())
    name = entry.values.get("application")

    def run(services: Services, record: Recorder) -> Done:
        client_id = declared.client_id or (applications.id_named(services, name) if name else None)
        made = notices.add(
            services.db, services.clock(), declared.text, "configuration", starts_at=declared.starts_at,
            ends_at=declared.ends_at, client_id=client_id, place=declared.place, record=record,
        )  # fmt: skip
        return Done(made.id)

    return Step(Change("add", TABLE, "", declared.text, fields), run)


def _shown(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _when(entry: Entry, key: str) -> float | None:
    given = entry.values.get(key)
    if given is None:
        return None
    if not isinstance(given, datetime):
        raise entry.fault(key, "expected a time such as 2026-12-01T08:00:00Z, without quotes")
    # A time without a zone is the machine's, as on the command line.
    return given.timestamp()


def _application(planning: Planning, entry: Entry) -> str | None:
    """The client id; None also where the application is made by the same files."""
    given = entry.values.get("application")
    if given is None:
        return None
    if isinstance(given, str):
        found = applications.id_named(planning.services, given)
        if found is not None or any(given in (one.values.get("id"), one.values.get("name")) for one in
                                    planning.of(applications.TABLE)):  # fmt: skip
            return found
    raise entry.fault("application", "there is no application with this id or name")


def _removal(planning: Planning, object_id: str) -> Step | None:
    notice = next((one for one in notices.list_of(planning.services.db) if one.id == object_id), None)
    if notice is None:
        return None

    def run(services: Services, record: Recorder) -> Done:
        notices.remove(services.db, object_id, record=record)
        return Done(object_id)

    return Step(Change("remove", TABLE, object_id, notice.text), run)


_NEEDS = dict.fromkeys(("add", "change", "remove"), Permission.MESSAGES_CHANGE)
KIND = Kind(TABLE, _export, _identity, _plan, _removal, _NEEDS)
