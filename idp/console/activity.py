"""The record: who did what to whom, from where; and what stands behind an error's id (B2, O1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from idp import flash
from idp.accounts.person import Person
from idp.admin import activity, applications, conversation, error_links, person_attributes, problems
from idp.admin.actor import Actor, NotAllowed
from idp.admin.checking import readers
from idp.admin.permissions import Permission
from idp.audit import Event, causes
from idp.audit.searching import Wanted, is_failure, latest
from idp.console import frame, story_shown
from idp.console.apps import found_shown
from idp.console.pages import ConsolePage, Visit
from idp.errors import Refused
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

PAGE: Final = 50  # events
FILTERS: Final = ("person", "app", "action", "since", "until", "failed", "before")
MAX_STARS: Final = 3  # in a pattern: the store's own matching takes far longer with each
_SHOWN_APART: Final = frozenset(("findings", "field", "expected", "got", "is_about", *activity.TRAIL))
_EVENT_ID: Final = re.compile(r"[0-9a-v]{26}")
_ACTION: Final = re.compile(r"[a-z_*]{1,40}(:[a-z0-9_*.-]{1,60})?")


@dataclass
class Filters:
    """What was asked for, as it was typed, and what is wrong with it, by the field's name."""

    typed: dict[str, str]
    problems: dict[str, str] = field(default_factory=dict)
    person_id: str | None = None
    client_id: str | None = None


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/activity."""
    filters = Filters({name: " ".join((request.query.get(name) or "").split())[:200] for name in FILTERS})
    wanted = wanted_of(services, visit.actor, filters)
    events: list[Event] = []
    before = filters.typed["before"] if _EVENT_ID.fullmatch(filters.typed["before"]) else ""
    if wanted is not None:
        found = reversed(latest(services.db, wanted, PAGE + 1, before))
        events = person_attributes.events_for(services, visit.actor, found)
    named = activity.Names(services)
    query = urlencode({name: text for name, text in filters.typed.items() if text and name != "before"})
    return frame.page(
        services, request, visit, "console/activity.html", filters=filters.typed, problems=filters.problems,
        rows=[_row(event, named) for event in events[:PAGE]], older=events[PAGE - 1].id if len(events) > PAGE else "",
        is_first=not before, kept=query, asks=wanted is None and not filters.problems,
    )  # fmt: skip


def explain(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/activity/<id>: of an error, or of an event; POST: a link for the application's people."""
    found = activity.find(services, request.segment[:64])
    if not found:
        days = services.settings.audit.retention_days
        raise Refused(
            "no_such_event", N_("Nothing is recorded under this id."), title=N_("No such error or event"),
            advice=N_(
                "Check the id. Events stay for %(days)s days, and in a flood of errors only the log has them all.",
                days=days,
            ),
            detail="no event has the id that was asked for", status=404,
        )  # fmt: skip
    event = found[0]
    _check_event(services, visit.actor, event)
    made = ""
    if request.method == "POST":
        if request.form.get("do") != "share":
            error_links.withdraw(services, visit.actor, event)
            return flash.redirect(services, f"/admin/activity/{event.error_id or event.id}", "check_withdrawn")
        made = services.url(f"/app-error/{error_links.share(services, visit.actor, event)}")
    named = activity.Names(services)
    event, *others = person_attributes.events_for(services, visit.actor, causes.of_event(event))
    also = [_also(services, visit.actor, one, named) for one in others]
    findings = readers.found_by(problems.findings_of(event), readers.reader_of(visit.actor))
    findings = problems.with_person(services, event, findings)
    return frame.page(
        services, request, visit, "console/event.html", event=_row(event, named), story=activity.story(event, named),
        detail={key: activity.told(key, value) for key, value in event.detail.items() if key not in _SHOWN_APART},
        found=found_shown.of_findings(findings) if findings else None,
        around=story_shown.of(services, visit.actor, event) if is_failure(event.action) else None,
        kinds=story_shown.KINDS, statuses=story_shown.STATUS, made=made, also=also,
        may_share=error_links.can_share(services, visit.actor, event), link=error_links.find_link(services, event),
    )  # fmt: skip


