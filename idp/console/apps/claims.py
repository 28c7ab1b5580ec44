"""The rows that make an application's claims: a table, and beside it what they make of a chosen person (R5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from clients.claim_rules import CLAIM_RULES
from clients.claim_rules.functions import FUNCTIONS
from clients.client import Client
from clients.documents.address import in_path
from clients.errors import ChangedMeanwhile, InvalidMetadata
from idp import flash
from idp.admin import applications, claim_preview
from idp.admin.permissions import Permission
from idp.console.apps import showing
from idp.console.apps.finding import client_of
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

KEY: Final = "claim_rules"
#: Empty rows at the end of the table, to write in.
_BLANK: Final = 3
_MOST: Final = 60
#: The fields of a row.
_TYPED: Final = ("place", "name", "value", "groups", "not_groups")
_CHANGED: Final = N_(
    "Somebody else changed this application while you had the form open. Nothing of yours is saved yet: save again if "
    "it is still right."
)


@dataclass(slots=True)
class Row:
    """One line of the form, as it is typed. `problems`: by field."""

    place: str = ""
    name: str = ""
    value: str = ""
    groups: str = ""
    not_groups: str = ""
    problems: dict[str, str] = field(default_factory=dict)

    def said(self) -> dict[str, Any]:
        """The row as registration takes it."""
        found: dict[str, Any] = {"name": self.name, "value": self.value}
        for key, text in (("groups", self.groups), ("not_groups", self.not_groups)):
            if names := [one.strip() for one in text.splitlines() if one.strip()]:
                found[key] = names
        return found


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/apps/<id>/claims."""
    client = client_of(services, request, visit, Permission.APPS_CHANGE)
    edition, said = services.registry.as_registered(client.id)
    if request.method != "POST":
        return _page(services, request, visit, client, _rows_of(said), edition)
    rows = _typed(request)
    is_good = _check(rows)
    edition = request.form.get("edition") or edition
    if request.form.get("act") != "save":
        return _page(services, request, visit, client, rows, edition, is_good=is_good)
    if not is_good:
        return _page(services, request, visit, client, rows, edition, is_good=False, status=400)
    return _save(services, request, visit, client, rows, edition)


def _save(
    services: Services, request: Request, visit: Visit, client: Client, rows: list[Row], edition: str
) -> Response:
    wanted = [row.said() for row in rows] or None
    if wanted == services.registry.as_registered(client.id)[1].get(KEY):
        return flash.redirect(services, f"/admin/apps/{in_path(client.id)}/claims", "app_same")
    try:
        change = applications.Change(metadata={KEY: wanted}, edition=edition)
        applications.update(services, visit.actor, client, change)
    except InvalidMetadata as error:
        told = tuple(one.message if one.field == KEY else str(one) for one in error.problems)
        return _page(services, request, visit, client, rows, edition, told=told, status=400)
    except ChangedMeanwhile:
        now = services.registry.edition(client.id)
        return _page(services, request, visit, client, rows, now, told=(_CHANGED,), status=409)
    return flash.redirect(services, f"/admin/apps/{in_path(client.id)}/history", "app_saved")


def _page(
    services: Services, request: Request, visit: Visit, client: Client, rows: Sequence[Row], edition: str, *,
    is_good: bool = True, told: Sequence[str] = (), status: int = 200,
) -> Response:  # fmt: skip
    """`told`: what is wrong and of no field."""
    typed = " ".join((request.form.get("person") or request.query.get("person") or "").split())[:200]
    person = services.directory.find_named(typed) if typed else None
    found = None
    if person is not None and is_good:
        found = claim_preview.of_rows(services, visit.actor, client, person, [row.said() for row in rows])
    shown = [*rows, *(Row() for _ in range(_BLANK))]
    problems = [
        (f"{key}-{number}", problem) for number, row in enumerate(shown) for key, problem in row.problems.items()
    ]
    return showing.page(
        services, request, visit, client, "console/apps/claims.html", status=status, rows=shown, edition=edition,
        typed=typed, who=person, found=found, problems=[*(("", one) for one in told), *problems],
        shapes=[one.shape for one in FUNCTIONS.values()],
    )  # fmt: skip


def _rows_of(said: Mapping[str, Any]) -> list[Row]:
    return [
        Row(str(place), one["name"], one["value"], "\n".join(one.get("groups", ())),
            "\n".join(one.get("not_groups", ())))
        for place, one in enumerate(said.get(KEY, ()), 1)
    ]  # fmt: skip


def _typed(request: Request) -> list[Row]:
    """The rows of the form in the order that their numbers say; empty ones are none."""
    form = request.form.first
    rows = []
    for number in range(_MOST):
        typed = {key: (form.get(f"{key}-{number}") or "").strip() for key in _TYPED}
        row = Row(typed["place"], typed["name"], typed["value"], typed["groups"], typed["not_groups"])
        if row.name or row.value:
            rows.append(row)
    rows.sort(key=lambda row: int(row.place) if row.place.isdecimal() and len(row.place) < 6 else _MOST)
    for place, row in enumerate(rows, 1):
        row.place = str(place)
    return rows


def _check(rows: list[Row]) -> bool:
    """Whether each row can be read; what is wrong with one stands beside its field."""
    for row in rows:
        try:
            CLAIM_RULES.check([row.said()], False)
        except ValueError as error:
            _, _, told = str(error).partition(": ")
            key = next((key for key in ("name", "value", "not_groups", "groups") if told.startswith(key)), "value")
            row.problems[key] = told.removeprefix(key).lstrip(":, ")
    return not any(row.problems for row in rows)


PAGES = (ConsolePage("/admin/apps/<id>/claims", handle, Permission.APPS_CHANGE, Permission.APPS_CHANGE),)
