"""Turn an application off and on, remove it and bring it back: what that ends is said in numbers first (B5, R7)."""

from __future__ import annotations

from clients.client import Client
from clients.documents.address import in_path
from clients.errors import InvalidMetadata, UnknownClient
from idp import flash
from idp.admin import app_standing, applications
from idp.admin.permissions import Permission
from idp.console.apps import showing
from idp.console.apps.finding import client_of, no_such_app
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Redirect, Request, Response

_NAME = N_("Type the name of the application exactly as it stands above.")


def turn(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/apps/<id>/state."""
    client = client_of(services, request, visit, Permission.APPS_CHANGE)
    if request.method != "POST":
        return _page(services, request, visit, client)
    if request.form.get("do") != "on":
        applications.turn_off(services, visit.actor, client)
        return flash.redirect(services, f"/admin/apps/{in_path(client.id)}/state", "app_off")
    try:
        applications.turn_on(services, visit.actor, client)
    except InvalidMetadata as error:
        return _page(services, request, visit, client, problem=error.problems[0].message, status=400)
    return flash.redirect(services, f"/admin/apps/{in_path(client.id)}/state", "app_on")


def remove(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/apps/<id>/remove; a removed one is brought back by it."""
    visit.actor.check_app(Permission.APPS_REMOVE, request.segment)
    if services.registry.find_removed(request.segment) is not None:
        if request.method != "POST" or request.form.get("do") != "restore":
            return Redirect(location=services.url(f"/admin/apps/{in_path(request.segment)}"))
        try:
            applications.restore(services, visit.actor, request.segment)
        except UnknownClient as error:
            raise no_such_app() from error
        return flash.redirect(services, f"/admin/apps/{in_path(request.segment)}", "app_back")
    client = client_of(services, request, visit, Permission.APPS_REMOVE)
    if request.method != "POST" or request.form.get("do") == "restore":
        return Redirect(location=services.url(f"/admin/apps/{in_path(client.id)}/state"))
    if (request.form.get("name") or "").strip() != client.name:
        return _page(services, request, visit, client, wrong=_NAME, status=400)
    applications.remove(services, visit.actor, client)
    return flash.redirect(services, f"/admin/apps/{in_path(client.id)}", "app_removed")


def _page(
    services: Services, request: Request, visit: Visit, client: Client, *, problem: str = "", wrong: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    return showing.page(
        services, request, visit, client, "console/apps/state.html", status=status, problem=problem, wrong=wrong,
        typed=(request.form.get("name") or "") if wrong else "", standing=app_standing.of(services, client),
    )  # fmt: skip


PAGES = (
    ConsolePage("/admin/apps/<id>/state", turn, Permission.APPS_CHANGE, Permission.APPS_CHANGE),
    ConsolePage("/admin/apps/<id>/remove", remove, Permission.APPS_REMOVE, Permission.APPS_REMOVE),
)
