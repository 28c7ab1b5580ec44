"""Looking for events: of somebody, of an application, of a kind, in a time, failures only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from idp.audit import store
from idp.audit.events import Event, from_row, read_all
from idp.db import Database
from idp.ids import first_id

_END = "w"  # behind every id


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; all of it must hold. `since`, `until`: epoch seconds; `action`: a name, `*` for any part."""

    person_id: str | None = None
    client_id: str | None = None
    action: str = ""
    failed: bool = False
    since: float = 0.0
    until: float | None = None


def latest(db: Database, wanted: Wanted, many: int, before: str = "") -> list[Event]:
    """The latest events of the kind, oldest first. `before`: an event's id, for the page before it."""
    after = first_id(wanted.since) if wanted.since else ""
    end = _END if wanted.until is None else first_id(wanted.until)
    before = min(end, before) if before else end
    return [
        from_row(row)
        for row in reversed(read_all(db, _statement(wanted, False), **_values(wanted, after, before, many)))
    ]


def onward(db: Database, wanted: Wanted, after: str, many: int = 200) -> list[Event]:
    """Events of the kind after the one with id `after`, oldest first."""
    return [from_row(row) for row in read_all(db, _statement(wanted, True), **_values(wanted, after, _END, many))]


def _statement(wanted: Wanted, onward: bool) -> Any:
    return store.search(
        person=wanted.person_id is not None, client=wanted.client_id is not None, failed=wanted.failed,
        action=bool(wanted.action), onward=onward,
    )  # fmt: skip


def _values(wanted: Wanted, after: str, before: str, many: int) -> dict[str, Any]:
    values: dict[str, Any] = {"after": after, "before": before, "many": many}
    if wanted.person_id is not None:
        values["of_person"] = wanted.person_id
    if wanted.client_id is not None:
        values["of_client"] = wanted.client_id
    if wanted.action:
        values["of_action"] = re.sub(r"([\\\\%_])", r"\\\1", wanted.action).replace("*", "%")
    return values
