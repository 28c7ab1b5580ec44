"""Turn somebody off, with the evidence; on again; and all that became of their account (U2, C6)."""

from __future__ import annotations

from idp.accounts.person import InvalidPerson
from idp.admin import person_attributes, turning_off
from idp.admin.histories import people as person_history
from idp.admin.histories.changes import NoSuchChange
from idp.admin.permissions import Permission
from idp.api import paging
from idp.api.models import moment
from idp.api.operations import Answer, Call
from idp.api.people import finding
from idp.api.people import models as m
from idp.api.problems import Problem, not_found
from idp.audit import Event
from idp.protocols import Services


def disable(services: Services, call: Call) -> m.Evidence:
    """POST /people/<id>/disable."""
    person = finding.get(services, call, Permission.PEOPLE_TURN_OFF)
    if not person.enabled:
        raise Problem("conflict", "They are turned off already; GET …/evidence says since when.")
    try:
        person = turning_off.turn_off(services, call.actor, person)
    except InvalidPerson as error:  # the last owner
        raise Problem("conflict", f"{error.message}.".capitalize()) from None
    return _evidence(turning_off.evidence_of(services, person))


def enable(services: Services, call: Call) -> Answer:
    """POST /people/<id>/enable."""
    person = finding.get(services, call, Permission.PEOPLE_TURN_OFF)
    return finding.answered(services, call, turning_off.turn_on(services, call.actor, person))


def evidence(services: Services, call: Call) -> m.Evidence:
    """GET /people/<id>/evidence."""
    return _evidence(turning_off.evidence_of(services, finding.get(services, call)))


def _evidence(found: turning_off.Evidence | None) -> m.Evidence:
    if found is None:
        raise not_found("evidence: they were never turned off")
    told = tuple(
        m.Told(client_id=one.client_id, name=one.name, answer=found.answers[turning_off.key(one)])
        for one in found.effect.applications
    )
    return m.Evidence(
        at=moment(found.at), by=found.by, sessions=found.effect.sessions, grants=found.effect.grants,
        applications=told, event_id=found.event_id,
    )  # fmt: skip


def history(services: Services, call: Call) -> m.History:
    """GET /people/<id>/history."""
    person = finding.get(services, call)
    before = paging.place(services, call) or ""
    found = person_history.of(services, person, before=before, many=call.query.limit + 1)
    shown = found[: call.query.limit]
    more = paging.cursor(services, call, shown[-1].id) if len(found) > len(shown) else None
    hidden = person_attributes.hidden_from(services, call.actor)
    return m.History(items=tuple(_event(one, hidden) for one in shown), next=more)


def undo(services: Services, call: Call) -> Answer:
    """POST /people/<id>/history/<change>/undo."""
    person = finding.get(services, call, Permission.PEOPLE_CHANGE)
    try:
        person = person_history.undo(services, call.actor, person, call.path["change"])
    except NoSuchChange:
        raise Problem("not-found", "Their account has no such change that could be undone.") from None
    except InvalidPerson as error:
        raise Problem("conflict", error.message) from None
    return finding.answered(services, call, person)


def _event(event: Event, hidden: frozenset[str]) -> m.Event:
    return m.Event(
        id=event.id, at=moment(event.at), action=event.action, actor=event.actor, address=event.address,
        request_id=event.request_id, detail=person_history.shown(event, hidden),
        can_undo=person_history.can_undo(event),
    )  # fmt: skip
