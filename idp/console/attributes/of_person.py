"""GET and POST /admin/people/<id>/attributes: what somebody has of what is defined, in controls that fit its type."""

from __future__ import annotations

from typing import Any, Final

from clients.attributes import Definition
from idp import attribute_values, flash
from idp.accounts.person import InvalidPerson, Person, PersonChanged
from idp.admin import attribute_writing, person_attributes
from idp.admin.permissions import Permission
from idp.attribute_controls import PREFIX, control, typed_of
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.people import finding
from idp.language import locale_for
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Params, Request, Response

P = Permission
MAX_REASON: Final = 300


def show(services: Services, request: Request, visit: Visit) -> Response:
    """The values, or new ones."""
    person = finding.person_of(services, request, visit)
    if request.method != "POST":
        return _page(services, request, visit, person, {}, {})
    known = attribute_writing.writable(services, visit.actor, person)
    # What was not drawn, as it was defined meanwhile, is not emptied by its absence.
    drawn = [one for one in known if f"{PREFIX}{one.name}-shown" in request.form]
    typed = {one.name: typed_of(one, request.form, person.claims.get(one.name)) for one in drawn}
    reason = " ".join((request.form.get("reason") or "").split())[:MAX_REASON]
    if _needs_reason(visit) and not reason:
        return _page(services, request, visit, person, typed, {"reason": N_("Say why: the record has it.")})
    try:
        attribute_writing.write(
            services, visit.actor, person, typed, as_of=_version(request.form), reason=reason
        )  # fmt: skip
    except PersonChanged:
        now = services.directory.get(person.id)
        said = N_("Somebody else has changed this meanwhile. Save again, and yours holds.")
        return _page(services, request, visit, now, typed, {"": said})
    except InvalidPerson as error:
        problems = {one.field.removeprefix("claims."): one.message for one in reversed(error.problems)}
        return _page(services, request, visit, person, typed, problems)
    return flash.redirect(services, f"/admin/people/{person.id}/attributes", "person_saved")


def _needs_reason(visit: Visit) -> bool:
    """Whether it is the help desk, which says why it does what (U3)."""
    return not visit.actor.may(P.PEOPLE_CHANGE)


def _version(form: Params) -> float:
    try:
        return float(form.get("version") or "")
    except ValueError:
        return -1.0  # no version of anybody


def _page(
    services: Services, request: Request, visit: Visit, person: Person, typed: dict[str, Any],
    problems: dict[str, str],
) -> Response:  # fmt: skip
    writable = {one.name for one in attribute_writing.writable(services, visit.actor, person)}
    why_not = finding.why_not(services, visit, P.PEOPLE_HELP if _needs_reason(visit) else P.PEOPLE_CHANGE, person)
    locale = locale_for(services, request)
    seen = person_attributes.seen_by(services, visit.actor, person.claims)
    defined = _seen(services, visit)
    fields = [
        control(one, locale, typed.get(one.name, person.claims.get(one.name)), problems.get(one.name, ""))
        for one in defined if one.name in writable and not why_not
    ]  # fmt: skip
    named = {one["name"] for one in fields}
    fixed = [
        (one.called(locale), one.type, seen[one.name]) for one in defined if one.name in seen and one.name not in named
    ]
    return frame.page(
        services, request, visit, "console/attributes/person.html", status=422 if problems else 200, whom=person,
        fields=fields, fixed=[(title, attribute_values.shown(value)) for title, _, value in fixed], problems=problems,
        labels={one["name"]: one["label"] for one in fields}, version=repr(person.changed_at), why_not=why_not,
        needs_reason=_needs_reason(visit), reason=request.form.get("reason") or "" if request.method == "POST" else "",
    )  # fmt: skip


def _seen(services: Services, visit: Visit) -> list[Definition]:
    hidden = person_attributes.hidden_from(services, visit.actor)
    return [one for name, one in person_attributes.defined(services).items() if name not in hidden]


PAGES = (ConsolePage("/admin/people/<id>/attributes", show, P.PEOPLE_READ, P.PEOPLE_HELP),)
