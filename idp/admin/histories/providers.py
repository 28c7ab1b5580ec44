"""Who changed which provider, when, from where; and a change taken back (C6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from idp.admin import providers
from idp.admin.activity import Names
from idp.admin.actor import Actor
from idp.admin.histories import changes
from idp.admin.histories.changes import Change
from idp.admin.permissions import Permission
from idp.audit import Event
from idp.federation.keeping import ChangedMeanwhile, UnknownProvider, edition
from idp.protocols import Services

_UNDONE: Final = frozenset(("provider:add", "provider:restore", "provider:remove"))


def of(services: Services, actor: Actor, provider_id: str, *, many: int = 20) -> tuple[Change, ...]:
    """The latest changes of one, the latest first. Errors: `NotAllowed`."""
    actor.check(Permission.PROVIDERS_READ)
    names, found, came_or_went = Names(services), [], False
    for event in changes.events_of(services, "provider:*"):
        if event.detail.get("provider_id") == provider_id:
            is_of_life = event.action in _UNDONE
            one = _change(event, names)
            # What has come or gone again since cannot be taken back any more.
            found.append(replace(one, can_undo=False) if is_of_life and came_or_went else one)
            came_or_went |= is_of_life
        if len(found) == many:
            break
    return tuple(found)


def undo(services: Services, actor: Actor, event_id: str) -> str:
    """Put back what one change replaced, by the verb that does the opposite; answers the provider's id.

    Errors: `NotAllowed`, `NoSuchChange`, `ChangedMeanwhile` where it was changed again, and those of the verbs.
    """
    actor.check(Permission.PROVIDERS_CHANGE)
    event = changes.undoable(services, event_id, _can_undo)
    provider_id = str(event.detail.get("provider_id") or "")
    try:
        _opposite(services, actor, event, provider_id)
    except UnknownProvider:
        raise ChangedMeanwhile from None
    return provider_id


def _opposite(services: Services, actor: Actor, event: Event, provider_id: str) -> None:
    if event.action in ("provider:add", "provider:restore"):
        providers.remove(services, actor, provider_id)
    elif event.action == "provider:remove":
        providers.restore(services, actor, provider_id)
    else:
        kept = providers.get(services, actor, provider_id).kept
        now = {**kept.provider.said(), "enabled": kept.provider.enabled}
        said = changes.put_back(now, event.detail["changed"], ChangedMeanwhile)
        on = bool(said.pop("enabled"))
        said = {key: value for key, value in said.items() if value is not None}
        providers.change(services, actor, provider_id, providers.Wanted(said, enabled=on, seen=edition(kept)))


def _can_undo(event: Event) -> bool:
    if event.action == "provider:change":
        return bool(event.detail.get("changed"))
    return event.action in _UNDONE


def _change(event: Event, names: Names) -> Change:
    return changes.entry(event, names, of=str(event.detail.get("provider_id") or ""), can_undo=_can_undo(event))
