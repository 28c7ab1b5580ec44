"""GET and POST /admin/providers/<id>/history: who changed it, with the difference, and undo (C6)."""

from __future__ import annotations

from typing import Any, Final

from idp import flash
from idp.admin.histories import providers as history
from idp.admin.histories.changes import Change, NoSuchChange
from idp.admin.permissions import Permission
from idp.console.pages import ConsolePage, Visit
from idp.console.providers import finding, forms
from idp.console.providers.finding import PATH, TAKEN
from idp.federation.checking import InvalidProvider
from idp.federation.keeping import ChangedMeanwhile, NameTaken
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

_ACTIONS: Final = {
    "provider:add": N_("Added"), "provider:change": N_("Changed"), "provider:remove": N_("Removed"),
    "provider:restore": N_("Brought back"), "provider:keys": N_("Other keys or addresses in its metadata"),
}  # fmt: skip
_CHANGED: Final = N_("It was changed again since then, so nothing was undone.")
_CANNOT: Final = N_("This change cannot be undone here.")


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """The history, or an undo."""
    if request.method != "POST":
        return _page(services, request, visit)
    try:
        provider_id = history.undo(services, visit.actor, (request.form.get("undo") or "")[:40])
    except NoSuchChange:
        return _page(services, request, visit, _CANNOT)
    except ChangedMeanwhile:
        return _page(services, request, visit, _CHANGED)
    except NameTaken:
        return _page(services, request, visit, TAKEN)
    except InvalidProvider as error:
        return _page(services, request, visit, str(error))
    there = any(one.action == "provider:remove" for one in history.of(services, visit.actor, provider_id, many=1))
    return flash.redirect(services, PATH if there else f"{PATH}/{provider_id}/history", "undone")


def _page(services: Services, request: Request, visit: Visit, problem: str = "") -> Response:
    one = finding.get(services, request, visit)
    found = history.of(services, visit.actor, one.provider.id, many=50)
    return finding.page(
        services, request, visit, one, "history.html", status=409 if problem else 200, problem=problem,
        history=[_told(each) for each in found],
    )  # fmt: skip


def _told(one: Change) -> dict[str, Any]:
    lines = [
        {"label": N_("On") if part.field == "enabled" else forms.label_of(part.field),
         "old": forms.lines_of(part.old), "new": forms.lines_of(part.new)}
        for part in one.differences
    ]  # fmt: skip
    return {
        "id": one.id, "at": one.at, "what": _ACTIONS.get(one.action, one.action), "who": one.who,
        "address": one.address, "lines": lines, "secret": one.secret, "can_undo": one.can_undo,
    }  # fmt: skip


PAGES = (ConsolePage(f"{PATH}/<id>/history", handle, Permission.PROVIDERS_READ, Permission.PROVIDERS_CHANGE),)