def _also(services: Services, actor: Actor, event: Event, named: activity.Names) -> dict[str, Any]:
    """Another cause of what was told under the same id."""
    findings = readers.found_by(problems.findings_of(event), readers.reader_of(actor))
    findings = problems.with_person(services, event, findings)
    steps = conversation.of_event(services, actor, event)
    return {**activity.also(event, named), "found": found_shown.of_findings(findings), "steps": steps}


def wanted_of(services: Services, actor: Actor, filters: Filters) -> Wanted | None:
    """What is to be looked for; None where something is wrong, or a limited actor has not said of whom."""
    typed = filters.typed
    if typed["person"]:
        person = services.directory.find_named(typed["person"])
        filters.person_id = person.id if person is not None else None
        if person is None or not _may_see(actor, person):
            filters.problems["person"] = N_("Nobody has this username, e-mail address, employee number or id.")
    if typed["app"]:
        filters.client_id = _app(services, actor, typed["app"])
        if filters.client_id is None:
            filters.problems["app"] = N_("No application has this name or id.")
    if typed["action"] and (not _ACTION.fullmatch(typed["action"]) or typed["action"].count("*") > MAX_STARS):
        filters.problems["action"] = N_("Expected an action such as session:started or client:*")
    since, until = _day(filters, "since"), _day(filters, "until")
    if filters.problems or (actor.scope(Permission.ACTIVITY_READ) is not None and not _is_theirs(filters)):
        return None
    return Wanted(
        person_id=filters.person_id, client_id=filters.client_id, action=typed["action"], failed=bool(typed["failed"]),
        since=since or 0.0, until=until + 86400 if until is not None else None,
    )  # fmt: skip


def _is_theirs(filters: Filters) -> bool:
    """Whoever looks after some applications, or helps some groups, says which; both were checked."""
    return filters.person_id is not None or filters.client_id is not None


def _app(services: Services, actor: Actor, given: str) -> str | None:
    try:
        found = applications.find(services, given)
    except applications.Ambiguous as error:
        found = services.registry.find(error.ids[0])
    if found is None or not actor.may_app(Permission.ACTIVITY_READ, found.id):
        return None
    return found.id


def _may_see(actor: Actor, person: Person) -> bool:
    return actor.may_person(Permission.ACTIVITY_READ, person.groups)


def _check_event(services: Services, actor: Actor, event: Event) -> None:
    """Errors: `NotAllowed` where it is about nobody and nothing that this actor looks after."""
    if not activity.may_see(services, actor, event):
        raise NotAllowed(Permission.ACTIVITY_READ, "this event is not about anybody or anything that you look after")


def _day(filters: Filters, name: str) -> float | None:
    given = filters.typed[name]
    if not given:
        return None
    try:
        day = datetime.strptime(given, "%Y-%m-%d").replace(tzinfo=UTC)
        (day + timedelta(days=1)).timestamp()
    except (ValueError, OverflowError):
        filters.problems[name] = N_("Expected a day such as 2026-12-31")
        return None
    return day.timestamp()


def _row(event: Event, named: activity.Names) -> dict[str, Any]:
    """An event for the pages; who and what by their names."""
    return {
        "id": event.id,
        "at": event.at,
        "action": event.action,
        "failed": is_failure(event.action),
        "by": (named.person(event.actor.removeprefix("person:")) or event.actor) if event.actor else "",
        "person_id": event.person_id,
        "person": named.person(event.person_id) or event.person_id or "",
        "client_id": event.client_id,
        "app": named.client(event.client_id) or event.client_id or "",
        "address": event.address,
        "error_id": event.error_id or "",
        "request_id": event.request_id,
        "more": activity.more_of(event.detail),
    }


PAGES = (
    ConsolePage("/admin/activity", show, Permission.ACTIVITY_READ),
    ConsolePage("/admin/activity/<id>", explain, Permission.ACTIVITY_READ, Permission.APPS_CHANGE),
)
