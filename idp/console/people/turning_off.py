"""Turn somebody off: first what it will end, in numbers; then what each application said to it (U2, B5)."""

from __future__ import annotations

from idp import flash
from idp.accounts.person import InvalidPerson
from idp.admin import turning_off
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.people import finding
from idp.protocols import Services
from idp.wire import Redirect, Request, Response

P = Permission


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/people/<id>/off."""
    person = finding.person_of(services, request, visit)
    visit.actor.check_person(services, P.PEOPLE_TURN_OFF, person)
    problem = ""
    if request.method == "POST":
        if request.form.get("do") == "on":
            turning_off.turn_on(services, visit.actor, person)
            return flash.redirect(services, f"/admin/people/{person.id}", "turned_on")
        try:
            turning_off.turn_off(services, visit.actor, person)
            return Redirect(location=services.url(f"/admin/people/{person.id}/off"))
        except InvalidPerson as error:
            problem = error.message
    evidence = turning_off.evidence_of(services, person) if not person.enabled else None
    by = services.directory.find(evidence.by.removeprefix("person:")) if evidence is not None else None
    return frame.page(
        services, request, visit, "console/people/off.html", status=409 if problem else 200, whom=person,
        problem=problem, evidence=evidence, by=by.name if by is not None else evidence.by if evidence else "",
        effect=turning_off.effect_of(services, person) if person.enabled else None,
        answers=[(one, evidence.answers[turning_off.key(one)]) for one in evidence.effect.applications]
        if evidence is not None else [],
    )  # fmt: skip


PAGES = (ConsolePage("/admin/people/<id>/off", show, P.PEOPLE_TURN_OFF, P.PEOPLE_TURN_OFF),)
