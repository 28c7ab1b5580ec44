"""Change an application's settings: nothing typed is lost, no other admin's change is overwritten (B5, C4, C6)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from clients.client import Client
from clients.documents.address import in_path
from clients.errors import ChangedMeanwhile, InvalidMetadata, Problem
from idp import flash
from idp.admin import applications
from idp.admin.permissions import Permission
from idp.console import guard
from idp.console.apps import fields, showing
from idp.console.apps.finding import client_of
from idp.console.apps.labels import label_of
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.wire import Request, Response


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/apps/<id>/edit."""
    client = client_of(services, request, visit, Permission.APPS_CHANGE)
    if request.method == "POST":
        return _save(services, request, visit, client)
    edition, said = services.registry.as_registered(client.id)
    texts = fields.texts_of(client, said)
    return _page(services, request, visit, client, texts, edition, texts)


def _save(services: Services, request: Request, visit: Visit, client: Client) -> Response:
    edition, base = request.form.get("edition") or "", _base(request)
    typed = {key: request.form.first[key] for key in fields.kinds_of(client) if key in request.form.first}
    try:
        values = fields.changed(client, typed, base)
        if not values:
            return flash.redirect(services, f"/admin/apps/{in_path(client.id)}/edit", "app_same")
        if "client_name" in values and not values["client_name"]:
            raise InvalidMetadata(Problem("client_name", "expected a text of 1 to 200 characters"))
        applications.check_change(visit.actor, client.id, values)
        if (
            applications.PROVED_AGAIN & values.keys()
            and (asked := guard.prove_again(services, request, visit)) is not None
        ):
            return asked
        name = values.pop("client_name", None)
        change = applications.Change(metadata=values, name=name, edition=edition)
        applications.update(services, visit.actor, client, change)
    except InvalidMetadata as error:
        return _page(services, request, visit, client, typed, edition, base, problems=error.problems, status=400)
    except ChangedMeanwhile:
        return _conflict(services, request, visit, client, typed, base)
    return flash.redirect(services, f"/admin/apps/{in_path(client.id)}/history", "app_saved")


def _conflict(
    services: Services, request: Request, visit: Visit, client: Client, typed: Mapping[str, str],
    base: Mapping[str, str],
) -> Response:  # fmt: skip
    """Both values beside each other; what was not touched here is what stands now."""
    edition, said = services.registry.as_registered(client.id)
    now = fields.texts_of(client, said)
    texts, beside = dict(now), []
    for key, text in typed.items():
        if text.replace("\r\n", "\n").strip() != base.get(key, "").strip():
            texts[key] = text
        elif now.get(key, "") == base.get(key, ""):
            continue
        beside.append({"label": label_of(key), "key": key, "now": now.get(key, ""), "yours": texts[key]})
    return _page(services, request, visit, client, texts, edition, now, beside=beside, status=409)


def _page(
    services: Services, request: Request, visit: Visit, client: Client, texts: Mapping[str, str], edition: str,
    base: Mapping[str, str], *, problems: tuple[Problem, ...] = (), beside: Any = (), status: int = 200,
) -> Response:  # fmt: skip
    known = fields.kinds_of(client)
    named = [(one.field if one.field in known else "", _sentence(one, one.field in known)) for one in problems]
    return showing.page(
        services, request, visit, client, "console/apps/edit.html", status=status,
        parts=fields.parts(client, texts, problems), edition=edition, base=json.dumps(dict(base)), problems=named,
        beside=beside,
    )  # fmt: skip


def _sentence(problem: Problem, has_field: bool) -> str:
    return problem.message if has_field else str(problem)


def _base(request: Request) -> Mapping[str, str]:
    """What the form began with, as it says itself: it only tells what its own admin touched."""
    try:
        found = json.loads(request.form.get("base") or "{}")
    except (ValueError, RecursionError):
        return {}
    return {str(key): str(text) for key, text in found.items()} if isinstance(found, dict) else {}


PAGES = (
    ConsolePage("/admin/apps/<id>/edit", handle, Permission.APPS_CHANGE, Permission.APPS_CHANGE),
)  # fmt: skip
