"""The invitations of people who came by an import: one job each, queued as their row is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp import audit
from idp.accounts import invitations, inviting, roles
from idp.admin.actor import of_name
from idp.admin.invitation_words import words_of
from idp.admin.permissions import Permission
from idp.protocols import Services


def register(services: Services) -> None:
    """What the job queue does of this."""
    services.jobs.register("people.invite", lambda payload: invite(services, payload), retries=8, retry_delay=30)


def invite(services: Services, payload: Mapping[str, Any]) -> None:
    """Mail somebody their invitation, unless they have set a password, were turned off or removed meanwhile.

    Nor where it was withdrawn since it was asked for (`stamp`: of that moment), nor where whoever asked for it may not
    act on them any more; the record says so.
    """
    person = services.directory.find(str(payload["person"]))
    if person is None or not person.enabled or person.password_changed_at is not None:
        return
    by = str(payload.get("by", "doorward"))
    record, actor = audit.recorder(services.clock, by), of_name(services, by)
    held = roles.grants_of(services.db, person.id, person.roles, services.clock())
    if actor is None or not (actor.may_person(Permission.PEOPLE_HELP, person.groups) and actor.outranks(held)):
        why = (
            "whoever asked for it is turned off or gone" if actor is None else "they may not help this person any more"
        )
        record(services.db, "link:refused", {"person_id": person.id, "reason": why})
        return
    if inviting.stamp(services.db, person) != payload.get("stamp"):
        reason = "it was withdrawn after it was asked for"
        record(services.db, "link:refused", {"person_id": person.id, "reason": reason})
        return
    invited = invitations.send(services, person, words_of(services, actor, str(payload.get("note", ""))))
    detail = {"person_id": person.id, "purpose": invitations.PURPOSE, "mails": int(bool(invited.to))}
    record(services.db, "link:made", detail)
