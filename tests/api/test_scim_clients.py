"""Y1, C4: directories that write people here, by the API: let in, limited, renewed, ended; each token is shown once."""

from __future__ import annotations

import pytest

from idp.accounts.provisioning import clients
from idp.accounts.provisioning.clients import Wanted
from idp.accounts.roles import RoleGrant
from idp.admin import provisioners
from idp.api.operations import Call
from idp.api.provisioning import writers
from idp.protocols import Services
from tests.api.conftest import SHELL, Api, Program
from tests.backends import Clock
from tests.provider import Provider, bearer

USERS = "scim/v2/Users"


def opens(provider: Provider, token: str) -> int:
    return provider.browser().open("GET", USERS, None, bearer(token)).status


def test_Y1_C4_one_is_let_in_limited_turned_off_and_ended(provider: Provider, owner: Api) -> None:
    key = {"Idempotency-Key": '"entra"'}
    made = owner.call("POST", "/scim-clients", {"name": "Entra", "attributes": ["displayName"]}, key)
    assert made.status == 201
    token, one = made.json["token"], made.json["client"]
    path = f"/scim-clients/{one['id']}"
    assert (one["address"], one["users"], one["attributes"]) == (f"{provider.issuer}/scim/v2", "write", ["displayName"])
    assert made.headers["Location"].endswith(f"/api/v1{path}")
    assert owner.call("POST", "/scim-clients", {"name": "Entra", "attributes": ["displayName"]}, key).json == made.json
    assert opens(provider, token) == 200
    for told in (owner.get(path), owner.get("/scim-clients")):
        assert token not in told.text
    assert owner.post("/scim-clients", {"name": "Entra"}).status == 422  # the record tells them by it
    wrong = owner.post("/scim-clients", {"name": "Okta", "attributes": ["shoeSize"]})
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (422, "#/attributes")
    first = {"If-Match": owner.get(path).headers["ETag"]}
    changed = owner.call("PATCH", path, {"users": "no", "attributes": None}, first)
    assert (changed.json["users"], changed.json["groups"], changed.json["attributes"]) == ("no", "write", None)
    assert opens(provider, token) == 403
    assert [(one["method"], one["path"], one["status"]) for one in owner.get(path).json["refused"]] == [
        ("GET", "/Users", 403)
    ]
    assert owner.call("PATCH", path, {"users": "write"}, first).status == 412
    assert owner.with_edition("PATCH", path, {"groups": "no"}).status == 422  # it may do nothing then
    assert owner.with_edition("PATCH", path, {"users": "write"}).status == 200
    assert owner.post(f"{path}/disable", None).json["enabled"] is False
    assert opens(provider, token) == 401
    assert owner.post(f"{path}/enable", None).json["enabled"] is True
    assert opens(provider, token) == 200
    assert owner.call("DELETE", path, None, first).status == 412
    assert owner.with_edition("DELETE", path).status == 204
    assert (opens(provider, token), owner.get(path).status) == (401, 404)
    assert clients.list_of(provider.services.db) == ()


def test_Y1_C4_another_token_is_shown_once_beside_which_the_first_works(provider: Provider, owner: Api) -> None:
    made = owner.post("/scim-clients", {"name": "Okta"}).json
    path, key = f"/scim-clients/{made['client']['id']}", {"Idempotency-Key": '"again"'}
    again = owner.call("POST", f"{path}/renew", {}, key)
    assert again.status == 200
    assert again.json["client"]["earlier_until"] is not None
    assert owner.call("POST", f"{path}/renew", {}, key).json == again.json
    assert (opens(provider, made["token"]), opens(provider, again.json["token"])) == (200, 200)
    at_once = owner.post(f"{path}/renew", {"at_once": True}).json
    assert at_once["client"]["earlier_until"] is None
    tokens = (made["token"], again.json["token"], at_once["token"])
    assert [opens(provider, token) for token in tokens] == [401, 401, 200]


def test_Y1_C2_whoever_may_not_give_rights_lets_none_in(provider: Provider, program: Program, owner: Api) -> None:
    made = owner.post("/scim-clients", {"name": "Entra"}).json
    path = f"/scim-clients/{made['client']['id']}"
    for role in ("admin", "auditor", "help_desk"):
        api = program(RoleGrant(role), name=role)
        assert api.get("/scim-clients").status == 403
        assert api.post("/scim-clients", {"name": "Mine"}).status == 403
        assert api.post(f"{path}/renew", {}).status == 403
        assert api.call("DELETE", path, None, {"If-Match": "*"}).status == 403
    assert opens(provider, made["token"]) == 200


def test_Y1_a_second_renewal_never_ends_the_token_that_is_in_use(provider: Provider, owner: Api, clock: Clock) -> None:
    made = owner.post("/scim-clients", {"name": "Okta"}).json
    path, first = f"/scim-clients/{made['client']['id']}", made["token"]
    assert opens(provider, first) == 200
    lost = owner.post(f"{path}/renew", {}).json
    clock.advance(120)
    assert opens(provider, first) == 200
    second = owner.post(f"{path}/renew", {}).json  # the one between was lost, and never used
    assert second["client"]["earlier_until"] == lost["client"]["earlier_until"]  # as it was promised
    assert [opens(provider, one) for one in (lost["token"], second["token"])] == [401, 200]
    clock.advance(1)
    assert opens(provider, first) == 200
    refused = owner.post(f"{path}/renew", {})  # one server has the new one, another the one before
    assert (refused.status, "both its tokens are in use" in refused.json["detail"].lower()) == (409, True)
    assert [opens(provider, one) for one in (first, second["token"])] == [200, 200]
    clock.advance(8 * 86_400)
    assert [opens(provider, one) for one in (first, second["token"])] == [401, 200]
    services = provider.services
    for at_once, still in ((False, 200), (True, 401)):
        (one,) = clients.list_of(services.db)
        value = provisioners.renew(services, SHELL, one, at_once=at_once).value
        assert [opens(provider, token) for token in (second["token"], value)] == [still, 200]


def test_Y1_a_directory_that_has_gone_over_to_its_new_token_is_given_another_beside_that(
    provider: Provider, clock: Clock
) -> None:
    services = provider.services
    made = provisioners.make(services, SHELL, Wanted(name="Okta"))
    assert opens(provider, made.value) == 200
    second = provisioners.renew(services, SHELL, made.client, at_once=False).value
    clock.advance(60)
    assert opens(provider, second) == 200
    third = provisioners.renew(services, SHELL, made.client, at_once=False).value
    assert [opens(provider, one) for one in (made.value, second, third)] == [401, 200, 200]
    clock.advance(6.9 * 86_400)
    assert opens(provider, second) == 200


def test_Y1_C4_of_two_changes_at_once_each_leaves_what_the_other_said(
    owner: Api, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = owner.post("/scim-clients", {"name": "Entra", "adopts": True}).json["client"]
    path, read = f"/scim-clients/{one['id']}", writers._get

    def between(services: Services, call: Call) -> clients.Provisioner:
        found = read(services, call)
        monkeypatch.setattr(writers, "_get", read)
        assert owner.call("PATCH", path, {"adopts": False}, {"If-Match": "*"}).json["adopts"] is False
        return found

    monkeypatch.setattr(writers, "_get", between)
    second = owner.call("PATCH", path, {"invites": True}, {"If-Match": "*"})
    assert (second.status, second.json["invites"], second.json["adopts"]) == (200, True, False)
    changed = [event.detail["changed"] for event in provider.events("provisioner:changed")]
    assert changed == [{"adopts": [True, False]}, {"invites": [False, True]}]
