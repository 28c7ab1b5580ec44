"""Who could open it, as a file: CSV that no spreadsheet runs, or JSON Lines. A line for each person and rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from idp.admin.actor import Actor
from idp.admin.past_access.asking import Known, Reach, who
from idp.admin.past_access.timeline import Stretch
from idp.admin.permissions import Permission
from idp.audit.exporting.tables import moment, row
from idp.protocols import Services

_COLUMNS: Final = (
    "client_id", "application", "person_id", "username", "rule", "why", "from", "until", "from_may_be_earlier",
    "until_may_be_earlier", "opened", "first_opened", "last_opened",
)  # fmt: skip
FORMATS: Final[Mapping[str, str]] = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


def exported(services: Services, actor: Actor, about: Known, format: str) -> Iterator[str]:
    """The lines; that it was made is on record. Errors: `NotAllowed`, at once."""
    actor.check(Permission.ACTIVITY_EXPORT)
    people = who(services, actor, about)
    window = about.window
    said = {"format": format, "client_id": about.client_id, "since": window.since, "until": window.until}
    actor.record(services)(services.db, "access:exported", said)
    return _lines(about, people, format)


def line_of(about: Known, reach: Reach, one: Stretch) -> dict[str, Any]:
    """One line by its columns."""
    opened = reach.opened
    return dict(zip(_COLUMNS, (
        about.client_id, about.name, reach.person_id, reach.username, one.decision.rule, one.decision.reason,
        moment(one.since), moment(one.until), one.since_seen, one.until_seen, opened.times,
        moment(opened.first) if opened.first else None, moment(opened.last) if opened.last else None,
    ), strict=True))  # fmt: skip


def _lines(about: Known, people: Iterator[Reach], format: str) -> Iterator[str]:
    write: Callable[[dict[str, Any]], str] = _csv if format == "csv" else _json
    if format == "csv":
        yield row(_COLUMNS)
    for reach in people:
        for one in reach.could:
            yield write(line_of(about, reach, one))


def _csv(line: dict[str, Any]) -> str:
    words = {True: "yes", False: ""}
    return row(
        words[value] if isinstance(value, bool) else "" if value is None else str(value) for value in line.values()
    )


def _json(line: dict[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=True) + "\n"
