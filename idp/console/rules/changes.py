"""GET and POST /admin/rules/history: who changed which rule, with the difference, and undo (C6)."""

from __future__ import annotations

from typing import Any, Final

from idp import flash
from idp.accounts.sign_in_rules.keeping import ChangedMeanwhile, TooMany
from idp.admin.histories import rules as history
from idp.admin.histories.changes import Change, NoSuchChange
from idp.admin.permissions import Permission
from idp.admin.rules.changing import ShutsOut
from idp.admin.rules.checking import InvalidRule
from idp.admin.rules.protecting import AsksLess
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.rules import listing, words
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

MANY: Final = 20
_CHANGED: Final = N_("It was changed again since then, so nothing was undone.")
_CANNOT: Final = N_("This change cannot be undone here.")


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """The history, or an undo."""
    if request.method != "POST":
        return _page(services, request, visit)
    try:
        history.undo(services, visit.actor, (request.form.get("undo") or "")[:40])
    except NoSuchChange:
        return _page(services, request, visit, _CANNOT)
    except ChangedMeanwhile:
        return _page(services, request, visit, _CHANGED)
    except (ShutsOut, AsksLess) as error:
        return _page(services, request, visit, words.shut(error))
    except InvalidRule as error:
        return _page(services, request, visit, error.problems[0].message)
    except TooMany:
        return _page(services, request, visit, listing.FULL)
    return flash.redirect(services, "/admin/rules/history", "undone")


def _page(services: Services, request: Request, visit: Visit, problem: str = "") -> Response:
    before = (request.query.get("before") or "")[:40]
    found = history.of(services, visit.actor, before=before, many=MANY + 1)
    shown = found[:MANY]
    return frame.page(
        services, request, visit, "console/rules/history.html", status=409 if problem else 200, problem=problem,
        history=[_told(services, one) for one in shown], first="?" if before else "",
        next=f"?before={shown[-1].id}" if len(found) > MANY else "", many=MANY,
    )  # fmt: skip


def _told(services: Services, one: Change) -> dict[str, Any]:
    lines = [
        {"label": words.LABELS.get(part.field, part.field), "key": part.field,
         "old": words.values(services, part.field, part.old) if part.old is not None else [],
         "new": words.values(services, part.field, part.new) if part.new is not None else []}
        for part in one.differences
    ]  # fmt: skip
    return {
        "id": one.id, "at": one.at, "what": words.ACTIONS.get(one.action, one.action), "name": one.name,
        "who": one.who, "address": one.address, "lines": lines, "can_undo": one.can_undo,
    }  # fmt: skip


PAGES = (ConsolePage("/admin/rules/history", handle, Permission.RULES_READ, Permission.RULES_CHANGE),)
