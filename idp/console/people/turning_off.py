"""Turn somebody off: first what it will end, in numbers; then what each application said to it (U2, B5)."""

from __future__ import annotations

from idp import flash
from idp.accounts import planned_ends as ends
from idp.accounts.person import InvalidPerson, Person
from idp.admin import planned_ends, turning_off
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.people import finding
from idp.language import zone_for
from idp.protocols import Services
from idp.wire import Redirect, Request, Response

P = Permission


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/people/<id>/off."""
    person = finding.person_of(services, request, visit)
    visit.actor.check_person(services, P.PEOPLE_TURN_OFF, person)
    problem, problem_at = "", ""
    typed = {name: request.form.first.get(name, "").strip() for name in ("day", "time", "zone")}
    if request.method == "POST":
        do = request.form.get("do")
        if do == "keep":
            planned_ends.withdraw(services, visit.actor, person)
            return flash.redirect(services, f"/admin/people/{person.id}/off", "end_withdrawn")
        if do == "then":
            try:
                at = planned_ends.moment(typed["day"], typed["time"], typed["zone"])
                planned_ends.plan(services, visit.actor, person, at, typed["zone"])
                return flash.redirect(services, f"/admin/people/{person.id}/off", "end_planned")
            except planned_ends.BadMoment as error:
                problem, problem_at = error.text, "zone" if "zone" in error.text.lower() else "day"
            except InvalidPerson as error:
                problem = error.message
            return _page(services, request, visit, person, problem, problem_at, typed)
        if do == "on":
            turning_off.turn_on(services, visit.actor, person)
            return flash.redirect(services, f"/admin/people/{person.id}", "turned_on")
        try:
            turning_off.turn_off(services, visit.actor, person)
            return Redirect(location=services.url(f"/admin/people/{person.id}/off"))
        except InvalidPerson as error:
            problem = error.message
    return _page(services, request, visit, person, problem, problem_at, typed)


def _page(
    services: Services, request: Request, visit: Visit, person: Person, problem: str, problem_at: str,
    typed: dict[str, str],
) -> Response:  # fmt: skip
    evidence = turning_off.evidence_of(services, person) if not person.enabled else None
    by = services.directory.find(evidence.by.removeprefix("person:")) if evidence is not None else None
    return frame.page(
        services, request, visit, "console/people/off.html", status=422 if problem_at else 409 if problem else 200,
        whom=person, problem=problem, problem_at=problem_at,
        typed={**typed, "zone": typed["zone"] or zone_for(request)},
        planned=ends.of(services.db, person.id), planner=_name(services, evidence.planned_by if evidence else ""),
        evidence=evidence, failed=planned_ends.failed(services, person), why=planned_ends.WHY,
        by=by.name if by is not None else evidence.by if evidence else "",
        effect=turning_off.effect_of(services, person) if person.enabled else None,
        answers=[(one, evidence.answers[turning_off.key(one)]) for one in evidence.effect.applications]
        if evidence is not None else [],
    )  # fmt: skip


def _name(services: Services, actor: str) -> str:
    found = services.directory.find(actor.removeprefix("person:")) if actor else None
    return found.name if found is not None else actor


PAGES = (ConsolePage("/admin/people/<id>/off", show, P.PEOPLE_TURN_OFF, P.PEOPLE_TURN_OFF),)
