"""What the histories have in common: an entry, where it is found, and how values are put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from idp.admin.activity import Names
from idp.audit import Event, find
from idp.audit.searching import Wanted, latest
from idp.protocols import Services

_PAGE: Final = 200  # events that are read at once
_LOOKED_AT: Final = 2000  # events of a kind that are read for the history of one object


class NoSuchChange(LookupError):
    """There is no such change that could be undone."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value, before and after; None: nothing was said."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry. `of`: the object's id; `name`: what it was called then; `who`: as people call them.

    `secret`: whether a secret was replaced, which nothing takes back; `can_undo`: the differences can be taken back.
    """

    id: str
    at: float
    action: str
    of: str
    name: str
    who: str
    address: str
    differences: tuple[Difference, ...]
    secret: bool
    can_undo: bool


def entry(
    event: Event, names: Names, *, of: str, can_undo: bool, differences: Mapping[str, Any] | None = None
) -> Change:
    """An event as an entry. `differences`: pairs by field; None: what the event says."""
    kind, _, id = event.actor.partition(":")
    who = names.person(id) if kind == "person" else names.client(id) if kind == "client" else None
    pairs = said(event) if differences is None else differences
    return Change(
        id=event.id, at=event.at, action=event.action, of=of, name=str(event.detail.get("name") or ""),
        who=who or event.actor, address=event.address,
        differences=tuple(Difference(key, *pair) for key, pair in pairs.items()), secret="secret" in event.detail,
        can_undo=can_undo,
    )  # fmt: skip


def said(event: Event) -> dict[str, Any]:
    """Old and new by field, as most kinds keep it: `said` of something new, `changed` of a change."""
    new = {key: [None, value] for key, value in event.detail.get("said", {}).items()}
    return {**new, **event.detail.get("changed", {})}


def events_of(
    services: Services, action: str, before: str = "", *, client_id: str | None = None, page: int = _PAGE
) -> Iterator[Event]:
    """Events of a kind, the latest first, a page in memory; `before`: the id of the last one of the page before.

    `client_id`: of one application alone; `page`: how many are read at once.
    """
    for _ in range(_LOOKED_AT // page):
        found = latest(services.db, Wanted(action=action, client_id=client_id), page, before)
        yield from reversed(found)
        if len(found) < page:
            return
        before = found[0].id


def undoable(services: Services, event_id: str, can_undo: Callable[[Event], bool]) -> Event:
    """The event of a change that is to be undone. Errors: `NoSuchChange`."""
    event = find(services.db, event_id)
    if event is None or not can_undo(event):
        raise NoSuchChange(event_id)
    return event


def put_back(now: Mapping[str, Any], changed: Mapping[str, Any], meanwhile: type[Exception]) -> dict[str, Any]:
    """The values as they were before a change, beside all that it left alone.

    Errors: `meanwhile`, where one of them is another one by now.
    """
    said = dict(now)
    for key, (old, new) in changed.items():
        if said.get(key) != new:
            raise meanwhile
        said[key] = old
    return said
