"""Add, correct, remove; the groups of somebody (U1, C6)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from idp.accounts.effects import Changes
from idp.accounts.person import Draft, InvalidPerson
from idp.admin import groups, people, person_attributes, personal_data
from idp.admin.permissions import Permission
from idp.api import editions, problems
from idp.api.models import Error
from idp.api.operations import Answer, Call
from idp.api.people import finding
from idp.api.people import models as m
from idp.api.problems import Problem, pointer
from idp.protocols import Services

_FIELDS = ("username", "name", "email", "email_verified", "employee_number")


def add(services: Services, call: Call) -> Answer:
    """POST /people."""
    body: m.NewPerson = call.body
    draft = Draft(
        username=body.username, name=body.name, email=body.email, email_verified=body.email_verified,
        employee_number=body.employee_number, claims=body.claims, groups=known_groups(services, body.groups),
    )  # fmt: skip
    with placed():
        person_attributes.check_exact(services, body.claims)
        added = people.add(services, call.actor, draft, by_mail=body.invite, note=body.note)
    invited = added.invited
    made = m.Added(
        person=finding.shown(services, call, added.person), mailed=bool(invited and invited.to),
        not_mailed=invited.why or None if invited else None, password_link=added.link,
    )  # fmt: skip
    return Answer(value=made, etag=finding.edition(added.person), location=f"/people/{added.person.id}")


def patch(services: Services, call: Call) -> Answer:
    """PATCH /people/<id>."""
    person, body = finding.get(services, call, Permission.PEOPLE_CHANGE), call.body
    assert isinstance(body, m.PersonPatch)
    editions.check(call, finding.edition(person))
    sent = body.model_fields_set
    changes = Changes(**{name: getattr(body, name) for name in _FIELDS if name in sent})  # type: ignore[typeddict-item]
    correction = people.Correction(changes=changes, merge=body.claims or {}, as_of=person.changed_at)
    with placed():
        person_attributes.check_exact(services, body.claims or {})
        done = people.correct(services, call.actor, person, correction)
    return Answer(
        value=m.Corrected(person=finding.shown(services, call, done.after), mailed=bool(done.told.to)),
        etag=finding.edition(done.after),
    )


def put_groups(services: Services, call: Call) -> Answer:
    """PUT /people/<id>/groups."""
    person, body = finding.get(services, call, Permission.PEOPLE_CHANGE), call.body
    assert isinstance(body, m.Membership)
    editions.check(call, finding.edition(person))
    wanted = known_groups(services, body.groups)
    joins = tuple(name for name in wanted if name not in person.groups)
    leaves = tuple(name for name in person.groups if name not in wanted)
    correction = people.Correction(joins=joins, leaves=leaves, as_of=person.changed_at)
    return finding.answered(services, call, people.correct(services, call.actor, person, correction).after)


def export(services: Services, call: Call) -> m.PersonalData:
    """GET /people/<id>/data."""
    person = finding.get(services, call, Permission.PEOPLE_REMOVE)
    return m.PersonalData(document=personal_data.export(services, call.actor, person))


def remove(services: Services, call: Call) -> None:
    """DELETE /people/<id>."""
    person = finding.get(services, call, Permission.PEOPLE_REMOVE)
    editions.check(call, finding.edition(person))
    try:
        people.remove(services, call.actor, person)
    except InvalidPerson as error:  # the last owner
        raise Problem("conflict", f"{error.message}.".capitalize()) from None


@contextlib.contextmanager
def placed(*, below: str = "") -> Iterator[None]:
    """What is wrong with a person, by its place in the body; `below`: where all of it is. Errors: `Problem`."""
    try:
        yield
    except InvalidPerson as error:
        told = problems.told(error, lambda field: pointer(below) if below else pointer(*field.split(".", 1)))
        assert told is not None
        raise told from error


def known_groups(services: Services, names: Iterable[str], at: str = "groups") -> tuple[str, ...]:
    """Groups as they are written here. Errors: `Problem`, with every one that there is not."""
    found, wrong = list[str](), list[Error]()
    for place, name in enumerate(names):
        try:
            meant = groups.meant(services, (name,))
            found += meant.names
            if meant.new:
                wrong.append(Error(pointer=pointer(at, place), detail="there is no group of this name"))
        except InvalidPerson as error:
            wrong.append(Error(pointer=pointer(at, place), detail=error.message))
    if wrong:
        raise Problem("invalid", "; ".join(f"{one.pointer}: {one.detail}" for one in wrong[:5]), errors=wrong)
    return tuple(dict.fromkeys(found))
