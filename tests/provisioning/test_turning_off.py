"""Y2: who is shut out does not wait behind others, what was asked is not lost, and nobody gets what is another's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from idp.accounts import groups
from idp.accounts.person import Draft
from idp.accounts.roles import RoleGrant
from idp.admin import groups as group_verbs
from idp.admin import provisioning
from idp.admin.actor import Actor
from idp.provisioning import delivering, noting
from idp.provisioning.target import MAPPING
from tests.provisioning.conftest import SHELL, TOKEN, World, error
from tests.provisioning.test_groups import members


def group_id(world: World, name: str) -> str:
    found = groups.find(world.services.db, name)
    assert found is not None
    return found.id


def test_Y2_who_is_turned_off_comes_before_everybody_who_waits(world: World) -> None:
    directory = world.services.directory
    people = [directory.add(Draft(username=f"p{n}")) for n in range(6)]
    world.begin()
    world.deliver()
    last = max(people, key=lambda one: one.id)
    world.clock.advance(5)
    for person in people:
        directory.update(person.id, name="Another")
    delivering.run(world.services, world.id, most=1)  # the notes alone
    world.clock.advance(5)
    directory.disable(last.id)
    world.served.asked.clear()
    world.deliver()
    first, *others = world.served.sent("PATCH", "Users")
    assert first.body["Operations"] == [{"op": "replace", "path": "active", "value": False}]
    assert len(others) == 5


def test_Y2_a_group_gets_its_turn_among_many_people(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "GROUPS", 3)
    directory = world.services.directory
    people = [directory.add(Draft(username=f"p{n}", groups=("All",))) for n in range(6)]
    world.begin()
    world.deliver()
    for person in people[:5]:
        directory.update(person.id, name="Another")
    directory.remove_from_group(people[5].id, "All")
    world.served.asked.clear()
    world.deliver()
    asked = [one.path.partition("/")[0] for one in world.served.sent("PATCH")]
    at = asked.index("Groups")  # taking the notes counts as a step, too: it may be the very first
    assert at < 4
    assert "Users" in asked[at + 1 :]


def test_Y2_what_is_asked_while_everybody_is_looked_at_is_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = world.services.directory.add(Draft(username="ann", name="Ann"))
    world.begin()
    find = world.services.directory.list
    asked: list[str] = []

    def listed(*given: Any, **more: Any) -> Any:
        if not asked:
            asked.append("once")
            mapping = {**MAPPING, "title": "=staff"}
            provisioning.change(
                world.services, SHELL, world.id, lambda before: replace(before, mapping=mapping)
            )  # fmt: skip
        return find(*given, **more)

    world.deliver()
    provisioning.send_all(world.services, SHELL, world.id)
    monkeypatch.setattr(world.services.directory, "list", listed)
    stale = world.target()
    noting.walk(world.services, stale, world.services.registry.get(world.id))
    assert asked
    assert (world.target().walk, world.target().again) == ("", True)
    world.deliver()
    assert world.there()["ann"]["title"] == "staff"
    assert world.object(ann.id).state == "done"


def test_Y2_nobody_takes_over_the_account_of_another_of_our_people(world: World) -> None:
    directory = world.services.directory
    old = directory.add(Draft(username="ann", name="The old one"))
    world.begin(adopts=True)
    world.deliver()
    directory.remove(old.id)
    world.deliver()
    assert world.there()["ann"]["active"] is False
    new = directory.add(Draft(username="ann", name="The new one"))
    world.deliver()
    assert world.object(new.id).state == "refused"
    assert "somebody else" in world.object(new.id).problem
    assert (world.there()["ann"]["displayName"], world.there()["ann"]["externalId"]) == ("The old one", old.id)


def test_Y2_a_renamed_group_that_a_target_names_stays_there(world: World) -> None:
    world.services.directory.add(Draft(username="ann", groups=("Sales",)))
    world.begin(only=("sales",))
    world.deliver()
    before = world.object(group_id(world, "Sales"), "group").remote_id
    found = groups.find(world.services.db, "Sales")
    assert found is not None
    group_verbs.rename(world.services, SHELL, found, "Sellers")
    world.deliver()
    assert world.target().said.only == ("Sellers",)
    assert world.object(group_id(world, "Sellers"), "group").remote_id == before
    assert not world.served.sent("DELETE")
    assert members(world, "Sellers") == {"ann"}


def test_Y2_what_was_sent_of_somebody_is_gone_with_them_also_where_nothing_is_sent(world: World) -> None:
    ann = world.provider.add_person("ann", name="Ann Lee")
    world.begin()
    world.served.faults = lambda method, path, body: (
        error(400, "no Ann Lee, please") if method == "POST" else None
    )  # fmt: skip
    world.deliver()
    assert "Ann Lee" in world.object(ann.id).problem + world.object(ann.id).request
    provisioning.turn(world.services, SHELL, world.id, on=False)
    world.services.directory.remove(ann.id)
    one = world.object(ann.id)
    assert (one.request, one.answer, one.problem, dict(one.sent)) == ("", "", "", {})


def test_Y2_without_patch_a_group_that_was_there_keeps_whoever_is_in_it(world: World) -> None:
    sent = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
    body = b'{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Sales"}'
    world.services.outbound.send("POST", f"{world.served.url}/Groups", body, sent, max_bytes=9999, timeout=5)
    world.served.faults = lambda method, path, body: error(404) if path == "ServiceProviderConfig" else None
    world.services.directory.add(Draft(username="ann", groups=("Sales",)))
    world.begin(adopts=True)
    world.deliver()
    one = world.object(group_id(world, "Sales"), "group")
    assert (one.state, one.remote_id) == ("refused", "")
    assert "PATCH" in one.problem
    assert not world.served.sent("PUT", "Groups")


def test_Y2_what_was_said_of_somebody_is_for_those_who_may_read_that_person(world: World) -> None:
    ann = world.services.directory.add(Draft(username="ann", groups=("Paris",)))
    world.begin()
    world.served.faults = lambda method, path, body: error(400, "no ann, please") if method == "POST" else None
    world.deliver()

    def shown(*more: RoleGrant) -> Any:
        actor = Actor(kind="person", id="u1", name="person:u1", grants=(RoleGrant("app_admin", (world.id,)), *more))
        return provisioning.find_object(world.services, actor, world.id, "user", ann.id).object

    for one in (shown(), shown(RoleGrant("help_desk", ("Berlin",)))):
        assert (one.request, one.answer, one.problem) == ("POST /Users", "", "status 400")
    one = shown(RoleGrant("help_desk", ("paris",)))
    assert "no ann" in one.problem
    assert '"ann"' in one.request
