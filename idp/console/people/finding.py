"""The person whom an address names, for those who may see them."""

from __future__ import annotations

from idp.accounts.person import Person
from idp.admin.actor import NotAllowed
from idp.admin.permissions import Permission
from idp.console.pages import Visit
from idp.errors import Explanation, Refused
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request


def person_of(
    services: Services, request: Request, visit: Visit, permission: Permission = Permission.PEOPLE_READ
) -> Person:
    """The person of `/admin/people/<id>…`. Errors: `NotAllowed`, also for one who is not there; `Refused`."""
    person = services.directory.find(request.segment)
    if not visit.actor.may_person(permission, person.groups if person is not None else ()):
        raise NotAllowed(permission, "this person is not in the groups that you look after")
    if person is None:
        raise Refused(
            "no_such_person",
            N_("There is nobody with this id."),
            title=N_("Page not found"),
            advice=N_("Perhaps they were removed. The list has everybody who is there."),
            explanation=Explanation("person", "`doorward user list` has everybody who is there"),
            status=404,
        )
    return person


def why_not(services: Services, visit: Visit, permission: Permission, person: Person) -> str:
    """What keeps the visitor from acting on somebody, for the page; '' where nothing does."""
    if not visit.actor.may(permission):
        return "role"
    try:
        visit.actor.check_person(services, permission, person)
    except NotAllowed:
        if visit.actor.is_self(person) and permission == Permission.PEOPLE_HELP:
            return "self"
        return "rank" if visit.actor.may_person(permission, person.groups) else "group"
    return ""
