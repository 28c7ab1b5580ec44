"""The invitations of people who came by an import: one job each, queued as their row is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp import audit
from idp.accounts import invitations
from idp.protocols import Services


def register(services: Services) -> None:
    """What the job queue does of this."""
    services.jobs.register("people.invite", lambda payload: invite(services, payload), retries=8, retry_delay=30)


def invite(services: Services, payload: Mapping[str, Any]) -> None:
    """Mail somebody their invitation, unless they have set a password, were turned off or removed meanwhile."""
    person = services.directory.find(str(payload["person"]))
    if person is None or not person.enabled or person.password_changed_at is not None:
        return
    invited = invitations.send(services, person, note=str(payload.get("note", "")))
    record = audit.recorder(services.clock, str(payload.get("by", "doorward")))
    detail = {"person_id": person.id, "purpose": invitations.PURPOSE, "mails": int(bool(invited.to))}
    record(services.db, "link:made", detail)
