"""What somebody may open, and the rule that says so: their applications, looked at, never a session of theirs (U7)."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from clients.access import decide
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.people import finding
from idp.protocols import Services
from idp.wire import Request, Response

PAGE: Final = 50


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/people/<id>/apps."""
    person = finding.person_of(services, request, visit)
    query, after = (request.query.get("q") or "")[:200], request.query.get("after") or ""
    found = services.registry.search(query, "all", after, PAGE + 1)
    used = services.uses.of(person.id)
    now = services.clock()
    rows = [(app, decide(app, person.id, person.groups, now), used.get(app.id)) for app in found[:PAGE]]
    kept = {"q": query} if query else {}
    return frame.page(
        services, request, visit, "console/people/apps.html", whom=person, rows=rows, query=query,
        first=f"?{urlencode(kept)}" if after else "",
        next=f"?{urlencode({**kept, 'after': found[PAGE - 1].cursor})}" if len(found) > PAGE else "", many=PAGE,
    )  # fmt: skip


PAGES = (ConsolePage("/admin/people/<id>/apps", show, Permission.PEOPLE_READ),)
