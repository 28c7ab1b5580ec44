"""Y1, C4: directories that write people here, by the API: let in, limited, renewed, ended; each token is shown once."""

from __future__ import annotations

from idp.accounts.provisioning import clients
from idp.accounts.roles import RoleGrant
from tests.api.conftest import Api, Program
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
