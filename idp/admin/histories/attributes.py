"""Who defined which attribute, changed it or took it away, when, from where; and a change taken back (C6)."""

from __future__ import annotations

from typing import Final

from clients.attributes.kept import AttributeChanged
from clients.errors import InvalidMetadata
from idp.admin import attributes
from idp.admin.activity import Names
from idp.admin.actor import Actor
from idp.admin.attributes import NoSuchAttribute
from idp.admin.histories import changes
from idp.admin.histories.changes import Change
from idp.admin.permissions import Permission
from idp.audit import Event
from idp.protocols import Services

_UNDONE: Final = frozenset(("attribute:add", "attribute:change", "attribute:remove"))


def of(services: Services, actor: Actor, name: str = "", *, before: str = "", many: int = 20) -> tuple[Change, ...]:
    """The latest changes, the latest first, of all attributes or one. Errors: `NotAllowed`."""
    actor.check(Permission.ATTRIBUTES_READ)
    names, found = Names(services), []
    for event in changes.events_of(services, "attribute:*", before):
        if not name or event.detail.get("name") == name:
            of_name = str(event.detail.get("name") or "")
            found.append(changes.entry(event, names, of=of_name, can_undo=_can_undo(event)))
        if len(found) == many:
            break
    return tuple(found)


def undo(services: Services, actor: Actor, event_id: str) -> None:
    """Put back what one change replaced, by the verb that does the opposite.

    Errors: `NotAllowed`, `NoSuchChange`, `AttributeChanged` where it was changed again, and those of the verbs.
    """
    actor.check(Permission.ATTRIBUTES_CHANGE)
    event = changes.undoable(services, event_id, _can_undo)
    name, changed = str(event.detail["name"]), changes.said(event)
    try:
        if event.action == "attribute:remove":
            attributes.add(services, actor, name, {key: old for key, (old, _) in changed.items() if old is not None})
            return
        now = attributes.get(services, actor, name)
        said = changes.put_back(now.said(), changed, AttributeChanged)
        if event.action == "attribute:add":
            if any(value is not None for value in said.values()):
                raise AttributeChanged
            attributes.remove(services, actor, name, with_values=True)  # what was so before it was there
        else:
            back = {key: value for key, value in said.items() if value is not None}
            attributes.change(services, actor, name, back, seen=now)
    except NoSuchAttribute:
        raise AttributeChanged from None
    except InvalidMetadata as error:
        if error.problems[0].field == "name":  # somebody has made another one of this name
            raise AttributeChanged from None
        raise


def _can_undo(event: Event) -> bool:
    return event.action in _UNDONE and isinstance(event.detail.get("name"), str)
