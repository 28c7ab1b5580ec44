"""C3 by the API: what takes two owners answers that it waits, under an id; a program is nobody."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.accounts.roles import RoleGrant
from idp.admin.actor import of_name
from idp.admin.approving import deciding
from tests.api.conftest import Api, Program, give, personal
from tests.provider import Provider


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    return open_provider(admin={"second_factor": False, "second_owner": ["user:turn_off"]})


def owner(provider: Provider, name: str) -> tuple[str, Api]:
    person = give(provider, provider.add_person(name), RoleGrant("owner"))
    return person.id, Api(provider.browser(), personal(provider, person))


def test_C3_a_change_that_waits_is_told_with_its_id_and_followed_by_it(provider: Provider) -> None:
    _, ann = owner(provider, "ann")
    bea, by_token = owner(provider, "bea")
    leaver = provider.add_person("leaver")
    answer = ann.post(f"/people/{leaver.id}/disable")
    assert (answer.status, answer.json["type"]) == (409, "urn:doorward:problem:waits")
    id = answer.json["approval"]
    assert provider.services.directory.get(leaver.id).enabled
    assert ann.get(f"/approvals/{id}").json["state"] == "waits"
    assert by_token.get("/approvals").json["items"][0]["asks"] == {"person": leaver.id}
    actor = of_name(provider.services, f"person:{bea}")
    assert actor is not None
    deciding.approve(provider.services, actor, id, "fine")
    done = ann.get(f"/approvals/{id}").json
    assert (done["state"], done["decided_by"], done["note"]) == ("done", f"person:{bea}", "fine")
    assert not provider.services.directory.get(leaver.id).enabled
    assert ann.post(f"/approvals/{id}/withdraw").status == 409


def test_C3_whoever_asked_takes_it_back(provider: Provider) -> None:
    (_, ann), (_, bea) = owner(provider, "ann"), owner(provider, "bea")
    leaver = provider.add_person("leaver")
    id = ann.post(f"/people/{leaver.id}/disable").json["approval"]
    assert bea.post(f"/approvals/{id}/withdraw").status == 403
    assert ann.post(f"/approvals/{id}/withdraw").json["state"] == "withdrawn"
    assert ann.get("/approvals/unknown").status == 404


def test_S59_C3_others_see_what_they_have_asked_for(provider: Provider) -> None:
    _, ann = owner(provider, "ann")
    admin = give(provider, provider.add_person("adam"), RoleGrant("admin"))
    adam = Api(provider.browser(), personal(provider, admin))
    id = ann.post(f"/people/{provider.add_person('leaver').id}/disable").json["approval"]
    assert adam.get(f"/approvals/{id}").status == 404
    assert adam.get("/approvals").json["items"] == []
    own = adam.post(f"/people/{provider.add_person('other').id}/disable").json["approval"]
    assert [one["id"] for one in adam.get("/approvals").json["items"]] == [own]


def test_C3_a_program_is_told_that_it_is_nobody(provider: Provider, program: Program) -> None:
    leaver = provider.add_person("leaver")
    answer = program(RoleGrant("owner"), name="own").post(f"/people/{leaver.id}/disable")
    assert answer.status == 403
    assert "a program is nobody" in answer.json["detail"]
    assert provider.services.directory.get(leaver.id).enabled
