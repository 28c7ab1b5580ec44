"""The list of people: search, filter, a page at a time (U1, B4)."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from idp.accounts.listing import FILTERS
from idp.admin import looking, registrations
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.people import many
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

PAGE: Final = 50
MAX_QUERY: Final = 200
#: What the list may be narrowed to, in the words of the page.
WORDS: Final[tuple[tuple[str, str], ...]] = (
    ("", N_("Everybody")),
    ("paused", N_("Locked or paused")),
    ("disabled", N_("Turned off")),
    ("never", N_("Never signed in")),
    ("invited", N_("Invited, no password yet")),
    ("no_factor", N_("No second factor")),
    ("must_reset", N_("Must set a new password")),
    ("ending", N_("Turned off at a moment")),
    ("role", N_("Has a role")),
    ("role_unused", N_("Has a role, and stays away")),
)


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/people."""
    query = (request.query.get("q") or "")[:MAX_QUERY]
    state = request.query.get("show") or ""
    state = state if state in FILTERS else ""
    after = request.query.get("after") or ""
    page = looking.look(
        services, visit.actor, query, filters=(state,) if state else (), after=after, many=PAGE
    )  # fmt: skip
    decides = visit.actor.may(Permission.PEOPLE_CREATE)
    kept = {key: value for key, value in (("q", query), ("show", state)) if value}
    return frame.page(
        services, request, visit, "console/people/list.html",
        asking=registrations.count(services, visit.actor) if decides else 0,
        actions=many.offered(visit), rows=[*page.exact, *page.found], query=query, state=state, filters=WORDS,
        limited=sorted(visit.actor.scope(Permission.PEOPLE_READ) or ()),
        first=f"?{urlencode(kept)}" if after else "",
        next=f"?{urlencode({**kept, 'after': page.next})}" if page.next else "", many=PAGE,
    )  # fmt: skip


PAGES = (ConsolePage("/admin/people", show, Permission.PEOPLE_READ),)
