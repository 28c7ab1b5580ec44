"""Y2: what is not confirmed is not taken for done, and nobody loses what they have by something else's failure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import load_default_provider

from idp.accounts import groups
from idp.accounts.person import Draft
from idp.admin import provisioning
from idp.provisioning import membership
from idp.provisioning.target import MAPPING
from tests.provisioning.conftest import SHELL, TOKEN, World, error
from tests.provisioning.test_groups import members


def none(method: str, path: str, body: Any) -> None:
    """No fault."""


def group_id(world: World, name: str) -> str:
    found = groups.find(world.services.db, name)
    assert found is not None
    return found.id


def delete_there(world: World, path: str) -> None:
    sent = {"Authorization": f"Bearer {TOKEN}"}
    world.services.outbound.send("DELETE", f"{world.served.url}/{path}", b"", sent, max_bytes=999, timeout=5)


def knows_no_filter(method: str, path: str, body: Any) -> Any:
    """A server that takes members out by no filter in a path."""
    steps = body.get("Operations", []) if method == "PATCH" and path.startswith("Groups") else []
    return error(400, "no such path", "invalidPath") if any("[" in one.get("path", "") for one in steps) else None


def test_Y2_who_leaves_a_group_is_out_of_it_where_no_filter_in_a_path_is_known(world: World) -> None:
    directory = world.services.directory
    people = [directory.add(Draft(username=f"p{n}", groups=("All",))) for n in range(5)]
    world.begin()
    world.deliver()
    world.served.faults = knows_no_filter
    for person in people[:4]:
        directory.remove_from_group(person.id, "All")
    world.served.asked.clear()
    world.deliver()
    assert members(world, "All") == {"p4"}
    assert len(world.served.sent("PATCH", "Groups")) == 2  # the filter, then the list of those who stay


def test_Y2_a_refused_removal_is_never_taken_for_done(world: World) -> None:
    directory = world.services.directory
    ann = directory.add(Draft(username="ann", groups=("All",)))
    world.begin()
    world.deliver()
    group = group_id(world, "All")
    world.served.faults = lambda method, path, body: (
        error(400, "read only") if method == "PATCH" and path.startswith("Groups") else None
    )
    directory.remove_from_group(ann.id, "All")
    world.deliver()
    one = world.object(group, "group")
    assert one.state == "refused"
    assert membership.confirmed(world.services, one) == {ann.id: world.object(ann.id).remote_id}
    assert "read only" in one.problem
    world.served.faults = none
    provisioning.retry_failed(world.services, SHELL, world.id)
    world.deliver()
    assert members(world, "All") == set()


def test_Y2_a_group_that_is_deleted_there_is_made_again_with_everybody(world: World) -> None:
    directory = world.services.directory
    for n in range(8):
        directory.add(Draft(username=f"p{n}", groups=("All",)))
    late = [directory.add(Draft(username=f"q{n}")) for n in range(8)]
    world.begin()
    world.deliver()
    group = group_id(world, "All")
    delete_there(world, f"Groups/{world.object(group, 'group').remote_id}")
    for person in late:
        directory.add_to_group(person.id, "All")
    world.served.asked.clear()
    world.deliver()
    assert len(members(world, "All")) == 16
    one = world.object(group, "group")
    assert one.state == "done"
    assert "404" in one.problem
    assert len(world.served.sent("PATCH", "Groups")) == 2  # one to find it missing, one with all members
    assert not world.served.sent("PATCH", "Users")


def test_Y2_a_group_that_takes_no_member_is_asked_a_few_times_and_shown(world: World) -> None:
    directory = world.services.directory
    for n in range(60):
        directory.add(Draft(username=f"p{n:02}", groups=("All",)))
    world.served.faults = lambda method, path, body: (
        error(400, "nobody") if method == "PATCH" and path.startswith("Groups") else None
    )
    world.begin()
    world.deliver()
    assert world.object(group_id(world, "All"), "group").state == "refused"
    assert len(world.served.sent("PATCH", "Groups")) < 80  # twice, for those who were sent anew came to it again


@pytest.mark.parametrize("status", [400, 502])
def test_Y2_who_fails_for_a_moment_keeps_their_groups_there(world: World, status: int) -> None:
    directory = world.services.directory
    ann = directory.add(Draft(username="ann", groups=("All",)))
    world.begin()
    world.deliver()
    world.served.faults = lambda method, path, body: (
        error(status, "not now") if method == "PATCH" and path.startswith("Users") else None
    )
    directory.update(ann.id, name="Ann B")
    world.deliver()
    assert world.object(ann.id).state in ("failed", "refused")
    directory.add(Draft(username="ben", groups=("All",)))
    world.deliver()
    assert members(world, "All") == {"ann", "ben"}
    directory.disable(ann.id)  # and who is turned off here is out of it, even where that cannot be sent
    directory.add(Draft(username="cid", groups=("All",)))
    world.deliver()
    assert members(world, "All") == {"ben", "cid"}


def test_Y2_another_address_is_not_asked_about_ids_of_the_old_one(world: World) -> None:
    directory = world.services.directory
    ann, ben = directory.add(Draft(username="ann", groups=("All",))), directory.add(Draft(username="ben"))
    world.begin()
    world.deliver()
    olds = {world.object(one.id).remote_id for one in (ann, ben)}
    olds.add(world.object(group_id(world, "All"), "group").remote_id)
    world.storage = InMemoryStorage()  # another application, with nobody of ours
    world.served.app = BearerTokenApplication(world.storage, load_default_provider(), bearer_tokens=[TOKEN])
    directory.disable(ben.id)
    provisioning.change(world.services, SHELL, world.id, _moved(f"{world.served.url}/"), TOKEN)
    world.served.asked.clear()
    world.deliver()
    assert not [one.path for one in world.served.asked if any(old in one.path for old in olds)]
    assert {name: one["active"] for name, one in world.there().items()} == {"ann": True}
    assert members(world, "All") == {"ann"}
    assert (world.object(ann.id).state, world.object(ben.id).state) == ("done", "gone")


def test_Y2_a_delivery_under_way_writes_down_no_id_of_the_old_address(world: World) -> None:
    ann = world.services.directory.add(Draft(username="ann"))
    world.begin()

    def faults(method: str, path: str, body: Any) -> None:
        if method == "POST" and not world.target().said.url.endswith("/"):
            provisioning.change(world.services, SHELL, world.id, _moved(f"{world.served.url}/"), TOKEN)

    world.served.faults = faults
    world.deliver()
    assert world.object(ann.id).remote_id == ""
    world.deliver()
    assert world.object(ann.id).remote_id == world.there()["ann"]["id"]


def _moved(url: str) -> Any:
    return lambda before: replace(before, url=url)


@pytest.mark.parametrize("filters", [True, False])
def test_Y2_an_account_whose_making_got_no_answer_is_turned_off_when_its_person_is_removed(
    world: World, filters: bool
) -> None:
    ann = world.services.directory.add(Draft(username="ann"))
    world.begin()
    app = world.served.app

    def lost(environ: Any, start: Any) -> Any:
        if environ["REQUEST_METHOD"] != "POST":
            return app(environ, start)
        list(app(environ, lambda *_: None))
        start("502 Lost", [])
        return [b""]

    world.served.app = lost
    world.deliver()
    assert world.object(ann.id).remote_id == ""
    world.served.app = app
    world.served.faults = lambda method, path, body: (
        error(400, "no", "invalidFilter") if method == "GET" and path == "Users" and not filters else None
    )
    world.services.directory.remove(ann.id)
    world.wait(3600)
    assert world.there()["ann"]["active"] is not filters
    if not filters:
        assert world.object(ann.id).state == "refused"
        assert "by hand" in world.object(ann.id).problem
        world.served.faults = none
        provisioning.retry_failed(world.services, SHELL, world.id)
        world.deliver()
        assert world.there()["ann"]["active"] is False


@pytest.mark.parametrize("off", ["disable", "delete"])
def test_Y2_a_mapping_that_gives_nobody_a_name_turns_nobody_off(world: World, off: Any) -> None:
    ann = world.services.directory.add(Draft(username="ann"))
    world.begin(off=off)
    world.deliver()
    world.begin_again(mapping={**MAPPING, "userName": "emial"})
    assert [one.what for one in provisioning.foresee(world.services, SHELL, world.id)] == ["refuse"]
    world.deliver()
    assert world.there()["ann"]["active"] is True
    one = world.object(ann.id)
    assert one.state == "refused"
    assert "emial" in one.problem
    world.services.directory.disable(ann.id)  # but who is turned off here is, name or not
    world.deliver()
    assert world.there().get("ann", {}).get("active") is (False if off == "disable" else None)
