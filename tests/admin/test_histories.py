"""Changes of people and groups, as their histories tell and undo them: C6."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp import audit
from idp.accounts import groups as accounts_groups
from idp.accounts.groups import Group
from idp.accounts.person import InvalidPerson, Person, PersonChanged
from idp.admin import groups, people, turning_off
from idp.admin.actor import Actor, of_shell
from idp.admin.histories import groups as of_groups
from idp.admin.histories import people as of_people
from idp.admin.histories.changes import Difference, NoSuchChange
from idp.admin.histories.groups import ChangedMeanwhile
from idp.audit import Event
from idp.protocols import Services
from tests.backends import Clock
from tests.provider import Provider

SHELL = of_shell("test")


def _latest(provider: Provider, person: Person) -> str:
    return of_people.of(provider.services, person, many=1)[0].id


def _now(provider: Provider, person: Person) -> Person:
    return provider.services.directory.get(person.id)


def _correct(provider: Provider, person: Person, correction: people.Correction) -> Person:
    provider.clock.advance(1)
    return people.correct(provider.services, SHELL, person, correction).after


# -- people ----------------------------------------------------------------------------------------------------------


def test_C6_a_correction_of_somebody_is_taken_back_and_leaves_what_was_changed_besides(provider: Provider) -> None:
    anna = provider.add_person("anna", claims={"locale": "de"})
    changed = people.Correction(changes={"name": "Anna Typo"}, merge={"locale": "fr", "nickname": "An"})
    after = _correct(provider, anna, changed)
    id = _latest(provider, anna)
    _correct(provider, after, people.Correction(merge={"zoneinfo": "Europe/Paris"}))
    of_people.undo(provider.services, SHELL, _now(provider, anna), id)
    back = _now(provider, anna)
    assert back.name == anna.name
    assert (back.claims["locale"], back.claims["zoneinfo"]) == ("de", "Europe/Paris")
    assert "nickname" not in back.claims


def test_C6_a_correction_that_was_corrected_since_stays(provider: Provider) -> None:
    anna = provider.add_person("anna")
    after = _correct(provider, anna, people.Correction(changes={"name": "One"}))
    id = _latest(provider, anna)
    _correct(provider, after, people.Correction(changes={"name": "Two"}))
    with pytest.raises(PersonChanged):
        of_people.undo(provider.services, SHELL, _now(provider, anna), id)
    assert _now(provider, anna).name == "Two"


def test_C6_who_came_into_groups_and_left_others_is_back_where_they_were(provider: Provider) -> None:
    anna = provider.add_person("anna", groups=("Sales",))
    people.change_groups(provider.services, SHELL, anna, joins=("Support",), leaves=())
    id = _latest(provider, anna)
    of_people.undo(provider.services, SHELL, _now(provider, anna), id)
    assert _now(provider, anna).groups == ("Sales",)
    with pytest.raises(PersonChanged):  # twice: they are not in it any more
        of_people.undo(provider.services, SHELL, _now(provider, anna), id)


def test_C6_somebody_turned_off_by_mistake_is_on_again(provider: Provider) -> None:
    anna = provider.add_person("anna")
    turning_off.turn_off(provider.services, SHELL, anna)
    id = _latest(provider, anna)
    assert of_people.undo(provider.services, SHELL, _now(provider, anna), id).enabled
    with pytest.raises(PersonChanged):
        of_people.undo(provider.services, SHELL, _now(provider, anna), id)


def test_C6_an_address_that_somebody_else_has_by_now_does_not_come_back(provider: Provider) -> None:
    anna = provider.add_person("anna")
    after = _correct(provider, anna, people.Correction(changes={"email": "new@example.com"}))
    id = _latest(provider, anna)
    _correct(provider, provider.add_person("bea"), people.Correction(changes={"email": anna.email}))
    with pytest.raises(InvalidPerson):
        of_people.undo(provider.services, SHELL, after, id)
    assert _now(provider, anna).email == "new@example.com"


def test_C6_nothing_of_another_person_and_nothing_that_says_too_little_is_undone(provider: Provider) -> None:
    anna, bea = provider.add_person("anna"), provider.add_person("bea")
    _correct(provider, anna, people.Correction(changes={"name": "Other"}))
    people.unlock(provider.services, SHELL, bea)
    for person, id in ((bea, _latest(provider, anna)), (bea, _latest(provider, bea)), (anna, "0" * 26)):
        with pytest.raises(NoSuchChange):
            of_people.undo(provider.services, SHELL, _now(provider, person), id)


# -- groups ----------------------------------------------------------------------------------------------------------


def _group(provider: Provider, name: str = "Sales") -> Group:
    return groups.make(provider.services, SHELL, name)[0]


def _fresh(provider: Provider, group: Group) -> Group:
    found = accounts_groups.find_by_id(provider.services.db, group.id)
    assert found is not None
    return found


def _nest(services: Services, actor: Actor, group: Group) -> None:
    groups.put_in(services, actor, groups.make(services, actor, "Inner")[0], group)


CHANGES: dict[str, Callable[[Services, Actor, Group], object]] = {
    "name": lambda s, a, group: groups.rename(s, a, group, "Trade"),
    "description": lambda s, a, group: groups.describe(s, a, group, "who sells"),
    "added_only": lambda s, a, group: groups.let_us_add(s, a, group, also=True),
    "groups": _nest,
    "owners": lambda s, a, group: groups.change_owners(s, a, group, joins=[people.get(s, "anna")], leaves=[]),
    "members": lambda s, a, group: groups.change_members(s, a, group, joins=[people.get(s, "anna")], leaves=[]),
}


@pytest.mark.parametrize("field", CHANGES)
def test_C6_each_change_of_a_group_is_told_and_taken_back(provider: Provider, clock: Clock, field: str) -> None:
    provider.add_person("anna")
    group = _group(provider)
    clock.advance(1)
    CHANGES[field](provider.services, SHELL, group)
    changed = _fresh(provider, group)
    made = of_groups.of(provider.services, SHELL, changed)[0]
    assert [one.field for one in made.differences] == [field]
    assert made.can_undo
    clock.advance(1)
    of_groups.undo(provider.services, SHELL, changed, made.id)
    back = of_groups.of(provider.services, SHELL, _fresh(provider, group))[0]
    (was,) = made.differences
    assert back.differences == (Difference(field, was.new, was.old),)


@pytest.mark.parametrize("field", ["name", "description", "added_only", "members"])
def test_C6_a_change_of_a_group_that_was_made_again_is_not_taken_back_twice(
    provider: Provider, clock: Clock, field: str
) -> None:
    provider.add_person("anna")
    group = _group(provider)
    clock.advance(1)
    CHANGES[field](provider.services, SHELL, group)
    changed = _fresh(provider, group)
    made = of_groups.of(provider.services, SHELL, changed)[0]
    clock.advance(1)
    of_groups.undo(provider.services, SHELL, changed, made.id)
    with pytest.raises((ChangedMeanwhile, NoSuchChange)):
        of_groups.undo(provider.services, SHELL, _fresh(provider, group), made.id)


def test_C6_a_group_made_by_mistake_goes_and_one_with_people_stays(provider: Provider, clock: Clock) -> None:
    anna, group, kept = provider.add_person("anna"), _group(provider), _group(provider, "Support")
    clock.advance(1)
    groups.change_members(provider.services, SHELL, kept, joins=[anna], leaves=[])
    for one in (group, kept):
        made = of_groups.of(provider.services, SHELL, one)[-1]
        assert made.action == "group:added"
        if one is group:
            of_groups.undo(provider.services, SHELL, one, made.id)
        else:
            with pytest.raises(ChangedMeanwhile):
                of_groups.undo(provider.services, SHELL, _fresh(provider, one), made.id)
    assert [one.name for one in accounts_groups.list_of(provider.services.db)] == ["Support"]


def test_C6_a_groups_history_has_pages_and_nothing_of_another_group(provider: Provider, clock: Clock) -> None:
    group, other = _group(provider), _group(provider, "Other")
    for number in range(5):
        clock.advance(1)
        group = groups.describe(provider.services, SHELL, group, f"number {number}")
        groups.describe(provider.services, SHELL, other, f"other {number}")
    first = of_groups.of(provider.services, SHELL, group, many=3)
    rest = of_groups.of(provider.services, SHELL, group, before=first[-1].id, many=10)
    assert [one.action for one in (*first, *rest)] == ["group:described"] * 5 + ["group:added"]
    assert [one.differences[0].new for one in first] == ["number 4", "number 3", "number 2"]
    with pytest.raises(NoSuchChange):
        of_groups.undo(provider.services, SHELL, other, first[0].id)


def test_C6_a_group_that_was_worked_on_since_is_not_removed_by_the_undo_of_its_making(
    provider: Provider, clock: Clock
) -> None:
    group = _group(provider)
    clock.advance(1)
    renamed = groups.rename(provider.services, SHELL, group, "Trade")
    made = of_groups.of(provider.services, SHELL, renamed)[-1]
    with pytest.raises(ChangedMeanwhile):
        of_groups.undo(provider.services, SHELL, renamed, made.id)
    assert _fresh(provider, group).name == "Trade"


def test_C6_who_is_in_it_is_told_of_a_group_under_each_name_that_it_had(provider: Provider, clock: Clock) -> None:
    anna, group = provider.add_person("anna"), _group(provider)
    clock.advance(1)
    groups.change_members(provider.services, SHELL, group, joins=[anna], leaves=[])
    clock.advance(1)
    renamed = groups.rename(provider.services, SHELL, _fresh(provider, group), "Trade")
    told = of_groups.of(provider.services, SHELL, renamed)
    assert [one.action for one in told] == ["group:renamed", "person:groups", "group:added"]
    of_groups.undo(provider.services, SHELL, renamed, told[1].id)
    assert _now(provider, anna).groups == ()


def test_C6_a_group_of_the_same_name_has_nothing_of_the_one_before(provider: Provider, clock: Clock) -> None:
    anna, group = provider.add_person("anna"), _group(provider)
    clock.advance(1)
    groups.change_members(provider.services, SHELL, group, joins=[anna], leaves=[])
    clock.advance(1)
    groups.change_members(provider.services, SHELL, _fresh(provider, group), joins=[], leaves=[_now(provider, anna)])
    left = _latest(provider, anna)
    clock.advance(1)
    groups.remove(provider.services, SHELL, _fresh(provider, group), with_members=False)
    clock.advance(1)
    again = _group(provider)
    assert [one.action for one in of_groups.of(provider.services, SHELL, again)] == ["group:added"]
    with pytest.raises(NoSuchChange):
        of_groups.undo(provider.services, SHELL, again, left)
    with pytest.raises(PersonChanged):  # they were never in this one
        of_people.undo(provider.services, SHELL, _now(provider, anna), left)
    assert _now(provider, anna).groups == ()


def test_C6_somebodys_change_of_groups_is_taken_back_when_one_has_another_name(
    provider: Provider, clock: Clock
) -> None:
    anna = provider.add_person("anna")
    people.change_groups(provider.services, SHELL, anna, joins=("Sales",), leaves=())
    id = _latest(provider, anna)
    clock.advance(1)
    group = accounts_groups.find(provider.services.db, "Sales")
    assert group is not None
    groups.rename(provider.services, SHELL, group, "Trade")
    of_people.undo(provider.services, SHELL, _now(provider, anna), id)
    assert _now(provider, anna).groups == ()


def test_C6_what_was_recorded_without_ids_is_told_by_its_name_since_the_group_was_made(
    provider: Provider, clock: Clock
) -> None:
    anna = provider.add_person("anna")

    def older(name: str) -> None:
        clock.advance(1)
        event = Event("person:groups", actor="cli:x", person_id=anna.id, detail={"added": [name], "removed": []})
        with provider.services.db.transaction() as tx:
            audit.record(tx, event, provider.services.clock())

    older("Sales")
    clock.advance(1)
    group = _group(provider)
    assert [one.action for one in of_groups.of(provider.services, SHELL, group)] == ["group:added"]
    older("sales")
    told = of_groups.of(provider.services, SHELL, group)
    assert [one.action for one in told] == ["person:groups", "group:added"]
