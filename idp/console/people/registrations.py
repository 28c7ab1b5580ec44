"""Who asks for an account: approve or refuse, with one press (U1)."""

from __future__ import annotations

from typing import Any

from idp import flash, mail
from idp.accounts.person import InvalidPerson
from idp.accounts.registering.waiting import Waiting
from idp.admin import registrations
from idp.admin.permissions import Permission
from idp.attributes import TITLES
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

PATH = "/admin/people/registrations"
DECIDED = N_("Somebody else has decided meanwhile.")
MANY = 200


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/people/registrations."""
    problem, problems = "", {}
    if request.method == "POST":
        wanted = request.form.get("registration") or ""
        try:
            who = registrations.get(services, visit.actor, wanted)
            return _decide(services, request, visit, who)
        except registrations.Decided:
            problem = DECIDED
        except InvalidPerson as error:
            problems = {wanted: error.problems}
    query = " ".join((request.query.get("q") or "").split())[:200]
    waiting = registrations.listed(services, visit.actor, MANY, query)
    if problems and not any(one.id in problems for one in waiting):  # it was found by a search
        query = next(iter(problems))
        waiting = registrations.listed(services, visit.actor, MANY, query)
    rows = [_row(services, one) for one in waiting]
    return frame.page(
        services, request, visit, "console/people/registrations.html", status=422 if problem or problems else 200,
        rows=rows, problem=problem, problems=problems, many=MANY, titles=TITLES, query=query,
        settings=services.settings.self_registration,
    )  # fmt: skip


def _decide(services: Services, request: Request, visit: Visit, who: Waiting) -> Response:
    if request.form.get("do") == "refuse":
        why = registrations.refuse(services, visit.actor, who, note=request.form.get("note") or "")
        return flash.redirect(services, PATH, "registration_refused" if _is_told(services, why) else "told_nobody")
    _, invited = registrations.approve(services, visit.actor, who, username=request.form.get("username") or "")
    told = bool(invited.to) and mail.leaves(services)
    return flash.redirect(services, PATH, "registration_approved" if told else "registration_approved_untold")


def _is_told(services: Services, why: str) -> bool:
    return not why and mail.leaves(services)


def _row(services: Services, one: Waiting) -> dict[str, Any]:
    client = services.registry.find(one.client_id) if one.client_id else None
    return {
        "who": one, "app": client.name if client is not None else one.client_id,
        "groups": registrations.groups_of(services, one),
        "claims": {name: value for name, value in one.claims.items() if name not in ("locale",)},
    }  # fmt: skip


PAGES = (ConsolePage(PATH, show, Permission.PEOPLE_CREATE, Permission.PEOPLE_CREATE),)
