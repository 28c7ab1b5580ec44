"""The list of reviews."""

from __future__ import annotations

from typing import Final

from idp.accounts import reviews as kept
from idp.admin import reviews
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.reviews import words
from idp.protocols import Services
from idp.wire import Request, Response

PAGE: Final = 50


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/reviews."""
    before = request.query.get("before") or ""
    before = before if before.isalnum() and before.isascii() and len(before) < 40 else ""
    found = reviews.listed(services, visit.actor, before, PAGE + 1)
    rows = [(one, kept.progress(services.db, one) if one.state == kept.OPEN else None) for one in found[:PAGE]]
    return frame.page(
        services, request, visit, "console/reviews/list.html", rows=rows, states=words.STATES, now=services.clock(),
        first="?" if before else "", next=f"?before={found[PAGE - 1].id}" if len(found) > PAGE else "", many=PAGE,
    )  # fmt: skip


PAGES = (ConsolePage("/admin/reviews", show, Permission.REVIEWS_READ),)
