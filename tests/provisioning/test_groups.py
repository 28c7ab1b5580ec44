"""Y2: groups are made behind the people that they hold, and change by what differs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clients.access import Access
from idp.accounts import groups
from idp.accounts.grouping import nesting
from idp.accounts.person import Draft
from idp.admin import provisioning
from idp.provisioning import membership
from tests.provisioning.conftest import SHELL, TOKEN, Begin, World, error


def nothing(*_: Any) -> None:
    """No record."""


def members(world: World, name: str) -> set[str]:
    """Who is in a group there, by name."""
    ids = {one["value"] for one in world.there("Group")[name].get("members") or ()}
    return {called for called, one in world.there().items() if one["id"] in ids}


def test_Y2_people_come_before_the_groups_that_hold_them(world: World) -> None:
    directory = world.services.directory
    ann = directory.add(Draft(username="ann", groups=("Sales", "All")))
    directory.add(Draft(username="ben", groups=("All",)))
    world.begin()
    world.deliver()
    made = [one.path for one in world.served.sent("POST")]
    assert made == ["Users", "Users", "Groups", "Groups"]
    assert (members(world, "Sales"), members(world, "All")) == ({"ann"}, {"ann", "ben"})
    world.served.asked.clear()
    directory.add(Draft(username="cid", groups=("All",)))
    directory.remove_from_group(ann.id, "Sales")
    world.deliver()
    assert (members(world, "Sales"), members(world, "All")) == (set(), {"ann", "ben", "cid"})
    added = [one.body["Operations"] for one in world.served.sent("PATCH", "Groups")]
    assert sorted(len(steps[0].get("value") or [1]) for steps in added) == [1, 1]  # what differs, and nobody else


def test_Y2_a_group_is_renamed_and_deleted_and_holds_those_of_groups_in_it(world: World) -> None:
    services = world.services
    services.directory.add(Draft(username="ann", groups=("Sales",)))
    inner = groups.find(services.db, "Sales")
    outer = groups.add(services.db, "Company", services.clock(), record=nothing)
    assert inner is not None
    world.begin()
    world.deliver()
    assert members(world, "Company") == set()
    nesting.put_in(services.db, inner, outer, services.clock(), record=nothing)
    groups.rename(services.db, inner, "Sellers", services.clock(), record=nothing)
    world.deliver()
    assert set(world.there("Group")) == {"Sellers", "Company"}
    assert members(world, "Company") == {"ann"}
    sellers = groups.find(services.db, "Sellers")
    assert sellers is not None
    groups.remove(services.db, sellers, services.clock(), with_members=True, record=nothing)
    world.deliver()
    assert set(world.there("Group")) == {"Company"}
    assert members(world, "Company") == set()


def test_Y2_without_patch_everything_is_put_whole(world: World) -> None:
    world.served.faults = lambda method, path, body: (
        error(404) if path == "ServiceProviderConfig" else error(501) if method == "PATCH" else None
    )
    directory = world.services.directory
    ann = directory.add(Draft(username="ann", name="Ann", groups=("Sales",)))
    world.begin()
    world.deliver()
    assert members(world, "Sales") == {"ann"}
    directory.update(ann.id, name="Ann B")
    directory.add(Draft(username="ben", groups=("Sales",)))
    world.deliver()
    assert world.there()["ann"]["displayName"] == "Ann B"
    assert members(world, "Sales") == {"ann", "ben"}
    directory.disable(ann.id)
    world.deliver()
    assert world.there()["ann"]["active"] is False
    assert world.there()["ann"]["displayName"] == "Ann B"
    assert not world.served.sent("PATCH")


def test_Y2_many_members_go_a_hundred_at_a_time_and_a_bad_one_keeps_nobody_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(membership, "CHUNK", 3)
    directory = world.services.directory
    people = [directory.add(Draft(username=f"p{n}", groups=("All",))) for n in range(8)]
    bad: list[str] = []

    def faults(method: str, path: str, body: Any) -> Any:
        if method != "PATCH" or not path.startswith("Groups"):
            return None
        values = [one["value"] for one in body["Operations"][0]["value"]]
        assert len(values) <= 3
        if not bad:
            bad.append(values[1])
        return error(400, "no such member", "invalidValue") if bad[0] in values else None

    world.served.faults = faults
    world.begin()
    world.deliver()
    assert len(members(world, "All")) == 7
    group = groups.find(world.services.db, "All")
    assert group is not None
    one = world.object(group.id, "group")
    assert one.state == "failed"
    assert "no such member" in one.problem
    world.served.faults = lambda method, path, body: None
    world.wait(60)
    assert len(members(world, "All")) == len(people)


def test_Y2_only_groups_that_matter_to_the_application_are_told(make_world: Begin) -> None:
    world = make_world(access=Access.only(groups=("Sales",)))
    world.services.directory.add(Draft(username="ann", groups=("Sales", "Salaries")))
    world.begin()
    world.deliver()
    assert set(world.there("Group")) == {"Sales"}


def test_Y2_groups_may_be_told_as_entitlements(make_world: Begin) -> None:
    world = make_world(access=Access.only(groups=("Sales", "Editors")))
    directory = world.services.directory
    ann = directory.add(Draft(username="ann", groups=("Sales", "Editors", "Other")))
    world.begin(groups="entitlements")
    world.deliver()
    assert [one["value"] for one in world.there()["ann"]["entitlements"]] == ["Editors", "Sales"]
    assert not world.there("Group")
    directory.remove_from_group(ann.id, "Editors")
    world.deliver()
    assert [one["value"] for one in world.there()["ann"]["entitlements"]] == ["Sales"]


def test_Y2_sent_anew_what_somebody_changed_there_is_as_it_should_be(world: World) -> None:
    services = world.services
    ann = services.directory.add(Draft(username="ann", name="Ann", groups=("Sales",)))
    ben = services.directory.add(Draft(username="ben"))
    world.begin()
    world.deliver()
    group = groups.find(services.db, "Sales")
    assert group is not None
    there, other = world.object(group.id, "group").remote_id, world.object(ben.id).remote_id
    by_hand = world.served.url
    for path, step in (
        (f"Users/{world.object(ann.id).remote_id}", {"op": "replace", "path": "displayName", "value": "Hand"}),
        (f"Groups/{there}", {"op": "replace", "path": "members", "value": [{"value": other}]}),
    ):
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [step]}
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
        sent = json.dumps(body).encode(), headers
        done = services.outbound.send("PATCH", f"{by_hand}/{path}", *sent, max_bytes=9999, timeout=5)
        assert done.status in (200, 204)
    found = {one.name: one for one in provisioning.drift(services, SHELL, world.id)}
    assert found["ann"].attributes == ("displayName",)
    assert found["Sales"].attributes == ("members",)
    provisioning.send_all(services, SHELL, world.id)
    world.deliver()
    assert list(provisioning.drift(services, SHELL, world.id)) == []
    assert members(world, "Sales") == {"ann"}
