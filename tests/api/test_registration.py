"""Initial access tokens by the API. S35, C1, C4."""

from __future__ import annotations

import json

from idp.accounts.roles import RoleGrant
from tests.api.conftest import Api, Program
from tests.provider import Provider


def test_s35_a_token_is_made_used_listed_and_ended(provider: Provider, owner: Api) -> None:
    answer = owner.post("/registration-tokens", {
        "name": "CI", "most": 2, "policy": {"hosts": ["shop.example"], "vouched": True, "legacy": ["request_uri_hash"]},
    })  # fmt: skip
    assert answer.status == 201, answer.text
    made = answer.json
    policy = made["token"]["policy"]
    assert (policy["hosts"], policy["vouched"], policy["legacy"]) == (["shop.example"], True, ["request_uri_hash"])
    body = json.dumps({"client_name": "Shop", "redirect_uris": ["https://shop.example/cb"]}).encode()
    headers = {"Authorization": f"Bearer {made['value']}", "Content-Type": "application/json"}
    told = provider.browser().open("POST", "oauth/register", body, headers).json
    listed = owner.get("/registration-tokens")
    assert made["value"] not in listed.text
    (token,) = listed.json["items"]
    assert (token["id"], token["used"], token["most"]) == (made["token"]["id"], 1, 2)
    (client,) = owner.get("/registration-tokens/clients").json["items"]
    assert (client["id"], client["name"], client["token"]) == (told["client_id"], "Shop", "CI")
    assert owner.call("DELETE", f"/registration-tokens/{token['id']}").status == 204
    assert owner.call("DELETE", f"/registration-tokens/{token['id']}").status == 404
    assert provider.browser().open("POST", "oauth/register", body, headers).status == 401
    assert provider.services.registry.find(told["client_id"])


def test_c4_what_is_wrong_is_named_by_its_field(owner: Api) -> None:
    for body, field in (
        ({"name": "x", "most": 0}, "most"), ({"name": "x", "days": 4000}, "days"), ({"name": ""}, "name"),
        ({"name": "x", "policy": {"profiles": ["phone"]}}, "profiles"),
        ({"name": "x", "policy": {"magic": 1}}, "magic"), ({"name": "x", "policy": {"legacy": ["pkce"]}}, "legacy"),
        ({"name": "x", "policy": {"owner": "zoe"}}, "owner"), ({"name": "x", "policy": {"hosts": ["a/b"]}}, "hosts"),
    ):  # fmt: skip
        answer = owner.post("/registration-tokens", body)
        assert answer.status == 422, answer.text
        assert field in answer.text


def test_c1_who_looks_after_a_part_makes_no_token(provider: Provider, program: Program) -> None:
    app = provider.add_client("CRM")
    api = program(RoleGrant("app_admin", (app.id,)), name="part")
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/clients"), ("DELETE", "/r" + 24 * "a")):
        body = {"name": "x"} if method == "POST" else None
        assert api.call(method, f"/registration-tokens{path}", body).status == 403
