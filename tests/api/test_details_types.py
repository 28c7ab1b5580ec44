"""Types of authorization details by the API (RFC 9396). S39, C1, C4."""

from __future__ import annotations

from idp.accounts.roles import RoleGrant
from tests.api.conftest import Api, Program
from tests.oidc.details import SCHEMA, SENTENCES
from tests.provider import Provider

PATH = "/details-types"
BODY = {"type": "payment", "json_schema": SCHEMA, "sentences": SENTENCES, "resources": ["https://api.example/"]}


def test_S39_a_type_is_made_changed_listed_and_removed(provider: Provider, owner: Api) -> None:
    assert owner.post(PATH, BODY).json == BODY
    assert owner.get(PATH).json["items"] == [BODY]
    assert list(provider.services.registry.details_types()) == ["payment"]
    changed = {**BODY, "sentences": {"en": "Pay {to}"}}
    assert owner.post(PATH, changed).json == changed
    assert owner.post(PATH, changed).status == 200  # and nothing more is written
    assert owner.call("DELETE", f"{PATH}?type=payment").status == 204
    assert owner.call("DELETE", f"{PATH}?type=payment").status == 404
    assert owner.get(PATH).json["items"] == []
    told = [(one.action, one.detail["type"]) for one in provider.events() if one.action.startswith("details_type")]
    assert told == [(f"details_type:{what}", "payment") for what in ("create", "change", "remove")]


def test_c4_what_is_wrong_is_named_by_its_field(owner: Api) -> None:
    for more, field in (
        ({"type": "a b"}, "type"), ({"type": ""}, "type"), ({"json_schema": {"type": "objekt"}}, "json_schema"),
        ({"json_schema": {"$ref": "https://evil.example/schema"}}, "json_schema"),
        ({"json_schema": {"$ref": "file:///etc/passwd"}}, "json_schema"),
        ({"json_schema": {"pattern": "(?=a)b"}}, "json_schema"),  # nothing that could take for ever
        ({"json_schema": {"x": "y" * 20_000}}, "json_schema"),
        ({"sentences": {"xx": "Pay"}}, "sentences"), ({"sentences": {"en": "Pay {"}}, "sentences"),
        ({"sentences": {"en": "Pay {a.b()}"}}, "sentences"), ({"sentences": {"en": "\u202ePay"}}, "sentences"),
        ({"resources": ["api"]}, "resources"), ({"magic": 1}, "magic"),
    ):  # fmt: skip
        answer = owner.post(PATH, {**BODY, **more})
        assert answer.status == 422, (more, answer.text)
        assert field in answer.text, (more, answer.text)


def test_c1_who_looks_after_a_part_makes_no_type(provider: Provider, program: Program) -> None:
    api = program(RoleGrant("app_admin", (provider.add_client("CRM").id,)), name="part")
    for method, body in (("GET", None), ("POST", BODY), ("DELETE", None)):
        assert api.call(method, f"{PATH}{'?type=payment' if method == 'DELETE' else ''}", body).status == 403
