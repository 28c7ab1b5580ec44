"""U1, Y2: another release of an attribute reaches an application that has the people already."""

from __future__ import annotations

from typing import Any

from idp.admin import attributes
from tests.provisioning.conftest import SHELL, World

MAPPING = {"userName": "username", "displayName": "name", "title": "claim:desk"}


def told(world: World) -> Any:
    return world.there()["ann"].get("title")


def test_U1_a_narrowed_release_takes_the_value_away_and_a_widened_one_brings_it(world: World) -> None:
    world.provider.add_person("ann", claims={"desk": "D-1"})
    attributes.add(world.services, SHELL, "desk", {})
    world.begin(mapping=MAPPING)
    world.deliver()
    assert told(world) == "D-1"
    attributes.change(world.services, SHELL, "desk", {"release": "apps", "apps": [world.id]})
    world.deliver()
    assert told(world) == "D-1"
    attributes.change(world.services, SHELL, "desk", {"release": "nobody"})
    world.wait(1)
    assert told(world) is None
    attributes.change(world.services, SHELL, "desk", {})
    world.wait(1)
    assert told(world) == "D-1"


def test_U1_a_definition_taken_away_is_a_widened_release(world: World) -> None:
    world.provider.add_person("ann", claims={"desk": "D-1"})
    attributes.add(world.services, SHELL, "desk", {"release": "nobody"})
    world.begin(mapping=MAPPING)
    world.deliver()
    assert told(world) is None
    attributes.remove(world.services, SHELL, "desk", with_values=True)
    world.wait(1)
    assert told(world) == "D-1"


def test_U1_what_no_mapping_reads_is_no_reason_to_look_at_everybody(world: World) -> None:
    world.provider.add_person("ann", claims={"desk": "D-1", "pay": "E14"})
    world.begin(mapping=MAPPING)
    world.deliver()
    before = world.target().seen
    attributes.add(world.services, SHELL, "pay", {"release": "nobody"})
    world.deliver()
    assert world.target().seen == before
    attributes.add(world.services, SHELL, "desk", {"release": "nobody"})
    world.deliver()
    assert world.target().seen != before
