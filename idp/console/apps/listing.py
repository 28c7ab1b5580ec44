"""The list of applications: search, filter, a page at a time (B4)."""

from __future__ import annotations

from typing import Any, Final, Literal
from urllib.parse import urlencode

from clients.search import MAX_QUERY, WHICH, Found, Which
from idp.admin import applications
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

PAGE: Final = 50
#: What the list may be narrowed to, in the words of the page.
FILTERS: Final[tuple[tuple[str, str], ...]] = (
    ("all", N_("All")),
    ("oidc", N_("OpenID Connect")),
    ("saml", N_("SAML")),
    ("off", N_("Turned off")),
    ("everyone", N_("Open to everyone")),
    ("self_registered", N_("Registered themselves")),
    ("unopened", N_("Opened by nobody for 90 days")),
    ("removed", N_("Removed")),
)


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/apps."""
    query = (request.query.get("q") or "")[:MAX_QUERY]
    which = _which(request.query.get("show"))
    may_restore = visit.actor.may(Permission.APPS_REMOVE)
    found = applications.search(
        services, visit.actor, query, which=which, after=request.query.get("after") or "", many=PAGE + 1
    )
    shown, more = found[:PAGE], len(found) > PAGE
    kept = {key: value for key, value in (("q", query), ("show", which if which != "all" else "")) if value}
    return frame.page(
        services, request, visit, "console/apps/list.html",
        apps=[row(one) for one in shown], query=query, which=which,
        filters=[one for one in FILTERS if one[0] != "removed" or may_restore],
        first=f"?{urlencode(kept)}" if "after" in request.query else "",
        next=f"?{urlencode({**kept, 'after': shown[-1].cursor})}" if more else "", many=PAGE,
    )  # fmt: skip


def _which(given: str | None) -> Which | Literal["unopened"]:
    if given == "unopened":
        return "unopened"
    for one in WHICH:
        if one == given:
            return one
    return "all"


def row(found: Found) -> dict[str, Any]:
    """One line of the list."""
    access = found.access
    return {
        "id": found.id, "name": found.name, "kind": found.kind, "profile": found.profile, "enabled": found.enabled,
        "removed": found.deleted_at is not None, "changed_at": found.changed_at,
        "access": {"everyone": access.everyone, "groups": sorted(access.groups), "persons": len(access.persons)},
    }  # fmt: skip


PAGES = (ConsolePage("/admin/apps", show, Permission.APPS_READ),)
