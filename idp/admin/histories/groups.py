"""Who did what with a group, and who put whom into it, when, from where; and a change taken back (C6)."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from idp.accounts.groups import Group, GroupHasMembers
from idp.accounts.person import Person, fold
from idp.admin import groups, people
from idp.admin.activity import Names
from idp.admin.actor import Actor
from idp.admin.histories import changes
from idp.admin.histories.changes import Change
from idp.admin.permissions import Permission
from idp.audit import Event
from idp.protocols import Services

#: Values that an event has under `before` and `after`, by the field that they are of.
_FIELDS: Final = {"group:described": "description", "group:provided": "source"}
_UNDONE: Final = frozenset(
    ("group:added", "group:renamed", "group:described", "group:added_only", "group:nested", "group:unnested",
     "group:owners", "person:groups")
)  # fmt: skip


class ChangedMeanwhile(Exception):
    """The group, or who is in it, is another one than the change left."""


def of(services: Services, actor: Actor, group: Group, *, before: str = "", many: int = 20) -> tuple[Change, ...]:
    """The latest changes of a group, the latest first, found among the latest few thousand of all groups.

    `before`: the id of the last one of the page before. Errors: `NotAllowed`.
    """
    actor.check(Permission.GROUPS_READ)
    names = Names(services)
    return tuple(_change(event, group, names) for event in islice(_events(services, group, before), many))


def undo(services: Services, actor: Actor, group: Group, event_id: str) -> None:
    """Put back what one change of this group replaced, by the verb that an admin would take.

    Errors: `NotAllowed`, `NoSuchChange`, `ChangedMeanwhile` where it was changed again since; `InvalidPerson` and
    those of the verbs.
    """
    actor.check(Permission.GROUPS_CHANGE)
    event = changes.undoable(services, event_id, lambda one: one.action in _UNDONE and _is_about(one, group))
    try:
        _opposite(services, actor, group, event)
    except (groups.UnknownGroup, people.UnknownLogin, GroupHasMembers):
        raise ChangedMeanwhile from None


def _opposite(services: Services, actor: Actor, group: Group, event: Event) -> None:
    detail, action = event.detail, event.action
    if action == "group:added":
        _check(next(_events(services, group, "")).id == event.id)  # whoever has worked on it since meant to have it
        groups.remove(services, actor, group, with_members=False)
    elif action == "group:renamed":
        _check(group.name == detail["group"])
        groups.rename(services, actor, group, detail["before"])
    elif action == "group:described":
        _check(group.description == detail["after"])
        groups.describe(services, actor, group, detail["before"])
    elif action == "group:added_only":
        _check(group.added_only == detail["after"])
        groups.let_us_add(services, actor, group, also=not detail["after"])
    elif action in ("group:nested", "group:unnested"):
        inner = groups.get(services, detail["inner"])
        (groups.take_out if action == "group:nested" else groups.put_in)(services, actor, inner, group)
    elif action == "group:owners":
        added, removed = (_named(services, detail.get(key)) for key in ("added", "removed"))
        groups.change_owners(services, actor, group, joins=removed, leaves=added)
    else:
        _moved_back(services, actor, group, event)


def _moved_back(services: Services, actor: Actor, group: Group, event: Event) -> None:
    """One person who came into this group, or left it; what the event says of other groups stays."""
    person = people.get(services, event.person_id or "")
    came = _is_among(event, "added", group)
    _check(came == (fold(group.name) in map(fold, person.groups)))
    joins, leaves = ([], [person]) if came else ([person], list[Person]())
    groups.change_members(services, actor, group, joins=joins, leaves=leaves)


def _check(is_as_left: bool) -> None:
    if not is_as_left:
        raise ChangedMeanwhile


def _named(services: Services, logins: Any) -> list[Person]:
    return [people.get(services, login) for login in logins or ()]


def _events(services: Services, group: Group, before: str) -> Iterator[Event]:
    both = (changes.events_of(services, action, before) for action in ("group:*", "person:groups"))
    return (one for one in heapq.merge(*both, key=lambda one: one.id, reverse=True) if _is_about(one, group))


def _is_about(event: Event, group: Group) -> bool:
    if event.action == "person:groups":
        return _is_among(event, "added", group) or _is_among(event, "removed", group)
    return event.detail.get("group_id") == group.id


def _is_among(event: Event, side: str, group: Group) -> bool:
    """Whether somebody came into this group, or left it, whatever it was called then; not one that had its name.

    Events of before ids were kept have names alone: those from before it was made are of another group.
    """
    names, ids = event.detail.get(side) or (), event.detail.get("group_ids")
    if ids is not None:
        return any(ids.get(name) == group.id for name in names)
    return event.id > group.id and fold(group.name) in map(fold, names)


def moved(event: Event) -> tuple[str, ...]:
    """The ids of the groups that somebody came into or left by it, as far as it has them."""
    return tuple(dict(event.detail.get("group_ids") or {}).values())


def _change(event: Event, group: Group, names: Names) -> Change:
    return changes.entry(
        event, names, of=group.id, can_undo=event.action in _UNDONE, differences=_differences(event, group, names)
    )  # fmt: skip


def _differences(event: Event, group: Group, names: Names) -> dict[str, Any]:
    """Old and new by field; of members, owners and groups within only who came and who went."""
    detail, action = event.detail, event.action
    if action in _FIELDS:
        return {_FIELDS[action]: [detail.get("before"), detail.get("after")]}
    if action == "group:renamed":
        return {"name": [detail.get("before"), detail.get("group")]}
    if action == "group:added_only":
        return {"added_only": [not detail.get("after"), detail.get("after")]}
    if action in ("group:nested", "group:unnested"):
        pair = [[], [detail.get("inner")]]
        return {"groups": pair if action == "group:nested" else pair[::-1]}
    if action == "person:groups":
        who = [names.person(event.person_id or "") or event.person_id]
        return {"members": [[], who] if _is_among(event, "added", group) else [who, []]}
    if action in ("group:owners", "group:members"):
        field = action.removeprefix("group:")
        return {field: [detail.get("removed") or [], detail.get("added") or []]}
    return {}
