"""GET and POST /admin/groups/<id>/history: who did what with it, who came and went, and undo (C6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from idp import flash
from idp.accounts.person import InvalidPerson
from idp.admin.histories import groups as histories
from idp.admin.histories.changes import Change, Difference, NoSuchChange
from idp.admin.histories.groups import ChangedMeanwhile
from idp.admin.permissions import Permission
from idp.console import finding_groups, frame
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

MANY: Final = 20
TITLES: Final[dict[str, str]] = {
    "group:added": N_("Made"),
    "group:renamed": N_("Another name"),
    "group:described": N_("Another description"),
    "group:provided": N_("Provided by somebody else, or by us again"),
    "group:added_only": N_("Who puts people in"),
    "group:nested": N_("A group was put in"),
    "group:unnested": N_("A group was taken out"),
    "group:owners": N_("Owners"),
    "group:members": N_("Members, by its source"),
    "person:groups": N_("Who is in it"),
}
_LABELS: Final[dict[str, str]] = {
    "name": N_("Name"),
    "description": N_("Description"),
    "source": N_("Provided by"),
    "added_only": N_("Admins put people in, too"),
    "groups": N_("Groups in it"),
    "owners": N_("Owners"),
    "members": N_("People in it"),
}
CHANGED: Final = N_("It was changed again since then, so nothing was undone.")
CANNOT: Final = N_("This change cannot be undone here.")


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """The history, or an undo."""
    if request.method != "POST":
        return _page(services, request, visit)
    group = finding_groups.group_of(services, request)
    event_id = (request.form.get("undo") or "")[:40]
    try:
        histories.undo(services, visit.actor, group, event_id)
    except NoSuchChange:
        return _page(services, request, visit, CANNOT)
    except ChangedMeanwhile:
        return _page(services, request, visit, CHANGED)
    except InvalidPerson as error:
        return _page(services, request, visit, error.message)
    still = finding_groups.find(services, request) is not None
    return flash.redirect(services, f"/admin/groups/{group.id}/history" if still else "/admin/groups", "undone")


def _page(services: Services, request: Request, visit: Visit, problem: str = "") -> Response:
    group = finding_groups.group_of(services, request)
    before = (request.query.get("before") or "")[:40]
    found = histories.of(services, visit.actor, group, before=before, many=MANY + 1)
    shown = found[:MANY]
    return frame.page(
        services, request, visit, "console/groups/history.html", status=409 if problem else 200, group=group,
        problem=problem, history=told(shown), first="?" if before else "",
        next=f"?before={shown[-1].id}" if len(found) > MANY else "", many=MANY,
    )  # fmt: skip


def told(found: Iterable[Change]) -> list[dict[str, Any]]:
    """Each change for a page."""
    return [
        {"id": one.id, "at": one.at, "what": TITLES.get(one.action, one.action), "who": one.who,
         "address": one.address, "lines": [_line(part) for part in one.differences], "can_undo": one.can_undo}
        for one in found
    ]  # fmt: skip


def _line(part: Difference) -> dict[str, Any]:
    in_words = isinstance(part.new, bool)
    return {"label": _LABELS[part.field], "old": _texts(part.old), "new": _texts(part.new), "in_words": in_words}


def _texts(value: Any) -> list[str]:
    if isinstance(value, bool):
        return [N_("yes") if value else N_("no")]
    if isinstance(value, (list, tuple)):
        return [str(one) for one in value]
    return [str(value)] if value else []


PAGES = (ConsolePage("/admin/groups/<id>/history", handle, Permission.GROUPS_READ, Permission.GROUPS_CHANGE),)
