"""GET /admin/providers/<id>/organisations: from where people of a federation may come, and how its list stands."""

from __future__ import annotations

from idp.admin import federations
from idp.admin.permissions import Permission
from idp.console.pages import ConsolePage, Visit
from idp.console.providers import finding
from idp.console.providers.finding import PATH
from idp.federation.keeping import UnknownProvider
from idp.protocols import Services
from idp.wire import Request, Response


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """The first of them, or those that were searched for."""
    one = finding.get(services, request, visit)
    typed = (request.query.get("q") or "").strip()[:200]
    try:
        seen = federations.organisations(services, visit.actor, one.provider.id, typed)
    except UnknownProvider:
        raise finding.gone() from None
    return finding.page(services, request, visit, one, "organisations.html", seen=seen, typed=typed)


PAGES = (ConsolePage(f"{PATH}/<id>/organisations", handle, Permission.PROVIDERS_READ),)
