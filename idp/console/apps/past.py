"""Who could open an application at another time, why, and whether they did; and the same as a file (R4, O1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from clients.client import Client
from clients.snapshots import Entry
from idp import language
from idp.admin import past_access
from idp.admin.past_access import Known, Reach, Stretch, Window
from idp.admin.permissions import Permission
from idp.console.apps import showing
from idp.console.apps.finding import no_such_app, removed_of
from idp.console.files import download
from idp.console.pages import ConsolePage, Visit
from idp.ids import PERSON_ID
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

PAGE: Final = 100  # people
_DAY_WRONG: Final = N_("Expected a day such as 2026-12-31, or a time such as 2026-12-31T08:00")
_NOBODY: Final = N_("Nobody has, or had, this name.")
_RULES: Final = {
    "everyone": N_("Everyone could open it"),
    "person": N_("Named for it"),
    "disabled": N_("The application was turned off"),
    "nobody": N_("Nobody could open it"),
    "not listed": N_("Neither named for it nor in one of its groups"),
    "not yet": N_("Their access had not begun yet"),
    "ended": N_("Their access had ended"),
    "no application": N_("There was no such application"),
    "no account": N_("There was no such account"),
    "account off": N_("The account was shut out"),
}


@dataclass
class Asked:
    """What was typed, and what is wrong with it, by the field's name."""

    typed: dict[str, str]
    problems: dict[str, str] = field(default_factory=dict)


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/apps/<id>/past; `from`, `until`: days or times; `person`; POST: the answer as a file."""
    visit.actor.check_app(Permission.ACTIVITY_READ, request.segment)
    client = services.registry.find(request.segment) or removed_of(services, request, visit)
    source = request.form if request.method == "POST" else request.query
    asked = Asked({name: " ".join((source.get(name) or "").split())[:200] for name in ("from", "until", "person")})
    try:
        about = past_access.known(services, visit.actor, request.segment, _window(services, request, asked))
    except past_access.UnknownApp:
        raise no_such_app() from None
    if client is None:
        client = _gone(about)
    if request.method == "POST" and not asked.problems:
        return _file(services, visit, about, request.form.get("format") or "")
    return _page(services, request, visit, client, asked, about)


def _file(services: Services, visit: Visit, about: Known, format: str) -> Response:
    """As long as there are people: it is made while it is sent."""
    format = format if format in past_access.FORMATS else "csv"
    lines = past_access.exported(services, visit.actor, about, format)
    name = re.sub(r"[^a-z0-9]+", "-", about.name.casefold()).strip("-") or "application"
    return download(lines, past_access.FORMATS[format], f"access-{name}.{format}")


def _page(
    services: Services, request: Request, visit: Visit, client: Client | Entry, asked: Asked, about: Known
) -> Response:
    after = request.query.get("after") or ""
    people: list[Reach] = []
    why: dict[str, Any] | None = None
    if asked.typed["person"] and not asked.problems:
        why = _why(services, visit, asked, about)
    elif not asked.problems:
        start = after if PERSON_ID.fullmatch(after) else ""
        people = list(islice(past_access.who(services, visit.actor, about, start), PAGE + 1))
    query = urlencode({name: text for name, text in asked.typed.items() if text})
    return showing.page(
        services, request, visit, client, "console/apps/past.html", status=400 if asked.problems else 200,
        typed=asked.typed, problems=asked.problems, about=about, kept=query, why=why,
        rows=[_row(reach) for reach in people[:PAGE]], next=people[PAGE - 1].person_id if len(people) > PAGE else "",
        is_first=not after, may_export=visit.actor.may(Permission.ACTIVITY_EXPORT),
    )  # fmt: skip


def _why(services: Services, visit: Visit, asked: Asked, about: Known) -> dict[str, Any] | None:
    person_id = past_access.find_person(services, visit.actor, asked.typed["person"])
    if person_id is None:
        asked.problems["person"] = _NOBODY
        return None
    username, parts, opened = past_access.why(services, visit.actor, about, person_id)
    return {"person": username or person_id, "parts": [_part(one) for one in parts], "opened": opened}


def _row(reach: Reach) -> dict[str, Any]:
    return {"person": reach.username or reach.person_id, "person_id": reach.person_id,
            "parts": [_part(one) for one in reach.could], "opened": reach.opened}  # fmt: skip


def _part(one: Stretch) -> dict[str, Any]:
    kind, _, group = one.decision.rule.partition(":")
    return {"since": one.since, "until": one.until, "since_seen": one.since_seen, "until_seen": one.until_seen,
            "allowed": one.decision.allowed, "group": group if kind == "group" else "",
            "rule": _RULES.get(one.decision.rule, one.decision.rule)}  # fmt: skip


def _gone(about: Known) -> Entry:
    """An application that went for good, as far as its past has it."""
    last = about.rules[-1].since if about.rules else 0.0
    return Entry(about.client_id, "oidc", about.name, "web", False, last, last, last)


def _window(services: Services, request: Request, asked: Asked) -> Window:
    """What the fields mean, in the person's own time zone; yesterday where they say nothing."""
    zone, now = ZoneInfo(language.zone_for(request)), services.clock()
    today = datetime.fromtimestamp(now, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    if not asked.typed["from"] and not asked.typed["until"]:
        asked.typed["from"] = asked.typed["until"] = (today - timedelta(days=1)).strftime("%Y-%m-%d")
    first, last = _moment(asked, "from", zone), _moment(asked, "until", zone)
    since, until = first[0] if first else 0.0, last[1] if last else now
    if until <= since and not asked.problems:
        asked.problems["until"] = N_("The end is before the beginning.")
    return Window(since, max(since, until))


def _moment(asked: Asked, name: str, zone: ZoneInfo) -> tuple[float, float] | None:
    """The beginning and the end of a day, or twice a moment; None where there is none, or it is wrong."""
    given = asked.typed[name]
    if not given:
        return None
    try:
        at = datetime.fromisoformat(given)
        at = at.replace(tzinfo=zone) if at.tzinfo is None else at
        end = at + timedelta(days=1) if len(given) <= 10 else at
        return at.timestamp(), end.timestamp()
    except (ValueError, OverflowError):
        asked.problems[name] = _DAY_WRONG
        return None


PAGES = (
    ConsolePage("/admin/apps/<id>/past", handle, Permission.APPS_READ, Permission.ACTIVITY_EXPORT),
)  # fmt: skip
