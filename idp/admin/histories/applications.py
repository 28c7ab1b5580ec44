"""The history of an application: who changed what, when, from where; and a change taken back (C6)."""

from __future__ import annotations

from itertools import islice
from typing import Final

from clients.client import Client
from clients.undoing import can_undo
from idp.admin import managed, releasing
from idp.admin.activity import Names
from idp.admin.actor import Actor
from idp.admin.applications import PROVED_AGAIN, check_change, check_proofs
from idp.admin.histories import changes
from idp.admin.histories.changes import Change, NoSuchChange
from idp.admin.permissions import Permission
from idp.audit import Event, find
from idp.protocols import Services

#: What is on record of an application and changed nothing of it.
NO_CHANGE: Final = frozenset(
    ("client:refused", "client:previewed", "client:check_started", "client:check_ended", "client:check_shared",
     "client:check_unshared", "client:error_shared", "client:error_unshared")
)  # fmt: skip
_PAGE: Final = 50  # events that are read at once


def of(services: Services, client_id: str, *, before: str = "", many: int = 20) -> tuple[Change, ...]:
    """The latest changes, the latest first; `before`: the id of the last one of the page before."""
    names = Names(services)
    found = changes.events_of(services, "client:*", before, client_id=client_id, page=max(many, _PAGE))
    return tuple(_change(event, names) for event in islice((one for one in found if one.action not in NO_CHANGE), many))


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
    back = {key: old for key, (old, _) in event.detail["changed"].items() if key in releasing.TELLING}
    releasing.check(services, actor, client_id, back)
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
    differences = {key: pair for key, pair in event.detail.get("changed", {}).items() if key != "removed"}
    return changes.entry(
        event, names, of=event.client_id or "", can_undo=_can_undo(event), differences=differences
    )  # fmt: skip
