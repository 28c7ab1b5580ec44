"""Correct what is known of somebody, and the groups that they are in; who was faster is never overwritten (C6, B5)."""

from __future__ import annotations

import json
from typing import Any, Final

from idp import flash
from idp.accounts.effects import Changes
from idp.accounts.person import InvalidPerson, Person, PersonChanged
from idp.admin import groups, people, person_attributes
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.people import finding
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

P = Permission
FIELDS: Final = ("name", "username", "email", "employee_number")
Typed = dict[str, str]


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/people/<id>/edit."""
    person = finding.person_of(services, request, visit)
    visit.actor.check_person(services, P.PEOPLE_CHANGE, person)
    if request.method != "POST":
        return _page(services, request, visit, person, typed_of(services, person))
    typed = {name: request.form.first.get(name, "") for name in (*FIELDS, "claims", "groups", "version")}
    typed["verified"] = "1" if request.form.get("verified") else ""
    problems: dict[str, str] = {}
    merge = read_claims(services, person, typed["claims"], problems)
    joins, leaves = _groups(services, person, typed["groups"], problems)
    changes = Changes(
        name=typed["name"], username=typed["username"], email=typed["email"] or None,
        employee_number=typed["employee_number"] or None, email_verified=bool(typed["verified"] and typed["email"]),
    )  # fmt: skip
    if not problems:
        correction = people.Correction(
            changes=changes, merge=merge, joins=joins, leaves=leaves, as_of=_version(typed["version"])
        )  # fmt: skip
        try:
            people.correct(services, visit.actor, person, correction)
            return flash.redirect(services, f"/admin/people/{person.id}", "person_saved")
        except PersonChanged:
            now = services.directory.get(person.id)
            return _page(services, request, visit, now, typed, is_changed=True)
        except InvalidPerson as error:
            problems |= {one.field.partition(".")[0]: one.message for one in reversed(error.problems)}
    return _page(services, request, visit, person, typed, problems)


def _page(
    services: Services, request: Request, visit: Visit, person: Person, typed: Typed,
    problems: dict[str, str] | None = None, *, is_changed: bool = False,
) -> Response:  # fmt: skip
    now = typed_of(services, person)
    theirs = [(name, now[name]) for name in (*FIELDS, "claims", "groups") if now[name] != typed[name]]
    status = 409 if is_changed else 422 if problems else 200
    return frame.page(
        services, request, visit, "console/people/edit.html", status=status, whom=person,
        typed={**typed, "version": now["version"]}, problems=problems or {}, theirs=theirs if is_changed else [],
        is_changed=is_changed,
    )  # fmt: skip


def typed_of(services: Services, person: Person) -> Typed:
    """A person as the form has them; attributes that are defined have a page of their own."""
    free = {name: value for name, value in person.claims.items() if name not in person_attributes.defined(services)}
    return {
        "name": person.name, "username": person.username, "email": person.email or "",
        "employee_number": person.employee_number or "", "verified": "1" if person.email_verified else "",
        "claims": "\n".join(f"{name}={_claim_text(value)}" for name, value in sorted(free.items())),
        "groups": "\n".join(person.groups), "version": repr(person.changed_at),
    }  # fmt: skip


def read_claims(services: Services, person: Person, text: str, problems: dict[str, str]) -> dict[str, Any]:
    """What becomes of the claims; those that were taken out of the text are None, but for those that are defined."""
    found: dict[str, Any] = {}
    for line in filter(str.strip, text.splitlines()):
        name, equals, value = line.strip().partition("=")
        if not equals or not name.strip():
            problems["claims"] = N_("“%(line)s” has no value. Write it like department=Sales.", line=line.strip()[:60])
            continue
        found[name.strip()] = _claim_value(value.strip())
    gone = (name for name in person.claims if name not in found and name not in person_attributes.defined(services))
    return {**dict.fromkeys(gone), **found}


def _claim_text(value: Any) -> str:
    """As it is typed: plain text where it reads back as that text."""
    plain = isinstance(value, str) and "\n" not in value and value.strip() == value and _claim_value(value) == value
    return str(value) if plain else json.dumps(value, ensure_ascii=False)


def _claim_value(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=lambda name: name)
    except (ValueError, RecursionError):
        return text
    return text if value is None else value


def _groups(
    services: Services, person: Person, text: str, problems: dict[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which groups they come into, and which they leave; one that there is not is a slip until it is made."""
    names = tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    try:
        meant = groups.meant(services, names)
    except InvalidPerson as error:
        problems["groups"] = error.message
        return (), ()
    if meant.new:
        problems["groups"] = N_("There is no group “%(name)s”. Make it under Groups first.", name=meant.new[0].name)
    joins = tuple(name for name in meant.names if name not in person.groups)
    return joins, tuple(name for name in person.groups if name not in meant.names)


def _version(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -1.0  # no version of anybody


PAGES = (ConsolePage("/admin/people/<id>/edit", show, P.PEOPLE_CHANGE, P.PEOPLE_CHANGE),)
