"""The history of an account: who changed what of somebody, when, from where, and why; and a change taken back (C6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from idp import audit
from idp.accounts import groups
from idp.accounts.effects import Changes
from idp.accounts.person import Person, PersonChanged, fold
from idp.admin import people, turning_off
from idp.admin.activity import Names
from idp.admin.actor import Actor
from idp.admin.histories import changes
from idp.admin.histories.changes import Change
from idp.admin.permissions import Permission
from idp.admin.person_attributes import MASKED, base
from idp.audit import Event
from idp.protocols import Services

#: What is a change of an account, or of what somebody gets in by.
ACTIONS: Final = (
    "person:added", "person:changed", "person:exported", "person:groups", "person:roles", "person:disabled",
    "person:enabled", "person:end_planned", "person:end_withdrawn", "person:off_failed",
    "person:joined",
    "person:unlocked", "person:secured", "password:set", "link:made", "factor:added", "factor:removed",
    "admin_code:issued", "admin_code:approved", "admin_code:used", "session:ended_others", "case:opened", "case:closed",
)  # fmt: skip
_SHOWN: Final = ("reason", "before", "after", "added", "removed", "limits", "fields", "label", "purpose", "sessions",
                 "case", "username")  # fmt: skip


def of(services: Services, person: Person, *, before: str = "", many: int = 50) -> list[Event]:
    """A page of it, the latest first; `before`: the id of the last event of the page before."""
    return audit.of_person(services.db, person.id, ACTIONS, after=0.0, before=before, many=many)


def shown(event: Event, hidden: frozenset[str] = frozenset()) -> Mapping[str, Any]:
    """What an event says of the change; `hidden`: attributes that whoever reads it may not see."""
    found = {key: event.detail[key] for key in _SHOWN if event.detail.get(key) not in (None, "", [], {})}
    for side in ("before", "after"):
        if hidden and isinstance(found.get(side), Mapping):
            found[side] = {name: MASKED if base(name) in hidden else value for name, value in found[side].items()}
    return found


def entry(event: Event, names: Names) -> Change:
    """An event as the histories of other things have theirs; of groups and roles only what came and what went."""
    detail = event.detail
    before, after = detail.get("before"), detail.get("after")
    pairs: dict[str, Any] = {}
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        pairs = {name: [before.get(name), value] for name, value in after.items()}
    elif event.action == "person:groups":
        pairs = {"groups": [detail.get("removed") or [], detail.get("added") or []]}
    elif before is not None or after is not None:
        pairs = {event.action.removeprefix("person:"): [before, after]}
    return changes.entry(event, names, of=event.person_id or "", can_undo=can_undo(event), differences=pairs)


def can_undo(event: Event) -> bool:
    """Whether an event says all that putting it back takes: roles and passwords have pages of their own for that."""
    if event.action == "person:changed" and event.detail.get("masked"):
        return False  # what it was is not in the record
    if event.action == "person:changed":
        return isinstance(event.detail.get("before"), Mapping) and isinstance(event.detail.get("after"), Mapping)
    if event.action == "person:groups":
        return bool(event.detail.get("added") or event.detail.get("removed"))
    return event.action == "person:disabled"


def is_proved_again(services: Services, person: Person, event_id: str) -> bool:
    """Whether a change let nobody in any more: its undo lets them in, and is as sensitive as to turn them on."""
    event = audit.find(services.db, event_id)
    return event is not None and event.person_id == person.id and event.action == "person:disabled"


def undo(services: Services, actor: Actor, person: Person, event_id: str) -> Person:
    """Put back what one change of this account replaced, by the verb that an admin would take.

    Errors: `NotAllowed`, `NoSuchChange`; `PersonChanged` where it was changed again since; `InvalidPerson`, where the
    old values would not do any more.
    """
    wanted = Permission.PEOPLE_TURN_OFF if is_proved_again(services, person, event_id) else Permission.PEOPLE_CHANGE
    actor.check_person(services, wanted, person)
    event = changes.undoable(services, event_id, lambda one: one.person_id == person.id and can_undo(one))
    if event.action == "person:changed":
        return people.correct(services, actor, person, _correction(person, event)).after
    if event.action == "person:groups":
        return _regrouped(services, actor, person, event)
    if person.enabled:
        raise PersonChanged
    return turning_off.turn_on(services, actor, person)


def _correction(person: Person, event: Event) -> people.Correction:
    before, after = event.detail["before"], event.detail["after"]
    columns = Changes.__annotations__
    now = {name: getattr(person, name) if name in columns else person.claims.get(name) for name in after}
    back = changes.put_back(now, {name: (before.get(name), value) for name, value in after.items()}, PersonChanged)
    return people.Correction(
        changes=cast("Changes", {name: value for name, value in back.items() if name in columns}),
        merge={name: value for name, value in back.items() if name not in columns}, as_of=person.changed_at,
    )  # fmt: skip


def _regrouped(services: Services, actor: Actor, person: Person, event: Event) -> Person:
    added, removed = (_now_called(services, event, side) for side in ("added", "removed"))
    now = set(map(fold, person.groups))
    if not now.issuperset(map(fold, added)) or not now.isdisjoint(map(fold, removed)):
        raise PersonChanged
    return people.change_groups(services, actor, person, joins=removed, leaves=added)


def _now_called(services: Services, event: Event, side: str) -> tuple[str, ...]:
    """The groups of one side of a change as they are called by now. Errors: `PersonChanged` where one is gone.

    Another one may have the name by now: nobody comes into that by the undo of what was done with the first.
    """
    names, ids = tuple(event.detail.get(side) or ()), event.detail.get("group_ids")
    if ids is None:
        return names
    found = [groups.find_by_id(services.db, str(ids.get(name) or "")) for name in names]
    if None in found:
        raise PersonChanged
    return tuple(one.name for one in found if one is not None)
