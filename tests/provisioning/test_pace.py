"""Y2: an application that fails, asks for time or is slow is not stormed, and what nobody takes does not grow."""

from __future__ import annotations

from typing import Any

import pytest

from idp.accounts import changed
from idp.accounts.person import Draft
from idp.admin import provisioning
from idp.provisioning import keeping, serving
from tests.provisioning.conftest import SHELL, World, error


def people(world: World, many: int) -> list[Any]:
    """So many, none of whom is there yet."""
    return [world.services.directory.add(Draft(username=f"p{n:02}")) for n in range(many)]


def test_Y2_some_errors_of_its_own_in_a_row_and_the_whole_target_waits(world: World) -> None:
    people(world, 30)
    world.begin()
    world.served.faults = lambda method, path, body: error(502) if method == "POST" else None
    world.deliver()
    assert len(world.served.sent("POST")) == 5
    target = world.target()
    assert target.state == "on"
    assert target.retry_at == world.services.clock() + 15
    world.wait(15)
    assert len(world.served.sent("POST")) == 6  # one tells whether it is well again
    assert world.target().retry_at == world.services.clock() + 30
    world.served.faults = lambda method, path, body: None
    world.wait(31)
    world.wait(60)
    assert len(world.there()) == 30
    assert (world.target().unwell, world.target().failures) == (0, 0)


def test_Y2_one_object_that_it_fails_at_holds_nobody_else(world: World) -> None:
    ann, *_ = people(world, 12)
    world.begin()
    world.served.faults = lambda method, path, body: (
        error(500) if method == "POST" and body.get("userName") == ann.username else None
    )
    world.deliver()
    assert len(world.there()) == 11
    assert world.target().retry_at == 0


@pytest.mark.spec("RFC9110 10.2.3")
@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_Y2_retry_after_is_kept_whatever_the_error(world: World, status: int) -> None:
    people(world, 2)
    world.begin()
    world.served.faults = lambda method, path, body: (
        error(status, Retry_After="120") if method == "POST" else None
    )  # fmt: skip
    world.deliver()
    assert len(world.served.sent("POST")) == 1
    assert world.target().retry_at == world.services.clock() + 120


def test_Y2_at_once_again_and_again_is_ever_later_all_the_same(world: World) -> None:
    people(world, 1)
    world.begin()
    world.served.faults = lambda method, path, body: error(429, Retry_After="0") if method == "POST" else None
    world.deliver()
    waits = []
    for _ in range(5):
        waits.append(world.target().retry_at - world.services.clock())
        world.wait(waits[-1])
    assert waits == [1, 2, 4, 8, 16]


def test_Y2_who_answers_slowly_is_left_alone_for_as_long_as_it_took(world: World) -> None:
    people(world, 3)
    world.begin()

    def slow(method: str, path: str, body: Any) -> None:
        if method == "POST":
            world.clock.advance(4)

    world.served.faults = slow
    world.deliver()
    assert len(world.there()) == 1
    assert world.target().retry_at == world.services.clock() + 4
    assert serving.due(world.services) == []  # its thread is free for others
    world.wait(4)
    assert len(world.there()) == 2


def test_Y2_what_nobody_takes_while_it_is_off_is_bounded_and_nobody_is_missed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "MOST_NOTES", 5)
    world.begin()
    world.deliver()
    provisioning.turn(world.services, SHELL, world.id, on=False)
    follower = keeping.follower(world.id)
    some = people(world, 4)
    serving.due(world.services)
    assert changed.is_waiting(world.services.db, follower)
    for person in some:
        world.services.directory.update(person.id, name="Another")
    serving.due(world.services)
    assert not changed.is_waiting(world.services.db, follower)
    provisioning.turn(world.services, SHELL, world.id, on=True)
    world.deliver()
    assert [one["displayName"] for one in world.there().values()] == 4 * ["Another"]


def test_Y2_of_what_went_well_less_is_kept(world: World) -> None:
    ann, *_ = people(world, 1)
    long = "x" * 3000
    world.begin(mapping={"userName": "username", "title": f"={long[:150]}"})
    world.served.faults = lambda method, path, body: (
        (201, {}, {"id": "1", "externalId": ann.id, "note": long}) if method == "POST" else None
    )
    world.deliver()
    assert len(world.object(ann.id).answer) == 2000
