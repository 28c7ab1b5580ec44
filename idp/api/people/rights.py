"""The roles of somebody: of what, and until when (C2)."""

from __future__ import annotations

from idp.accounts import roles
from idp.accounts.person import ROLES, InvalidPerson, Person
from idp.accounts.roles import RoleGrant
from idp.admin import granting
from idp.admin.permissions import Permission
from idp.api import editions
from idp.api.models import Error, moment_or_none
from idp.api.operations import Answer, Call
from idp.api.people import finding
from idp.api.people import models as m
from idp.api.people.changing import known_groups, placed
from idp.api.problems import Problem, not_found, pointer, wrong
from idp.protocols import Services


def show(services: Services, call: Call) -> Answer:
    """GET /people/<id>/roles."""
    return _answered(services, finding.get(services, call))


def put(services: Services, call: Call) -> Answer:
    """PUT /people/<id>/roles/<role>."""
    person, body = finding.get(services, call, Permission.ROLES_GRANT), call.body
    assert isinstance(body, m.NewGrant)
    role = _role(call)
    editions.check(call, _answered(services, person).etag)
    grant = RoleGrant(role, _limits(services, role, body), None if body.until is None else body.until.timestamp())
    with placed(below="only"):
        return _answered(services, granting.change_roles(services, call.actor, person, give=(grant,)))


def take(services: Services, call: Call) -> Answer:
    """DELETE /people/<id>/roles/<role>."""
    person = finding.get(services, call, Permission.ROLES_GRANT)
    if _role(call) not in person.roles:
        raise not_found("role of theirs")
    try:
        return _answered(services, granting.change_roles(services, call.actor, person, take=(call.path["role"],)))
    except InvalidPerson as error:  # the last owner
        raise Problem("conflict", f"{error.message}.".capitalize()) from None


def _role(call: Call) -> str:
    if call.path["role"] not in ROLES:
        raise not_found("role")
    return call.path["role"]


def _limits(services: Services, role: str, body: m.NewGrant) -> tuple[str, ...] | None:
    """What limits it, each of it there. Errors: `Problem`."""
    if body.until is not None and body.until.tzinfo is None:
        raise wrong("until", "has no zone", expected="a moment (RFC 3339)", example="2027-01-31T18:00:00Z")
    if role == "help_desk" and body.only is not None:
        return known_groups(services, body.only, "only")
    if role == "app_admin":
        errors = [
            Error(pointer=pointer("only", place), detail="there is no application with this id")
            for place, client_id in enumerate(body.only or ()) if services.registry.find(client_id) is None
        ]  # fmt: skip
        if errors:
            raise Problem("invalid", f"{errors[0].pointer}: {errors[0].detail}", errors=errors)
    return body.only


def _answered(services: Services, person: Person) -> Answer:
    grants = roles.grants_of(services.db, person.id, person.roles, services.clock())
    value = m.Roles(items=tuple(
        m.RoleGrant(role=one.role, only=one.scope, until=moment_or_none(one.until))
        for one in grants
    ))  # fmt: skip
    return Answer(value=value, etag=editions.of(value))
