"""GET and POST /admin/providers/<id>/remove: what it costs, in numbers; then it is gone, unless brought back."""

from __future__ import annotations

from idp import flash
from idp.admin import providers
from idp.admin.permissions import Permission
from idp.console.pages import ConsolePage, Visit
from idp.console.providers import finding
from idp.console.providers.finding import PATH
from idp.protocols import Services
from idp.wire import Request, Response


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """The numbers, or the removal."""
    one = finding.get(services, request, visit)
    if request.method == "POST":
        providers.remove(services, visit.actor, one.provider.id)
        return flash.redirect(services, PATH, "provider_gone")
    cost = providers.cost(services, visit.actor, one.provider.id)
    return finding.page(services, request, visit, one, "remove.html", cost=cost)


PAGES = (
    ConsolePage(f"{PATH}/<id>/remove", handle, Permission.PROVIDERS_CHANGE, Permission.PROVIDERS_CHANGE),
)  # fmt: skip
