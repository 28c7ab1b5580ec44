"""The history of an application: who changed what, when, from where; and a change taken back (C6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clients.client import Client
from clients.undoing import can_undo
from idp.admin import managed
from idp.admin.activity import Names
from idp.admin.actor import Actor
from idp.admin.applications import PROVED_AGAIN, check_change, check_proofs
from idp.admin.permissions import Permission
from idp.audit import Event, find
from idp.audit.searching import Wanted, latest
from idp.protocols import Services


class NoSuchChange(LookupError):
    """The application has no such change that could be undone."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value, before and after."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry. `who`: as people call them; `can_undo`: the differences can be taken back."""

    id: str
    at: float
    action: str
    who: str
    address: str
    differences: tuple[Difference, ...]
    can_undo: bool


def of(services: Services, client_id: str, *, before: str = "", many: int = 20) -> tuple[Change, ...]:
    """The latest changes, the latest first; `before`: the id of the last one of the page before."""
    names = Names(services)
    found = latest(services.db, Wanted(client_id=client_id, action="client:*"), many, before)
    return tuple(_change(event, names) for event in reversed(found))


def undo(services: Services, actor: Actor, client_id: str, event_id: str) -> Client:
    """Put back what one change of this application replaced.

    Errors: `NotAllowed`, `NoSuchChange`, `clients.errors.ChangedMeanwhile` where a value is another one by now,
    `InvalidMetadata` where the old values may not be registered any more, `UnknownClient`.
    """
    actor.check_app(Permission.APPS_CHANGE, client_id)
    managed.guard(services, "application", client_id)
    event = find(services.db, event_id)
    if event is None or event.client_id != client_id or not _can_undo(event):
        raise NoSuchChange(event_id)
    check_change(actor, client_id, event.detail["changed"])
    check_proofs(services, actor, client_id, event.detail["changed"])
    return services.registry.undo(client_id, event.detail["changed"], record=actor.record(services))


def is_proved_again(services: Services, client_id: str, event_id: str) -> bool:
    """Whether a change was of what the application proves itself by, or of whom it may be: its undo is as sensitive."""
    event = find(services.db, event_id)
    return (
        event is not None
        and event.client_id == client_id
        and not PROVED_AGAIN.isdisjoint(event.detail.get("changed", ()))
    )


def _can_undo(event: Event) -> bool:
    return event.action == "client:update" and can_undo(event.detail.get("changed", {}))


def _change(event: Event, names: Names) -> Change:
    kind, _, id = event.actor.partition(":")
    who = names.person(id) if kind == "person" else names.client(id) if kind == "client" else None
    return Change(
        id=event.id, at=event.at, action=event.action, who=who or event.actor, address=event.address,
        differences=tuple(_differences(event.detail)), can_undo=_can_undo(event),
    )  # fmt: skip


def _differences(detail: Mapping[str, Any]) -> list[Difference]:
    return [Difference(key, *pair) for key, pair in detail.get("changed", {}).items() if key not in ("removed",)]
