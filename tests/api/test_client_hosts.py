"""Hosts of programs by the API. J1, C1."""

from __future__ import annotations

from idp.accounts.roles import RoleGrant
from tests.api.conftest import Api, Program
from tests.provider import Provider


def call(api: Api, method: str, path: str, body: object = None) -> int:
    return int(api.call(method, path, body).status)


def test_j1_a_host_is_let_in_kept_out_and_forgotten(owner: Api) -> None:
    said = {"scopes": ["openid", "tools"], "resources": ["https://tools.example/mcp"]}
    made = owner.post("/program-hosts/agent.example/allow", said)
    assert made.status == 200, made.text
    assert made.json["resources"] == said["resources"]
    (one,) = owner.get("/program-hosts").json["items"]
    assert (one["host"], one["state"], one["scopes"]) == ("agent.example", "allowed", said["scopes"])
    assert owner.post("/program-hosts/agent.example/refuse").json["state"] == "refused"
    assert owner.post("/program-grants/end").json == {"programs": 0}
    assert call(owner, "DELETE", "/program-hosts/agent.example") == 204
    assert call(owner, "DELETE", "/program-hosts/agent.example") == 404
    wrong = owner.post("/program-hosts/203.0.113.1/allow", {})
    assert wrong.status == 422
    assert "host" in wrong.text


def test_c1_who_looks_after_a_part_lets_no_host_in(provider: Provider, program: Program) -> None:
    app = provider.add_client("CRM")
    api = program(RoleGrant("app_admin", (app.id,)), name="part")
    assert call(api, "GET", "/program-hosts") == 403
    assert call(api, "POST", "/program-hosts/agent.example/allow", {}) == 403
    assert call(api, "DELETE", "/program-hosts/agent.example") == 403
    assert call(api, "POST", "/program-grants/end") == 403
