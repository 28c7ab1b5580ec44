"""Y2: a limit that was narrowed by mistake ends nobody: the brake stops before the first of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from idp.accounts import changed, groups
from idp.accounts.person import Draft
from idp.admin import access as access_verbs
from idp.admin import groups as verbs
from idp.admin import provisioning
from idp.admin.actor import of_shell
from idp.provisioning import keeping, serving
from tests.provisioning.conftest import SHELL, World


def filled(world: World, many: int, **said: Any) -> list[Any]:
    """So many people who are there."""
    directory = world.services.directory
    people = [directory.add(Draft(username=f"p{n:02}", groups=("Staff",))) for n in range(many)]
    world.begin(**{"brake": 3, "brake_share": 10, **said})
    world.deliver()
    return people


def narrowed(world: World) -> None:
    """The limit is one that lets in nobody of them."""
    client = world.services.registry.get(world.id)
    access_verbs.change(world.services, SHELL, client, access_verbs.Change(start="nobody"))


def test_Y2_a_narrowed_limit_ends_nobody_until_an_admin_lets_it(world: World) -> None:
    filled(world, 5)
    narrowed(world)
    world.served.asked.clear()
    world.deliver()
    target = world.target()
    assert (target.state, target.braked) == ("stopped", 5)
    assert "would turn off 5 of 5 people there, and 3 is the most" in target.reason
    assert world.served.asked == []
    (told,) = provisioning.findings(world.services)
    assert "5 people or groups would be ended there" in str(told[0])
    held = provisioning.page(world.services, SHELL, world.id, "user", keeping.ENDS)
    assert len(held) == 5
    provisioning.turn(world.services, SHELL, world.id, on=True)  # nobody has let it
    world.deliver()
    assert world.target().braked == 5
    with pytest.raises(keeping.ChangedMeanwhile):
        provisioning.release(world.services, SHELL, world.id, 4)
    provisioning.release(world.services, of_shell("cli:boss"), world.id, 5)
    world.deliver()
    assert world.target().state == "on"
    assert all(one["active"] is False for one in world.there().values())
    with pytest.raises(keeping.NotBraked):
        provisioning.release(world.services, SHELL, world.id, 5)


def test_Y2_a_limit_that_is_mended_ends_nobody(world: World) -> None:
    filled(world, 5)
    narrowed(world)
    world.deliver()
    client = world.services.registry.get(world.id)
    access_verbs.change(world.services, SHELL, client, access_verbs.Change(start="everyone"))
    provisioning.turn(world.services, SHELL, world.id, on=True)
    world.deliver()
    assert world.target().state == "on"
    assert [one["active"] for one in world.there().values()] == 5 * [True]
    assert provisioning.page(world.services, SHELL, world.id, "user", keeping.ENDS) == []


def test_Y2_one_after_the_other_they_count_together_within_a_day(world: World) -> None:
    people = filled(world, 6)
    for person in people[:3]:
        world.services.directory.disable(person.id)
        world.deliver()
    assert world.target().state == "on"
    world.services.directory.disable(people[3].id)
    world.deliver()
    assert "would turn off 1 of 6 people there after 3 within a day" in world.target().reason
    world.clock.advance(2 * 86_400)
    provisioning.turn(world.services, SHELL, world.id, on=True)
    world.deliver()
    assert sum(one["active"] is False for one in world.there().values()) == 4


def test_Y2_the_share_counts_where_it_is_more(world: World) -> None:
    people = filled(world, 8)
    provisioning.change(world.services, SHELL, world.id, lambda before: _with_share(before, 50))
    world.deliver()
    for person in people[:4]:
        world.services.directory.disable(person.id)
    world.deliver()
    assert world.target().state == "on"
    world.services.directory.disable(people[4].id)
    world.deliver()
    assert world.target().braked == 1


def test_Y2_deleting_also_those_who_are_off_is_held_and_foreseen(world: World) -> None:
    people = filled(world, 6)
    for person in people[:3]:
        world.services.directory.disable(person.id)
    world.deliver()
    world.clock.advance(2 * 86_400)
    world.services.directory.disable(people[3].id)
    provisioning.change(world.services, SHELL, world.id, _deleting)
    found = list(provisioning.foresee(world.services, SHELL, world.id))
    assert [one.what for one in found if one.kind == "user"] == 4 * ["delete"]
    brake = provisioning.foresee_brake(world.services, SHELL, world.id, found)
    assert brake is not None
    assert (brake.many, brake.most) == (4, 3)
    world.deliver()
    assert "would delete 4 of" in world.target().reason
    assert len(world.there()) == 6


def test_Y2_groups_that_are_told_no_more_are_held_too(world: World) -> None:
    directory = world.services.directory
    for n in range(5):
        directory.add(Draft(username=f"p{n}", groups=(f"G{n}",)))
    world.begin(brake=3)
    world.deliver()
    provisioning.change(world.services, SHELL, world.id, lambda before: _only(before, "G0"))
    world.deliver()
    assert "would delete 4 of 5 groups there" in world.target().reason
    assert len(world.there("Group")) == 5


def with_groups(world: World, many: int) -> list[Any]:
    """So many people, each in a group of their own, who are there."""
    directory = world.services.directory
    people = [directory.add(Draft(username=f"p{n:02}", groups=(f"G{n}",))) for n in range(many)]
    world.begin(brake=3)
    world.deliver()
    return people


def test_Y2_groups_that_are_removed_here_are_held_too(world: World) -> None:
    with_groups(world, 8)
    for group in groups.list_of(world.services.db):
        verbs.remove(world.services, SHELL, group, with_members=True)
    world.deliver()
    assert "would delete 8 of 8 groups there" in world.target().reason
    assert len(world.there("Group")) == 8


def test_Y2_what_was_let_for_groups_lets_no_people_end(world: World) -> None:
    people = with_groups(world, 9)
    provisioning.change(world.services, SHELL, world.id, lambda before: _only(before, "G0"))
    world.deliver()
    provisioning.release(world.services, SHELL, world.id, 8)
    world.deliver()
    assert list(world.there("Group")) == ["G0"]
    assert world.target().let_end == 0
    for person in people[:8]:
        world.services.directory.disable(person.id)
    world.deliver()
    assert "would turn off 8 of 9 people there" in world.target().reason
    assert all(one["active"] for one in world.there().values())


def test_Y2_who_ends_after_a_release_was_not_let(world: World) -> None:
    people = filled(world, 12)
    for person in people[:6]:
        world.services.directory.disable(person.id)
    world.deliver()
    provisioning.release(world.services, SHELL, world.id, 6)
    for person in people[:6]:
        world.services.directory.enable(person.id)
    for person in people[6:]:
        world.services.directory.disable(person.id)
    world.deliver()
    assert world.target().braked == 6
    assert all(one["active"] for one in world.there().values())


def test_Y2_what_was_let_is_over_after_a_day(world: World) -> None:
    filled(world, 5)
    narrowed(world)
    world.deliver()
    provisioning.release(world.services, SHELL, world.id, 5)
    world.clock.advance(2 * 86_400)
    world.deliver()
    assert world.target().braked == 5
    assert all(one["active"] for one in world.there().values())


def test_Y2_who_is_removed_while_it_is_off_is_held_and_listed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    people = filled(world, 12, brake_share=1)
    monkeypatch.setattr(serving, "MOST_NOTES", 5)
    provisioning.turn(world.services, SHELL, world.id, on=False)
    for person in people[:8]:
        world.services.directory.remove(person.id)
    serving.due(world.services)
    assert not changed.is_waiting(world.services.db, keeping.follower(world.id))
    provisioning.turn(world.services, SHELL, world.id, on=True)
    world.deliver()
    assert world.target().braked == 8
    assert all(one["active"] for one in world.there().values())
    assert len(provisioning.page(world.services, SHELL, world.id, "user", keeping.ENDS)) == 8


def test_Y2_groups_that_were_left_before_do_not_count(world: World) -> None:
    directory, db = world.services.directory, world.services.db
    for n in range(6):
        directory.add(Draft(username=f"p{n:02}", groups=(f"G{n}",)))
    world.begin(brake=5)
    world.deliver()
    for group in groups.list_of(db):  # as if they had been there before
        keeping.put(db, replace(world.object(group.id, "group"), made=False))
    for names in (("G0", "G1", "G2"), ("G2",)):
        provisioning.change(world.services, SHELL, world.id, lambda before, names=names: _only(before, *names))
        world.deliver()
    assert world.target().state == "on"
    assert len(world.there("Group")) == 6


def test_Y2_where_nothing_is_ended_there_no_brake_holds(world: World) -> None:
    filled(world, 5, off="nothing")
    narrowed(world)
    world.deliver()
    assert world.target().state == "on"


def _with_share(said: Any, share: int) -> Any:
    return replace(said, brake_share=share)


def _deleting(said: Any) -> Any:
    return replace(said, off="delete")


def _only(said: Any, *names: str) -> Any:
    return replace(said, only=names)


def test_Y2_what_ended_counts_for_a_whole_day_whenever_it_was(world: World) -> None:
    people = filled(world, 8)
    for person in people[:3]:
        world.services.directory.disable(person.id)
        world.deliver()
        world.clock.advance(11 * 3600)  # the first of them ended 22 hours before the last
    assert world.target().state == "on"
    world.clock.advance(-10 * 3600)
    world.services.directory.disable(people[3].id)
    world.deliver()
    assert "would turn off 1 of 8 people there after 3 within a day" in world.target().reason
    world.clock.advance(3 * 3600)  # the first is past, the two others are not: a day is no window that begins anew
    world.services.directory.disable(people[4].id)
    provisioning.turn(world.services, SHELL, world.id, on=True)
    world.deliver()
    assert "would turn off 2 of 7 people there after 2 within a day" in world.target().reason


def test_Y2_groups_that_end_one_after_the_other_count_together_within_a_day(world: World) -> None:
    for number in range(6):
        groups.add(world.services.db, f"G{number}", world.clock(), record=lambda *_: None)
    filled(world, 1, brake=3)
    actor, db = SHELL, world.services.db

    def remove(number: int) -> None:
        found = groups.find(db, f"G{number}")
        assert found is not None
        verbs.remove(world.services, actor, found, with_members=True)
        world.deliver()

    for number in range(3):
        remove(number)
    assert world.target().state == "on"
    remove(3)
    assert (world.target().state, world.target().braked) == ("stopped", 1)
    assert "after 3 within a day" in world.target().reason
    provisioning.release(world.services, SHELL, world.id, 1)
    world.deliver()
    assert world.target().state == "on"
    remove(4)  # somebody has looked: it is counted from there on
    assert world.target().state == "on"


def test_Y2_a_release_of_groups_says_nothing_of_people(world: World) -> None:
    people = filled(world, 6)
    for person in people[:3]:
        world.services.directory.disable(person.id)
        world.deliver()
    record = lambda *_: None  # noqa: E731
    keeping.turn(world.services.db, world.id, "stopped", 0.0, record=record, reason="would delete 9 of 9 groups there",
                 braked=9)  # fmt: skip
    provisioning.release(world.services, SHELL, world.id, 9)
    world.services.directory.disable(people[3].id)
    world.deliver()
    assert "would turn off 1 of 6 people there after 3 within a day" in world.target().reason
