"""Looking for events by any of their fields, in a time, failures only.

Each field has an index that also has the time, so that a page of events costs a page, whatever the record has grown to.
An action by a pattern, or failures, are looked for action by action: there are a hundred or two of them, and one index
has the events of each in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from idp.audit import store
from idp.audit.events import Event, from_row, read_all
from idp.db import Database
from idp.ids import PERSON_ID, first_id

_END = "w"  # behind every id
_MANY_ACTIONS: Final = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; all of it must hold. `since`, `until`: epoch seconds; `action`: a name, `*` for any part."""

    person_id: str | None = None
    client_id: str | None = None
    action: str = ""
    failed: bool = False
    since: float = 0.0
    until: float | None = None
    actor: str | None = None
    session_id: str | None = None
    request_id: str | None = None
    error_id: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class _Look:
    """One statement of those that together find what is wanted."""

    wanted: Wanted
    exact: str = ""  # an action
    others: bool = False  # what the actor did to others

    def rows(self, db: Database, after: str, before: str, many: int, onward: bool) -> list[Any]:
        wanted = self.wanted
        equal = {name: getattr(wanted, name) for name in store.EQUAL if getattr(wanted, name) is not None}
        statement = store.search(
            tuple(equal), failed=wanted.failed and not self.exact, like=bool(wanted.action) and not self.exact,
            exact=bool(self.exact), others=self.others, onward=onward,
        )  # fmt: skip
        values: dict[str, Any] = {f"of_{name}": value for name, value in equal.items()}
        if self.exact or wanted.action:
            values["of_action"] = self.exact or _like(wanted.action)
        return read_all(db, statement, after=after, before=before, many=many, **values)


def latest(db: Database, wanted: Wanted, many: int, before: str = "") -> list[Event]:
    """The latest events of the kind, oldest first. `before`: an event's id, for the page before it."""
    end = _END if wanted.until is None else first_id(wanted.until)
    before = min(end, before) if before else end
    found = _found(db, _looks(db, wanted), _since(wanted), before, many, onward=False)
    return [from_row(row) for row in reversed(found)]


def onward(db: Database, wanted: Wanted, after: str, many: int = 200) -> list[Event]:
    """Events of the kind after the one with id `after`, oldest first."""
    return [from_row(row) for row in _found(db, _in_order(wanted), after, _END, many, onward=True)]


def each(db: Database, wanted: Wanted, page: int = 500) -> Iterator[Event]:
    """All events of the kind, oldest first, a page in memory at a time."""
    after, before = _since(wanted), _END if wanted.until is None else first_id(wanted.until)
    while rows := _found(db, _in_order(wanted), after, before, page, onward=True):
        yield from map(from_row, rows)
        after = rows[-1].id


def _since(wanted: Wanted) -> str:
    return first_id(wanted.since) if wanted.since else ""


def _found(db: Database, looks: list[_Look], after: str, before: str, many: int, *, onward: bool) -> list[Any]:
    """Rows of all looks in one order, at most `many`."""
    rows = [row for look in looks for row in look.rows(db, after, before, many, onward)]
    if len(looks) > 1:
        rows.sort(key=lambda row: row.id, reverse=not onward)
    return rows[:many]


def _looks(db: Database, wanted: Wanted) -> list[_Look]:
    """For one page: by the narrowest index."""
    if not (wanted.action or wanted.failed) or wanted.person_id is not None or wanted.actor is not None:
        return _in_order(wanted)
    actions = [action for action in actions_on_record(db) if _is_wanted(wanted, action)]
    if _is_narrow(wanted):  # of one that is on record nowhere, no application's events are looked through
        return _in_order(wanted) if actions else []
    return [_Look(wanted, exact=action) for action in actions]


def _in_order(wanted: Wanted) -> list[_Look]:
    """For one page after another, which together cost one walk over the time."""
    if wanted.actor is None:
        is_exact = wanted.action and "*" not in wanted.action and not (wanted.failed or _is_narrow(wanted))
        return [_Look(wanted, exact=wanted.action if is_exact else "")]
    actors = [wanted.actor]
    if PERSON_ID.fullmatch(wanted.actor):
        actors.append(f"person:{wanted.actor}")  # as an admin
    named = [replace(wanted, actor=actor) for actor in actors]
    if _is_narrow(wanted):
        return [_Look(one) for one in named]
    return [_Look(replace(wanted, person_id=wanted.actor)), *(_Look(one, others=True) for one in named)]


def _is_narrow(wanted: Wanted) -> bool:
    return any(getattr(wanted, name) is not None for name in store.EQUAL if name != "actor")


def actions_on_record(db: Database) -> list[str]:
    """Every action that is on record: a step in the index for each."""
    found: list[str] = []
    # What this process keeps back is written first: an action may be on record since a moment ago for the first time.
    rows = read_all(db, store.NEXT_ACTION, after="")
    while rows and len(found) < _MANY_ACTIONS:
        found.append(rows[0].action)
        rows = db.all(store.NEXT_ACTION, after=found[-1])
    return found


def is_failure(action: str) -> bool:
    """Whether an action says that something went wrong or was refused."""
    return action.startswith("error:") or action.rpartition(":")[2] in store.FAILURES


def _is_wanted(wanted: Wanted, action: str) -> bool:
    if wanted.failed and not is_failure(action):
        return False
    return not wanted.action or _matches(wanted.action.lower(), action.lower())


def _matches(pattern: str, text: str) -> bool:
    """Whether the text has the pattern's parts in their order. One walk: a pattern of many `*` costs no more."""
    first, *parts = pattern.split("*")
    if not parts:
        return text == first
    last = parts.pop()
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    at, end = len(first), len(text) - len(last)
    for part in parts:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _like(action: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", re.sub(r"\*+", "*", action)).replace("*", "%")
