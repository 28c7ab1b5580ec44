"""GET and POST /admin/providers: all of them, with whether each answers; those that can be brought back."""

from __future__ import annotations

from idp import flash
from idp.admin import providers
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.providers.finding import FULL, PATH, TAKEN
from idp.federation.keeping import NameTaken, TooMany, UnknownProvider
from idp.federation.kinds import KINDS
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

_GONE = N_("It cannot be brought back any more.")


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """The list, or one that is brought back."""
    if request.method != "POST":
        return _page(services, request, visit)
    try:
        back = providers.restore(services, visit.actor, (request.form.get("restore") or "")[:60])
    except UnknownProvider:
        return _page(services, request, visit, _GONE)
    except NameTaken:
        return _page(services, request, visit, TAKEN)
    except TooMany:
        return _page(services, request, visit, FULL)
    return flash.redirect(services, f"{PATH}/{back.provider.id}", "provider_back")


def _page(services: Services, request: Request, visit: Visit, problem: str = "") -> Response:
    return frame.page(
        services, request, visit, "console/providers/list.html", status=409 if problem else 200, problem=problem,
        providers=providers.list_of(services, visit.actor), removed=providers.removed(services, visit.actor),
        kinds=KINDS,
    )  # fmt: skip


PAGES = (ConsolePage(PATH, handle, Permission.PROVIDERS_READ, Permission.PROVIDERS_CHANGE),)
