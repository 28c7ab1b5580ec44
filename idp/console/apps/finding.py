"""The application that an address names, for those who may see it."""

from __future__ import annotations

from clients.client import Client
from clients.snapshots import Entry
from idp.admin.permissions import Permission
from idp.console.pages import Visit
from idp.errors import Explanation, Refused
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request


def client_of(
    services: Services, request: Request, visit: Visit, permission: Permission = Permission.APPS_READ
) -> Client:
    """The application of `/admin/apps/<id>…`. Errors: `NotAllowed`, also for one that is not there; `Refused`."""
    visit.actor.check_app(permission, request.segment)
    found = services.registry.find(request.segment)
    if found is None:
        raise no_such_app()
    return found


def removed_of(services: Services, request: Request, visit: Visit) -> Entry | None:
    """The application where it was removed and can be brought back. Errors: `NotAllowed`."""
    visit.actor.check_app(Permission.APPS_READ, request.segment)
    return services.registry.find_removed(request.segment)


def no_such_app() -> Refused:
    """What is said of an id that nothing has."""
    return Refused(
        "no_such_app",
        N_("There is no application with this id."),
        title=N_("Page not found"),
        advice=N_("Perhaps it was removed more than 30 days ago. The list has all that there are."),
        explanation=Explanation("person", "`doorward client list --removed` shows those that can be brought back"),
        status=404,
    )
