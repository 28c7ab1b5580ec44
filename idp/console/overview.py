"""The first page of the console (B3)."""

from __future__ import annotations

from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.wire import Request, Response


def home(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin."""
    return frame.page(services, request, visit, "console/overview.html")


PAGES = (ConsolePage("/admin", home, Permission.OVERVIEW),)
