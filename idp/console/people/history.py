"""Every change of somebody's account: who, when, from where, what was before and is after; and undo (C6)."""

from __future__ import annotations

import re
from typing import Any, Final

from idp import flash
from idp.accounts.person import InvalidPerson, PersonChanged
from idp.admin import person_attributes
from idp.admin.histories import people as person_history
from idp.admin.histories.changes import NoSuchChange
from idp.admin.permissions import Permission
from idp.audit import Event
from idp.console import frame, guard
from idp.console.pages import ConsolePage, Visit
from idp.console.people import finding
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

PAGE: Final = 50
_CHANGED: Final = N_("It was changed again since then, so nothing was undone.")
_CANNOT: Final = N_("This change cannot be undone here.")
TITLES: Final[dict[str, str]] = {
    "person:added": N_("Added"),
    "person:changed": N_("Details changed"),
    "person:exported": N_("Data downloaded"),
    "person:groups": N_("Groups changed"),
    "person:roles": N_("Roles changed"),
    "person:disabled": N_("Turned off"),
    "person:end_planned": N_("Planned to be turned off"),
    "person:end_withdrawn": N_("No longer planned to be turned off"),
    "person:off_failed": N_("Could not be turned off as planned"),
    "person:enabled": N_("Turned on"),
    "person:joined": N_("Joined with another account"),
    "person:unlocked": N_("Unlocked"),
    "person:secured": N_("“This was not me”: the password was taken away"),
    "password:set": N_("New password"),
    "link:made": N_("Link to set a password made"),
    "factor:added": N_("Authenticator added"),
    "factor:removed": N_("Authenticator removed"),
    "admin_code:issued": N_("One-time code issued"),
    "admin_code:approved": N_("One-time code approved"),
    "admin_code:used": N_("One-time code used"),
    "session:ended_others": N_("Signed out everywhere"),
    "case:opened": N_("Case opened"),
    "case:closed": N_("Case closed"),
}


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/people/<id>/history: the history, or an undo."""
    if request.method != "POST":
        return _page(services, request, visit)
    person = finding.person_of(services, request, visit, Permission.PEOPLE_CHANGE)
    event_id = (request.form.get("undo") or "")[:40]
    if (
        person_history.is_proved_again(services, person, event_id)
        and (asked := guard.prove_again(services, request, visit)) is not None
    ):
        return asked
    try:
        person_history.undo(services, visit.actor, person, event_id)
    except NoSuchChange:
        return _page(services, request, visit, _CANNOT)
    except PersonChanged:
        return _page(services, request, visit, _CHANGED)
    except InvalidPerson as error:
        return _page(services, request, visit, error.message)
    return flash.redirect(services, f"/admin/people/{person.id}/history", "undone")


def _page(services: Services, request: Request, visit: Visit, problem: str = "") -> Response:
    person = finding.person_of(services, request, visit)
    before = request.query.get("before") or ""
    before = before if re.fullmatch(r"[0-9a-v]{26}", before) else ""
    found = person_history.of(services, person, before=before, many=PAGE + 1)
    names: dict[str, str] = {}
    return frame.page(
        services, request, visit, "console/people/history.html", status=409 if problem else 200, whom=person,
        problem=problem, may_undo=not finding.why_not(services, visit, Permission.PEOPLE_CHANGE, person),
        events=[_shown(services, visit, event, names) for event in found[:PAGE]],
        first="?" if before else "", next=f"?before={found[PAGE - 1].id}" if len(found) > PAGE else "", many=PAGE,
    )  # fmt: skip


def _shown(services: Services, visit: Visit, event: Event, names: dict[str, str]) -> dict[str, Any]:
    actor = event.actor.removeprefix("person:")
    if actor not in names:
        found = services.directory.find(actor) if actor else None
        names[actor] = found.name if found is not None else event.actor
    detail = dict(person_history.shown(event, person_attributes.hidden_from(services, visit.actor)))
    before, after = detail.get("before"), detail.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        detail = {key: value for key, value in detail.items() if key not in ("before", "after", "fields")}
        detail |= {name: f"{_text(before.get(name))} → {_text(after.get(name))}" for name in after}
    return {
        "at": event.at, "title": TITLES[event.action], "by": names[actor], "address": event.address,
        "id": event.id, "can_undo": person_history.can_undo(event), "request_id": event.request_id,
        "detail": [(key, _text(value)) for key, value in detail.items()],
    }  # fmt: skip


def _text(value: Any) -> str:
    if value is None or value == "":
        return "–"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


PAGES = (ConsolePage("/admin/people/<id>/history", handle, Permission.PEOPLE_READ, Permission.PEOPLE_CHANGE),)
