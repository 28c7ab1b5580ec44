"""What an application would get of a chosen person (R3, R5, U7)."""

from __future__ import annotations

from idp.admin import preview
from idp.admin.permissions import Permission
from idp.console.apps.finding import client_of
from idp.console.apps.showing import page
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.wire import Request, Response


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/apps/<id>/preview; `?person=`: anything that they sign in with, or their id."""
    client = client_of(services, request, visit)
    typed = " ".join((request.query.get("person") or "").split())[:200]
    person = services.directory.find_named(typed) if typed else None
    shown = preview.of_person(services, visit.actor, client, person) if person is not None else None
    return page(services, request, visit, client, "console/apps/preview.html", typed=typed, who=person, preview=shown)


PAGES = (ConsolePage("/admin/apps/<id>/preview", show, Permission.APPS_READ),)
