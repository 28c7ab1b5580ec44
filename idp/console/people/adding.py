"""Add somebody, and invite them; what became of the mail is said, and nothing more (U1)."""

from __future__ import annotations

from typing import Final

from idp import mail
from idp.accounts.invitations import Invited
from idp.accounts.person import Draft, InvalidPerson
from idp.admin import groups, people, person_attributes
from idp.admin.permissions import Permission
from idp.attribute_controls import PREFIX, control, typed_of
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.language import locale_for
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

P = Permission
FIELDS: Final = ("name", "username", "email", "employee_number", "groups")


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/people/new."""
    typed = {name: request.form.first.get(name, "") for name in FIELDS}
    typed["note"] = request.form.get("note") or ""
    typed["by_mail"] = "1" if request.method != "POST" or request.form.get("by_mail") else ""
    problems: dict[str, str] = {}
    added: people.Added | None = None
    asked = list(person_attributes.asked_for(services))
    claims = {one.name: typed_of(one, request.form) for one in asked}
    if request.method == "POST":
        draft = Draft(
            username=typed["username"] or typed["email"], email=typed["email"] or None, name=typed["name"],
            employee_number=typed["employee_number"] or None, groups=_groups(services, typed["groups"], problems),
            claims={name: value for name, value in claims.items() if value is not None},
        )  # fmt: skip
        problems |= {_id(one.field): one.message for one in reversed(people.problems(services, draft))}
        if not problems:
            try:
                added = people.add(services, visit.actor, draft, by_mail=bool(typed["by_mail"]), note=typed["note"])
            except InvalidPerson as error:  # somebody was faster
                problems[error.field] = error.message
    return frame.page(
        services, request, visit, "console/people/new.html", status=422 if problems else 200, typed=typed,
        attributes=[
            control(one, locale_for(services, request), claims[one.name], problems.get(PREFIX + one.name, ""))
            for one in asked
        ],
        problems=problems, added=added, invited=added.invited if added and added.invited else Invited(),
        leaves=mail.leaves(services),
    )  # fmt: skip


def _id(field: str) -> str:
    """The field's id: of a claim, its control's."""
    claim = field.removeprefix("claims.")
    return PREFIX + claim if claim != field else field


def _groups(services: Services, text: str, problems: dict[str, str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    try:
        meant = groups.meant(services, names)
    except InvalidPerson as error:
        problems["groups"] = error.message
        return ()
    if meant.new:
        problems["groups"] = N_("There is no group “%(name)s”. Make it under Groups first.", name=meant.new[0].name)
        return ()
    return meant.names


PAGES = (ConsolePage("/admin/people/new", show, P.PEOPLE_CREATE, P.PEOPLE_CREATE),)
