"""The history of an account: who changed what of somebody, when, from where, and why (C6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from idp import audit
from idp.accounts.person import Person
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


def shown(event: Event) -> Mapping[str, Any]:
    """What an event says of the change."""
    return {key: event.detail[key] for key in _SHOWN if event.detail.get(key) not in (None, "", [], {})}
