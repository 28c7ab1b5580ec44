"""The history of an application in the words of a page, and its undo (C6)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from clients.access import Access
from clients.documents.address import in_path
from clients.errors import ChangedMeanwhile, InvalidMetadata
from idp import flash
from idp.admin.histories import applications as app_history
from idp.admin.histories.changes import Change, Difference, NoSuchChange
from idp.admin.permissions import Permission
from idp.console import guard
from idp.console.apps import showing
from idp.console.apps.finding import client_of
from idp.console.apps.labels import label_of
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

MANY: Final = 20
ACTIONS: Final = {
    "client:register": N_("Connected"),
    "client:update": N_("Changed"),
    "client:disable": N_("Turned off"),
    "client:enable": N_("Turned on"),
    "client:remove": N_("Removed"),
    "client:restore": N_("Brought back"),
    "client:secret": N_("New secret made"),
    "client:secret_ended": N_("Secret ended"),
    "client:roles": N_("Its role changed"),
    "client:grants_ended": N_("All that people allowed it ended"),
}
_CANNOT = N_("This change cannot be undone here.")


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/apps/<id>/history."""
    if request.method == "POST":
        return _undo(services, request, visit)
    return _page(services, request, visit)


def _undo(services: Services, request: Request, visit: Visit) -> Response:
    client_id = client_of(services, request, visit, Permission.APPS_CHANGE).id
    event_id = request.form.get("undo") or ""
    if (
        app_history.is_proved_again(services, client_id, event_id)
        and (asked := guard.prove_again(services, request, visit)) is not None
    ):
        return asked
    try:
        app_history.undo(services, visit.actor, client_id, event_id)
    except NoSuchChange:
        return _page(services, request, visit, problem=_CANNOT, status=409)
    except ChangedMeanwhile as error:
        other = [Difference(key, wanted, now) for key, (now, wanted) in error.values.items()]
        return _page(services, request, visit, conflict=lines(other), status=409)
    except InvalidMetadata as error:
        return _page(services, request, visit, problem=str(error), status=409)
    return flash.redirect(services, f"/admin/apps/{in_path(client_id)}/history", "undone")


def _page(
    services: Services, request: Request, visit: Visit, *, problem: str = "", conflict: Any = (), status: int = 200
) -> Response:
    client = client_of(services, request, visit)
    before = (request.query.get("before") or "")[:40]
    found = app_history.of(services, client.id, before=before, many=MANY + 1)
    shown = found[:MANY]
    return showing.page(
        services, request, visit, client, "console/apps/history.html", status=status,
        history=told(shown), problem=problem, conflict=conflict, first="?" if before else "",
        next=f"?before={shown[-1].id}" if len(found) > MANY else "", many=MANY,
    )  # fmt: skip


def told(found: Iterable[Change]) -> list[dict[str, Any]]:
    """Each change for a page."""
    return [
        {"id": one.id, "at": one.at, "what": ACTIONS.get(one.action, one.action), "who": one.who,
         "address": one.address, "lines": lines(one.differences), "can_undo": one.can_undo}
        for one in found
    ]  # fmt: skip


def lines(differences: Iterable[Difference]) -> list[dict[str, Any]]:
    """Each value before and after, as text; of lists only what came and went."""
    return [_line(one) for one in differences]


def _line(one: Difference) -> dict[str, Any]:
    if isinstance(one.old or [], list) and isinstance(one.new or [], list):
        old, new = one.old or [], one.new or []
        gone, come = [v for v in old if v not in new], [v for v in new if v not in old]
        if gone or come:
            return {"label": label_of(one.field), "key": one.field, "old": texts(gone), "new": texts(come)}
    return {"label": label_of(one.field), "key": one.field, "old": texts(one.old), "new": texts(one.new)}


def texts(value: Any) -> list[str]:
    """A value for people, a line each; empty: it was not set."""
    if isinstance(value, dict) and "everyone" in value:
        access = Access.from_json(value)
        named = [*sorted(access.groups), *sorted(access.persons)]
        return ["everyone"] if access.everyone else named or ["nobody"]
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if value is None:
        return []
    return [json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)]


PAGES = (
    ConsolePage("/admin/apps/<id>/history", handle, Permission.APPS_READ, Permission.APPS_CHANGE),
)  # fmt: skip
