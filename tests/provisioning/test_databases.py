"""Y2: the same over PostgreSQL, from the note to the last member."""

from __future__ import annotations

import pytest

from idp.accounts import groups
from idp.accounts.person import Draft
from idp.admin import provisioning
from idp.provisioning import serving
from tests.provisioning.conftest import SHELL, Begin


@pytest.mark.slow
def test_Y2_everything_that_is_sent_over_postgresql(make_world: Begin, postgresql_url: str) -> None:
    world = make_world(storage={"database_url": postgresql_url})
    services = world.services
    directory = services.directory
    people = [directory.add(Draft(username=f"p{n}", groups=("All",))) for n in range(5)]
    world.begin(off="delete")
    world.deliver()
    directory.disable(people[0].id)
    directory.remove_from_group(people[1].id, "All")
    directory.remove(people[2].id)
    directory.update(people[3].id, name="Dan")
    assert [one.client_id for one in serving.due(services)] == [world.id]
    world.deliver()
    assert set(world.there()) == {"p1", "p3", "p4"}
    assert world.there()["p3"]["displayName"] == "Dan"
    assert len(world.there("Group")["All"]["members"]) == 2
    provisioning.send_all(services, SHELL, world.id)
    world.deliver()
    group = groups.find(services.db, "All")
    assert group is not None
    assert provisioning.find_object(services, SHELL, world.id, "group", group.id).object.state == "done"
    assert list(provisioning.drift(services, SHELL, world.id)) == []
    assert list(provisioning.foresee(services, SHELL, world.id)) == []
    provisioning.retry_failed(services, SHELL, world.id)
    provisioning.remove(services, SHELL, world.id)
    assert serving.due(services) == []
