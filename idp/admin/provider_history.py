"""Who changed which provider, when, from where; and a change taken back (C6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from idp.admin import providers
from idp.admin.activity import Names
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.audit import Event, find
from idp.audit.searching import Wanted, latest
from idp.federation.keeping import ChangedMeanwhile, UnknownProvider, edition
from idp.protocols import Services

_LOOKED_AT: Final = 2000  # events of providers that are read for the history of one
_UNDONE: Final = frozenset(("provider:add", "provider:restore", "provider:remove"))


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
    """One entry. `who`: as people call them; `secret`: whether it was replaced, which nothing takes back."""

    id: str
    at: float
    action: str
    provider_id: str
    name: str
    who: str
    address: str
    differences: tuple[Difference, ...]
    secret: bool
    can_undo: bool


def of(services: Services, actor: Actor, provider_id: str, *, many: int = 20) -> tuple[Change, ...]:
    """The latest changes of one, the latest first. Errors: `NotAllowed`."""
    actor.check(Permission.PROVIDERS_READ)
    names, found, came_or_went = Names(services), [], False
    for event in _events(services):
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
    event = find(services.db, event_id)
    if event is None or not _can_undo(event):
        raise NoSuchChange(event_id)
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
        said: dict[str, Any] = {**kept.provider.said(), "enabled": kept.provider.enabled}
        for key, (old, new) in event.detail["changed"].items():
            if said.get(key) != new:
                raise ChangedMeanwhile
            said[key] = old
        on = bool(said.pop("enabled"))
        said = {key: value for key, value in said.items() if value is not None}
        providers.change(services, actor, provider_id, providers.Wanted(said, enabled=on, seen=edition(kept)))


def _events(services: Services) -> Iterator[Event]:
    """Those about providers, the latest first."""
    before = ""
    for _ in range(_LOOKED_AT // 200):
        page = latest(services.db, Wanted(action="provider:*"), 200, before)
        yield from reversed(page)
        if len(page) < 200:
            return
        before = page[0].id


def _can_undo(event: Event) -> bool:
    if event.action == "provider:change":
        return bool(event.detail.get("changed"))
    return event.action in _UNDONE


def _change(event: Event, names: Names) -> Change:
    kind, _, id = event.actor.partition(":")
    who = names.person(id) if kind == "person" else names.client(id) if kind == "client" else None
    changed = {key: [None, value] for key, value in event.detail.get("said", {}).items()}
    changed |= event.detail.get("changed", {})
    return Change(
        id=event.id, at=event.at, action=event.action, provider_id=str(event.detail.get("provider_id") or ""),
        name=str(event.detail.get("name") or ""), who=who or event.actor, address=event.address,
        differences=tuple(Difference(key, *pair) for key, pair in changed.items()),
        secret="secret" in event.detail, can_undo=_can_undo(event),
    )  # fmt: skip
