"""Who asks for an account, by the API. U1, C1."""

from __future__ import annotations

from idp.accounts.registering import waiting
from idp.accounts.registering.waiting import Applicant
from tests.api.conftest import Api
from tests.api.test_access import refused
from tests.provider import Provider


def _asks(provider: Provider, name: str) -> str:
    who = Applicant(
        email=f"{name}@example.org", username=name, name=name.title(), claims={"nickname": name[:2]}, reason="new here"
    )
    assert waiting.add(provider.services, who, lambda *_: None)
    found = waiting.of_address(provider.services.db, who.email)
    assert found is not None
    return found.id


def test_U1_somebody_who_asked_is_found_and_let_in_once(provider: Provider, owner: Api) -> None:
    zoe, _ = _asks(provider, "zoe"), _asks(provider, "yan")
    found = owner.get("/registrations?query=ZO").json
    assert [(one["id"], one["reason"]) for one in found["items"]] == [(zoe, "new here")]
    assert found["total"] == 2
    assert owner.get(f"/registrations/{zoe}").json["claims"] == {"nickname": "zo"}
    let_in = owner.post(f"/registrations/{zoe}/approve", {"username": "zoe.m"})
    assert let_in.status == 200, let_in.text
    person = provider.services.directory.get(let_in.json["id"])
    assert (person.username, person.email) == ("zoe.m", "zoe@example.org")
    refused(owner.post(f"/registrations/{zoe}/approve", {}), 404, "not-found")
    assert owner.get("/registrations").json["total"] == 1


def test_U1_a_username_that_is_taken_keeps_them_waiting(provider: Provider, owner: Api) -> None:
    provider.add_person("zoe")
    zoe = _asks(provider, "zoe")
    wrong = refused(owner.post(f"/registrations/{zoe}/approve", {}), 422, "invalid")
    assert "username" in str(wrong["errors"])
    assert owner.get(f"/registrations/{zoe}").status == 200


def test_U1_somebody_is_refused_and_no_account_is_left(provider: Provider, owner: Api) -> None:
    zoe = _asks(provider, "zoe")
    told = owner.post(f"/registrations/{zoe}/refuse", {"note": "You have an account already."})
    assert told.status == 200, told.text
    refused(owner.get(f"/registrations/{zoe}"), 404, "not-found")
    refused(owner.post(f"/registrations/{zoe}/refuse", {}), 404, "not-found")
    assert provider.services.directory.find_named("zoe@example.org") is None
