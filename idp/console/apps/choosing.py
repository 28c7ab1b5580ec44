"""What is to be connected: a product of the gallery, or another application (R1, R2)."""

from __future__ import annotations

from clients.gallery import shelf
from clients.gallery.template import CATEGORIES, Template
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.wire import Request, Response


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/apps/new."""
    query = (request.query.get("q") or "")[:100]
    found = shelf.search(query) if query.strip() else shelf.everything()
    return frame.page(
        services, request, visit, "console/apps/choose.html", query=query, found=bool(found),
        shelves=[("", found)] if query.strip() and found else _by_category(found),
    )  # fmt: skip


def _by_category(found: tuple[Template, ...]) -> list[tuple[str, list[Template]]]:
    shelves = [(title, [one for one in found if one.category == key]) for key, title in CATEGORIES.items()]
    return [(title, products) for title, products in shelves if products]


PAGES = (ConsolePage("/admin/apps/new", show, Permission.APPS_CREATE),)
