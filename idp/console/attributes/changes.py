"""GET and POST /admin/attributes/history: who changed which definition, with the difference, and undo (C6)."""

from __future__ import annotations

from typing import Any, Final

from clients.attributes.kept import AttributeChanged
from clients.errors import InvalidMetadata
from idp import flash
from idp.admin.histories import attributes as history
from idp.admin.histories.changes import Change, NoSuchChange
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.attributes import words
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

MANY: Final = 20
PATH: Final = "/admin/attributes/history"
_CHANGED: Final = N_("It was changed again since then, so nothing was undone.")
_CANNOT: Final = N_("This change cannot be undone here.")


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """The history, or an undo."""
    if request.method != "POST":
        return _page(services, request, visit)
    try:
        history.undo(services, visit.actor, (request.form.get("undo") or "")[:40])
    except AttributeChanged:
        return _page(services, request, visit, _CHANGED)
    except NoSuchChange:
        return _page(services, request, visit, _CANNOT)
    except InvalidMetadata as error:
        return _page(services, request, visit, error.problems[0].message)
    return flash.redirect(services, PATH, "undone")


def _page(services: Services, request: Request, visit: Visit, problem: str = "") -> Response:
    before = (request.query.get("before") or "")[:40]
    found = history.of(services, visit.actor, before=before, many=MANY + 1)
    shown = found[:MANY]
    return frame.page(
        services, request, visit, "console/attributes/history.html", status=409 if problem else 200, problem=problem,
        history=list(map(_told, shown)), first="?" if before else "",
        next=f"?before={shown[-1].id}" if len(found) > MANY else "", many=MANY,
    )  # fmt: skip


def _told(one: Change) -> dict[str, Any]:
    lines = [
        {"label": words.LABELS.get(part.field, part.field), "in_words": True,
         "old": list(words.values(part.field, part.old)), "new": list(words.values(part.field, part.new))}
        for part in one.differences
    ]  # fmt: skip
    return {
        "id": one.id, "at": one.at, "what": words.ACTIONS.get(one.action, one.action), "name": one.name,
        "who": one.who, "address": one.address, "lines": lines, "can_undo": one.can_undo,
    }  # fmt: skip


PAGES = (ConsolePage(PATH, handle, Permission.ATTRIBUTES_READ, Permission.ATTRIBUTES_CHANGE),)
