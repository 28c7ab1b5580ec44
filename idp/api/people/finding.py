"""The person that a path names, if they are the caller's to know of; and lists of them."""

from __future__ import annotations

from idp.accounts import listing
from idp.accounts.listing import Listed as Row
from idp.accounts.person import Person
from idp.admin import looking, person_attributes
from idp.admin.permissions import Permission
from idp.api import paging
from idp.api.models import moment, moment_or_none
from idp.api.operations import Answer, Call
from idp.api.people import models as m
from idp.api.problems import not_found
from idp.protocols import Services


def get(services: Services, call: Call, permission: Permission = Permission.PEOPLE_READ) -> Person:
    """The person of the path. Whom the caller may not see is not there for them (S59).

    Errors: `Problem` (404); `NotAllowed` where they may see them and no more, or them alone for their rights (C2).
    """
    person = services.directory.find(call.path["id"])
    if person is None or not call.actor.may_person(Permission.PEOPLE_READ, person.groups):
        raise not_found("person")
    if permission is not Permission.PEOPLE_READ:
        call.actor.check_person(services, permission, person)
    return person


def search(services: Services, call: Call) -> m.People:
    """GET /people."""
    query: m.Search = call.query
    after = paging.place(services, call) or ""
    page = looking.look(
        services, call.actor, query.query, filters=(query.state,) if query.state else (), after=after,
        many=query.limit, whole_first=False,
    )  # fmt: skip
    return m.People(
        items=tuple(map(_listed, page.found)), next=paging.cursor(services, call, page.next) if page.next else None
    )


def show(services: Services, call: Call) -> Answer:
    """GET /people/<id>."""
    return answered(services, call, get(services, call))


def answered(services: Services, call: Call, person: Person) -> Answer:
    """A person with their edition."""
    return Answer(value=shown(services, call, person), etag=edition(person))


def edition(person: Person) -> str:
    """Another one after each change of what is known of them, their groups, or whether they are let in."""
    return repr(person.changed_at)


def shown(services: Services, call: Call, person: Person) -> m.Person:
    """A person as the API has them, with what the caller may see."""
    claims = person_attributes.seen_by(services, call.actor, person.claims)
    row = listing.one(services.db, person, services.clock())
    return m.Person(
        id=person.id, username=person.username, name=person.name, email=person.email,
        email_verified=person.email_verified, employee_number=person.employee_number, claims=claims,
        groups=person.groups, roles=person.roles, enabled=person.enabled, has_password=person.has_password,
        signed_in_at=moment_or_none(row.signed_in_at), paused_until=_paused(row), stopped=row.is_stopped,
        created_at=moment(person.created_at), changed_at=moment(person.changed_at),
    )  # fmt: skip


def _listed(row: Row) -> m.Listed:
    person = row.person
    return m.Listed(
        id=person.id, username=person.username, name=person.name, email=person.email, groups=person.groups,
        enabled=person.enabled, signed_in_at=moment_or_none(row.signed_in_at), paused_until=_paused(row),
        stopped=row.is_stopped, has_factor=row.has_factor,
    )  # fmt: skip


def _paused(row: Row) -> object:
    return None if row.is_stopped else moment_or_none(row.paused_until)
