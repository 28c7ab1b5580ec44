"""Y2: people are made, changed, turned off and deleted in an application: the reference server, scim2-server."""

from __future__ import annotations

from typing import Any

import pytest

from clients.access import Access, Term, person_key
from idp.accounts.person import Draft
from idp.admin import access as access_verbs
from idp.admin import attributes, provisioning
from idp.provisioning import keeping
from tests.provisioning.conftest import SHELL, TOKEN, Begin, Serve, World, error


def turned(world: World, person_id: str, on: bool) -> None:
    directory = world.services.directory
    (directory.enable if on else directory.disable)(person_id)


def test_Y2_whoever_may_open_it_is_made_there_with_what_the_mapping_names(world: World) -> None:
    ann = world.provider.add_person("ann", name="Ann Lee", claims={"department": "Sales", "title": "Head"})
    world.begin(mapping={"userName": "email", "displayName": "name", "name.givenName": "given_name", "title": "title",
                         "name.familyName": "family_name", "emails": "email", "userType": "=staff",
                         "enterprise.department": "department"})  # fmt: skip
    world.deliver()
    there = world.there()["ann@example.com"]
    assert there["externalId"] == ann.id
    assert there["active"] is True
    assert there["name"] == {"givenName": "Ann", "familyName": "Lee"}
    assert there["emails"][0]["value"] == "ann@example.com"
    assert (there["title"], there["userType"]) == ("Head", "staff")
    assert there["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] == {"department": "Sales"}
    one = world.object(ann.id)
    assert (one.state, one.remote_id, one.status, one.problem) == ("done", there["id"], 201, "")
    assert one.request.startswith("POST /Users\n")
    assert there["id"] in one.answer
    assert world.deliver() == 0


def test_Y2_what_changes_here_changes_there_and_nothing_else_is_sent(world: World) -> None:
    ann, ben = world.provider.add_person("ann"), world.provider.add_person("ben")
    world.begin()
    world.deliver()
    world.served.asked.clear()
    world.services.directory.update(ann.id, name="Ann Other", email=None)
    world.deliver()
    (sent,) = world.served.asked
    assert (sent.method, sent.path) == ("PATCH", f"Users/{world.object(ann.id).remote_id}")
    assert {step["path"] for step in sent.body["Operations"]} >= {"displayName", "emails"}
    assert world.there()["ann"]["displayName"] == "Ann Other"
    assert not world.there()["ann"].get("emails")
    world.services.directory.update(ben.id, claims={"department": "not mapped"})
    world.deliver()
    assert len(world.served.asked) == 1


@pytest.mark.parametrize(
    ("off", "state", "left"), [("disable", "off", False), ("delete", "gone", None), ("nothing", "left", True)]
)
def test_Y2_turned_off_here_is_what_the_rule_says_there_and_comes_back(
    world: World, off: Any, state: str, left: bool | None
) -> None:
    ann = world.provider.add_person("ann")
    world.begin(off=off)
    world.deliver()
    turned(world, ann.id, on=False)
    world.deliver()
    assert world.object(ann.id).state == state
    assert world.there().get("ann", {}).get("active") is left
    turned(world, ann.id, on=True)
    world.deliver()
    assert world.object(ann.id).state == "done"
    assert world.there()["ann"]["active"] is True


@pytest.mark.parametrize(("off", "left"), [("disable", ["ann"]), ("delete", []), ("nothing", ["ann"])])
def test_Y2_nothing_of_somebody_removed_here_stays_once_the_other_side_knows(
    world: World, off: Any, left: list[str]
) -> None:
    ann = world.provider.add_person("ann")
    world.begin(off=off)
    world.deliver()
    world.served.faults = lambda method, path, body: None if method in ("GET", "POST") else error(500)
    world.services.directory.remove(ann.id)
    world.deliver()
    if off != "nothing":
        one = world.object(ann.id)
        assert one.state == "failed"
        assert "example.com" not in one.request + one.answer + str(one.sent)
    world.served.faults = lambda method, path, body: None
    world.wait(3600)
    assert keeping.counts(world.services.db, world.id)["user"] == {}
    assert list(world.there()) == left
    assert all(one["active"] is (off == "nothing") for one in world.there().values())


def test_Y2_only_who_may_open_it_is_there_and_who_may_not_any_more_is_off(make_world: Begin) -> None:
    world = make_world(access=Access.only(groups=("Sales",)))
    directory = world.services.directory
    ann = directory.add(Draft(username="ann", groups=("Sales",)))
    ben = directory.add(Draft(username="ben"))
    world.begin()
    world.deliver()
    assert set(world.there()) == {"ann"}
    directory.add_to_group(ben.id, "Sales")
    directory.remove_from_group(ann.id, "Sales")
    world.deliver()
    assert {name: one["active"] for name, one in world.there().items()} == {"ann": False, "ben": True}
    client = world.services.registry.get(world.id)
    access_verbs.change(world.services, SHELL, client, access_verbs.Change(start="everyone"))
    world.deliver()
    assert {name: one["active"] for name, one in world.there().items()} == {"ann": True, "ben": True}


def test_Y2_an_access_that_ends_by_itself_ends_there_too(make_world: Begin, clock: Any) -> None:
    world = make_world()
    ann = world.provider.add_person("ann")
    until = clock() + 1000
    client = world.services.registry.get(world.id)
    change = access_verbs.Change(start="nobody", persons=(ann.id,), terms={person_key(ann.id): Term(None, until)})
    access_verbs.change(world.services, SHELL, client, change)
    world.begin()
    world.deliver()
    assert world.there()["ann"]["active"] is True
    world.wait(1001)
    assert world.there()["ann"]["active"] is False


def test_Y2_an_application_that_is_turned_off_loses_nobody_there(world: World) -> None:
    world.provider.add_person("ann")
    world.begin(off="delete")
    world.deliver()
    world.services.registry.disable(world.id)
    world.provider.add_person("ben")
    world.deliver()
    assert set(world.there()) == {"ann"}
    world.services.registry.enable(world.id)
    world.deliver()
    assert set(world.there()) == {"ann", "ben"}


def test_Y2_the_token_is_sealed_and_stands_in_no_request_answer_or_record(world: World) -> None:
    world.provider.add_person("ann")
    world.begin()
    world.served.faults = lambda method, path, body: (
        (400, {}, {"detail": f"you sent Bearer {TOKEN}"}) if method == "POST" else None
    )
    world.deliver()
    one = world.object(world.services.directory.find_by_login("ann").id)
    assert one.state == "refused"
    assert "you sent Bearer …" in one.answer
    assert TOKEN not in one.request + one.problem
    assert world.target().sealed
    assert TOKEN not in world.target().sealed + str(provisioning.get(world.services, SHELL, world.id).target)
    assert TOKEN not in str(world.provider.events("provisioning:added"))


def test_Y2_oauth_client_credentials_get_a_token_and_another_when_it_ended(make_world: Begin, serve: Serve) -> None:
    given: list[str] = []

    def token_endpoint(environ: Any, start: Any) -> Any:
        given.append(environ["HTTP_AUTHORIZATION"])
        start("200 OK", [("Content-Type", "application/json")])
        return [b'{"access_token": "%s", "token_type": "Bearer", "expires_in": 100}' % TOKEN.encode()]

    tokens = serve(token_endpoint)
    world = make_world(also=[tokens.origin])
    world.provider.add_person("ann")
    world.begin(token="client-secret", token_url=f"{tokens.origin}/token", token_client="doorward")
    world.deliver()
    assert set(world.there()) == {"ann"}
    assert len(given) == 1
    assert given[0].startswith("Basic ")
    world.provider.add_person("ben")
    world.wait(100)
    assert set(world.there()) == {"ann", "ben"}
    assert len(given) == 2


def test_U1_nobody_is_asked_for_by_what_may_be_released_to_nobody(world: World) -> None:
    ann = world.provider.add_person("ann", claims={"badge": "SECRET-7"})
    attributes.add(world.services, SHELL, "badge", {"release": "nobody"})
    world.begin(mapping={"userName": "badge", "displayName": "name"})
    world.deliver()
    assert not any("SECRET-7" in one.path + str(one.body) for one in world.served.asked)
    assert "no userName here" in world.object(ann.id).problem
