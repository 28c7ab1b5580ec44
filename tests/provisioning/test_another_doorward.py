"""Y2: HR writes people here by SCIM, and they appear in another Doorward, by SCIM; off here is off there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from idp.accounts import groups
from idp.accounts.person import Draft
from idp.accounts.provisioning.clients import Wanted
from idp.admin import provisioners, provisioning
from idp.provisioning import delivering
from idp.provisioning.target import Said
from idp.scim import schemas
from tests.provider import Provider
from tests.provisioning.conftest import SHELL, Serve
from tests.scim.conftest import Scim


def test_Y2_from_hr_to_the_application_and_off_again(open_provider: Callable[..., Provider], serve: Serve) -> None:
    there = open_provider(server={"issuer": "https://app.example"})
    let_in = provisioners.make(there.services, SHELL, Wanted(name="Doorward", groups="write"))
    served = serve(there.app, "/scim/v2")
    here = open_provider(outbound={"allow": [served.origin]})
    app = here.add_client("Portal")
    said = Said(url=served.url)
    provisioning.add(here.services, SHELL, app.client, said, let_in.value)
    hr_client = provisioners.make(here.services, SHELL, Wanted(name="HR", groups="write"))
    hr = Scim(here.browser(), hr_client.value, hr_client.client)

    name = {"givenName": "Ann", "familyName": "Lee"}
    ann = hr.make("Users", schemas=[schemas.USER], userName="ann", name=name,
                  emails=[{"value": "ann@example.com", "primary": True}])  # fmt: skip
    group = "urn:ietf:params:scim:schemas:core:2.0:Group"
    hr.make("Groups", schemas=[group], displayName="Sales", members=[{"value": ann["id"]}])
    delivering.run(here.services, app.id)
    person = there.services.directory.find_by_login("ann")
    assert person is not None
    assert (person.name, person.email, person.groups) == ("Ann Lee", "ann@example.com", ("Sales",))
    (shown,) = provisioning.page(here.services, SHELL, app.id, "user")
    assert (shown.name, shown.object.state, shown.object.status) == ("ann", "done", 201)
    assert person.id in shown.object.answer

    hr.patch(f"Users/{ann['id']}", {"op": "replace", "path": "active", "value": False})
    delivering.run(here.services, app.id)
    assert there.services.directory.find_by_login("ann").enabled is False  # type: ignore[union-attr]
    hr.patch(f"Users/{ann['id']}", {"op": "replace", "path": "active", "value": True},
             {"op": "replace", "path": "displayName", "value": "Ann B"})  # fmt: skip
    delivering.run(here.services, app.id)
    person = there.services.directory.find_by_login("ann")
    assert person is not None
    assert (person.enabled, person.name) == (True, "Ann B")
    assert list(provisioning.drift(here.services, SHELL, app.id)) == []
    assert hr.call("DELETE", f"Users/{ann['id']}").status == 204
    delivering.run(here.services, app.id)
    assert there.services.directory.find_by_login("ann").enabled is False  # type: ignore[union-attr]
    assert provisioning.page(here.services, SHELL, app.id, "user") == []


def test_Y2_somebody_with_a_role_there_is_refused_and_stops_nobody_else(
    open_provider: Callable[..., Provider], serve: Serve
) -> None:
    there = open_provider(server={"issuer": "https://app.example"})
    boss = there.services.directory.add(Draft(username="boss", roles=("owner",)))
    let_in = provisioners.make(there.services, SHELL, Wanted(name="Doorward", adopts=True))
    served = serve(there.app, "/scim/v2")
    here = open_provider(outbound={"allow": [served.origin]})
    app = here.add_client("Portal")
    provisioning.add(here.services, SHELL, app.client, Said(url=served.url, adopts=True), let_in.value)
    for username in ("boss", "ann", "ben"):
        here.services.directory.add(Draft(username=username, name=username.title(), groups=("All",)))
    delivering.run(here.services, app.id)
    states = {one.name: one.object.state for one in provisioning.page(here.services, SHELL, app.id, "user")}
    assert states == {"boss": "refused", "ann": "done", "ben": "done"}
    assert there.services.directory.get(boss.id) == boss
    group = groups.find(there.services.db, "All")
    assert group is not None
    assert group.members == 2
    assert provisioning.get(here.services, SHELL, app.id).target.state == "on"


def test_Y2_what_causes_a_delivery_and_its_note_stand_or_fall_together(provider: Provider) -> None:
    services = provider.services
    app = provider.add_client("Wiki")
    provisioning.add(services, SHELL, app.client, Said(url="https://wiki.example/scim"), "token")

    def fails(*_: Any) -> None:
        raise RuntimeError

    before = services.db.all(_notes())
    for change in (
        lambda: services.directory.add(Draft(username="ann"), record=fails),
        lambda: groups.add(services.db, "Sales", services.clock(), record=fails),
    ):
        try:
            change()
        except RuntimeError:
            continue
        raise AssertionError("it should have failed")
    assert services.db.all(_notes()) == before
    services.directory.add(Draft(username="ann", groups=("Sales",)))
    assert {row.follower for row in services.db.all(_notes())} == {f"provision:{app.id}"}


def test_Y2_where_nothing_is_written_to_applications_nothing_is_noted(provider: Provider) -> None:
    provider.add_person("ann")
    assert provider.services.db.all(_notes()) == []


def _notes() -> Any:
    from idp.accounts.changed import store

    return store.WAITING
