"""Invitations: who waits, mail some again with words of one's own, withdraw some (U1)."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from idp import mail
from idp.accounts.invitations import MAX_NOTE
from idp.accounts.person import InvalidPerson
from idp.admin import invitations
from idp.admin.bulk import verbs
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Redirect, Request, Response

P = Permission
PATH: Final = "/admin/people/invitations"
MANY: Final = 50
STATES: Final[tuple[tuple[str, str], ...]] = (
    ("", N_("All of them")),
    ("waiting", N_("The link works")),
    ("expired", N_("The link has expired")),
    ("withdrawn", N_("Withdrawn")),
)
WAYS: Final = {"mail": N_("by mail"), "link": N_("a link to hand out"), "none": N_("no mail has left")}
_ACTIONS: Final = {"invite": "invite", "withdraw": "withdraw"}
_NOBODY: Final = N_("Nobody was chosen, so nothing was done. Tick some in the list.")


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/people/invitations."""
    problems: dict[str, str] = {}
    chosen = [value for name, value in request.form.pairs if name == "person"] if request.method == "POST" else []
    if request.method == "POST":
        try:
            batch = verbs.start(
                services, visit.actor, _ACTIONS.get(request.form.get("action") or "", ""), chosen,
                note=request.form.get("note") or "",
            )  # fmt: skip
            return Redirect(location=services.url(f"/admin/people/many/{batch.id}"))
        except InvalidPerson as error:
            problems = {"note": error.message} if error.field == "note" else {"": _NOBODY}
    return frame.page(
        services, request, visit, "console/people/invitations.html", status=422 if problems else 200,
        problems=problems, chosen=chosen, typed=request.form.get("note") or "" if problems else "", states=STATES,
        ways=WAYS, many=MANY, most=MAX_NOTE, leaves=mail.leaves(services),
        acts=visit.actor.may(P.PEOPLE_HELP), **_found(services, request, visit),
    )  # fmt: skip


def _found(services: Services, request: Request, visit: Visit) -> dict[str, Any]:
    asked = request.form.first if request.method == "POST" else request.query
    query, state = (asked.get("q") or "")[:200], asked.get("show") or ""
    state = state if state in invitations.FILTERS else ""
    after = asked.get("after") or ""
    page = invitations.listed(services, visit.actor, query, state=state, after=after, many=MANY)
    kept = {key: value for key, value in (("q", query), ("show", state)) if value}
    return {
        "rows": page.rows, "query": query, "state": state, "after": after,
        "first": f"?{urlencode(kept)}" if after else "",
        "next": f"?{urlencode({**kept, 'after': page.next})}" if page.next else "",
    }  # fmt: skip


PAGES = (ConsolePage(PATH, show, P.PEOPLE_READ, P.PEOPLE_HELP),)
