"""The first page: what needs attention, and how sign-ins go (B3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from idp.admin import attention
from idp.admin.activity import Names
from idp.admin.permissions import Permission
from idp.audit import counting
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.wire import Redirect, Request, Response

_HOUR: Final = 3600.0
#: What may be looked at: how many steps of how many seconds.
_SPANS: Final[Mapping[str, tuple[int, float]]] = {"day": (24, _HOUR), "week": (7, 24 * _HOUR)}
_HEIGHT: Final = 96  # of the drawing's bars, in its own units


def home(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin; `?span=week`: the last seven days in place of the last 24 hours."""
    sees_all = visit.actor.scope(Permission.ACTIVITY_READ) is None
    span = "week" if request.query.get("span") == "week" else "day"
    return frame.page(
        services, request, visit, "console/overview.html", findings=attention.find(services, visit.actor),
        traffic=_traffic(services, span) if sees_all else None, span=span, known=frame.paths(),
    )  # fmt: skip


def _traffic(services: Services, span: str) -> dict[str, Any]:
    services.uses.flush()
    steps, seconds = _SPANS[span]
    now = services.clock()
    since = (now // seconds - steps + 1) * seconds
    bars = counting.sign_ins(services.db, since, now, seconds)
    names, most = Names(services), max((bar.good + bar.bad for bar in bars), default=0)
    return {
        "bars": [{"at": bar.at, "good": bar.good, "bad": bar.bad, "up": _HEIGHT * bar.good / (most or 1),
                  "down": _HEIGHT * bar.bad / (most or 1)} for bar in bars],
        "good": sum(bar.good for bar in bars), "bad": sum(bar.bad for bar in bars), "height": _HEIGHT,
        "apps": [(names.client(id) or id, n) for id, n in counting.by_application(services.db, since)],
        "failures": list(counting.by_failure(services.db, since)),
    }  # fmt: skip


def search(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/search: an error, a case, a person or an application by what was typed into the one box (B2)."""
    typed = " ".join((request.query.get("q") or "").split())[:200]
    spoken = re.fullmatch(r"([A-Za-z])[- ]?([2-9A-Za-z]{5})[- ]?([2-9A-Za-z]{5})", typed)
    if spoken:
        id = "-".join(part.upper() for part in spoken.groups())
        path = f"/admin/cases/{id}" if id.startswith("C-") else f"/admin/activity/{id}"
        return Redirect(location=services.url(path))
    if re.fullmatch(r"[0-9a-v]{26}", typed):
        return Redirect(location=services.url(f"/admin/activity/{typed}"))
    people, apps = _people(services, visit, typed), _apps(services, visit, typed)
    return frame.page(
        services, request, visit, "console/search.html", query=typed, people=people, apps=apps, known=frame.paths(),
    )  # fmt: skip


def _people(services: Services, visit: Visit, typed: str) -> list[dict[str, str]]:
    if not typed or not visit.actor.may(Permission.PEOPLE_READ):
        return []
    exact = services.directory.find_by_login(typed) or services.directory.find(typed)
    found = [*([exact] if exact else []), *services.directory.list(limit=20, search=typed)]
    mine = {one.id: one for one in found if visit.actor.may_person(Permission.PEOPLE_READ, one.groups)}
    return [{"id": one.id, "name": one.name, "username": one.username} for one in mine.values()]


def _apps(services: Services, visit: Visit, typed: str) -> list[dict[str, str]]:
    if not typed:
        return []
    wanted, after, found = typed.casefold(), None, list[dict[str, str]]()
    while len(found) < 20 and (page := services.registry.list(after, 1000)):
        found += [
            {"id": entry.id, "name": entry.name} for entry in page
            if (wanted in entry.name.casefold() or typed == entry.id)
            and visit.actor.may_app(Permission.APPS_READ, entry.id)
        ]  # fmt: skip
        after = page[-1].key
    return sorted(found[:20], key=lambda app: (app["name"].casefold() != wanted, app["name"].casefold()))


PAGES = (
    ConsolePage("/admin", home, Permission.OVERVIEW),
    ConsolePage("/admin/search", search, Permission.OVERVIEW),
)
