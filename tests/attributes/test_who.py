"""U1: who sees and who writes an attribute, and what the record tells of it."""

from __future__ import annotations

from typing import Any

import pytest

from idp import audit
from idp.accounts.person import Draft, InvalidPerson, Person, PersonChanged
from idp.accounts.roles import RoleGrant
from idp.admin import attribute_writing, attributes, people, person_attributes
from idp.admin.actor import Actor, NotAllowed
from idp.admin.histories import people as history
from idp.admin.people import Correction
from tests.provider import Provider


def somebody(role: str, scope: tuple[str, ...] | None = None) -> Actor:
    return Actor(kind="person", id=f"u{role}", name=f"person:{role}", grants=(RoleGrant(role, scope=scope),))


OWNER, ADMIN, DESK, AUDITOR = map(somebody, ("owner", "admin", "help_desk", "auditor"))


@pytest.fixture
def ann(provider: Provider) -> Person:
    for name, said in {
        "room": {"edits": ["person", "help_desk", "admin"]},
        "centre": {"edits": ["admin"]},
        "pay": {"sees": [], "edits": ["admin"]},
        "payroll": {"edits": []},
        "grade": {"sensitive": True, "edits": ["help_desk", "admin"]},
        "site": {"edits": ["help_desk"], "groups": ["Staff"], "required": True},
    }.items():
        attributes.add(provider.services, OWNER, name, said)
    provider.add_person("uhelp_desk")
    return provider.add_person(
        "ann", groups=("staff",), claims={"pay": "E14", "free": "x", "payroll": "P1", "site": "B"}
    )


def write(provider: Provider, actor: Actor, person: Person, **values: Any) -> Person:
    now = provider.services.directory.get(person.id)
    return attribute_writing.write(provider.services, actor, now, values, as_of=now.changed_at)


#: What each may write, of all that there is; `free` has no definition.
MAY = {
    "owner": {"room", "centre", "pay", "grade", "free"}, "admin": {"room", "centre", "pay", "grade", "free"},
    "help_desk": {"room", "grade", "site"}, "auditor": set(),
}  # fmt: skip


@pytest.mark.parametrize("name", ["room", "centre", "pay", "payroll", "grade", "site", "free"])
@pytest.mark.parametrize("role", list(MAY))
def test_U1_each_writes_what_the_definition_lets_them(provider: Provider, ann: Person, role: str, name: str) -> None:
    actor = somebody(role)
    if name in MAY[role]:
        assert write(provider, actor, ann, **{name: "7"}).claims[name] == "7"
    else:
        with pytest.raises((InvalidPerson, NotAllowed)):
            write(provider, actor, ann, **{name: "7"})
        assert provider.services.directory.get(ann.id).claims.get(name) == ann.claims.get(name)


def test_U1_the_help_desk_sees_what_it_may_and_writes_for_its_own_people_only(provider: Provider, ann: Person) -> None:
    services = provider.services
    assert person_attributes.seen_by(services, DESK, ann.claims) == {"free": "x", "payroll": "P1", "site": "B"}
    assert person_attributes.seen_by(services, DESK, {"pay#de": 1}) == {}
    for actor in (OWNER, ADMIN, AUDITOR):
        assert person_attributes.seen_by(services, actor, ann.claims) == ann.claims
    assert {one.name for one in attribute_writing.writable(services, DESK, ann)} == {"room", "grade", "site"}
    other = somebody("help_desk", ("Sales",))
    assert attribute_writing.writable(services, other, ann) == ()
    with pytest.raises(NotAllowed):
        write(provider, other, ann, room="7")


def test_U1_what_is_about_a_group_is_asked_of_its_members_alone(provider: Provider, ann: Person) -> None:
    with pytest.raises(InvalidPerson, match="required"):
        write(provider, DESK, ann, site=None)
    bob = provider.add_person("bob")
    assert {one.name for one in attribute_writing.writable(provider.services, DESK, bob)} == {"room", "grade"}


def test_U1_whoever_adds_somebody_gives_what_the_person_cannot(provider: Provider) -> None:
    services = provider.services
    attributes.add(services, OWNER, "own", {"required": True, "edits": ["person", "admin"]})
    attributes.add(services, OWNER, "level", {"required": True, "type": "number", "groups": ["staff"]})
    people.add(services, OWNER, Draft(username="zoe"), by_mail=False)
    with pytest.raises(InvalidPerson) as caught:
        people.add(services, OWNER, Draft(username="yan", groups=("Staff",), claims={"own": " "}), by_mail=False)
    assert [one.field for one in caught.value.problems] == ["claims.level"]
    added = people.add(services, OWNER, Draft(username="yan", groups=("Staff",), claims={"level": "3"}), by_mail=False)
    assert added.person.claims["level"] == 3


def test_U1_the_record_masks_what_the_help_desk_may_not_read_and_nothing_else(provider: Provider, ann: Person) -> None:
    services = provider.services
    write(provider, ADMIN, ann, pay="E15", grade="7", centre="4711")
    write(provider, ADMIN, ann, grade=None)
    write(provider, ADMIN, ann, centre="4712")
    whole = str([event.detail for event in audit.of_person(services.db, ann.id, history.ACTIONS, after=0.0, many=50)])
    assert "E15" not in whole
    assert "E14" not in whole
    assert "4711" in whole
    events = {
        str(sorted(event.detail["after"])): event for event in history.of(services, ann) if "after" in event.detail
    }
    first = events["['centre', 'grade', 'pay']"]
    assert first.detail["masked"] == ["grade", "pay"]
    assert first.detail["before"] == {"pay": "•••", "grade": None, "centre": None}
    assert not history.can_undo(first)
    back = history.undo(services, ADMIN, services.directory.get(ann.id), events["['centre']"].id)
    assert back.claims["centre"] == "4711"


def test_U1_what_was_recorded_before_is_hidden_where_it_is_shown(provider: Provider, ann: Person) -> None:
    services = provider.services
    people.correct(services, ADMIN, ann, Correction(merge={"free": "y"}))
    attributes.add(services, OWNER, "free", {"sees": []})
    event = next(one for one in history.of(services, ann) if one.action == "person:changed")
    assert history.shown(event)["after"] == {"free": "y"}
    hidden = person_attributes.hidden_from(services, DESK)
    assert history.shown(event, hidden)["after"] == {"free": "•••"}


def test_U1_nobody_overwrites_what_somebody_else_wrote_meanwhile(provider: Provider, ann: Person) -> None:
    write(provider, ADMIN, ann, room="1")
    with pytest.raises(PersonChanged):
        attribute_writing.write(provider.services, DESK, ann, {"room": "2"}, as_of=ann.changed_at)


def test_U1_what_stands_stays_whatever_a_definition_says_later(provider: Provider) -> None:
    ann = provider.add_person("ann", claims={"room": "attic"})
    attributes.add(provider.services, OWNER, "room", {"type": "number", "edits": ["admin"]})
    people.correct(provider.services, ADMIN, ann, Correction(changes={"name": "Ann B"}, merge={"room": "attic"}))
    assert provider.services.directory.get(ann.id).claims["room"] == "attic"
    with pytest.raises(InvalidPerson, match="number"):
        write(provider, ADMIN, ann, room="cellar")
