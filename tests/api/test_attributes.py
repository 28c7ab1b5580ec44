"""U1, C4: attributes of the organisation's own by the API, and people's values held to them."""

from __future__ import annotations

from idp.accounts.roles import RoleGrant
from tests.api.conftest import Api, Program
from tests.provider import Provider

PATH = "/attributes"
ONE = f"{PATH}?name=level"
ANY = {"If-Match": "*"}
LEVEL = {"name": "level", "label": "Level", "type": "number", "min": 1, "max": 9.5, "sees": [], "required": True}


def test_U1_an_attribute_is_defined_changed_listed_and_removed(provider: Provider, owner: Api) -> None:
    provider.add_person("ann", claims={"level": 3})
    made = owner.post(PATH, LEVEL).json
    assert {key: made[key] for key in LEVEL} == LEVEL
    assert (made["edits"], made["release"], made["people"]) == (["admin"], "tables", 1)
    assert owner.get(PATH).json == {"items": [made], "exact": True}
    changed = owner.with_edition("POST", PATH, {"name": "level", "release": "nobody"}, of=ONE)
    assert changed.json["type"] == "text"  # the whole is said
    asked = owner.with_edition("DELETE", ONE, of=ONE)
    assert asked.status == 409
    assert "1 people have a value" in asked.json["detail"]
    assert owner.get(ONE).status == 200
    assert owner.with_edition("DELETE", f"{ONE}&with_values=true", of=ONE).status == 204
    assert owner.call("DELETE", ONE, headers=ANY).status == 404
    told = [one.action for one in provider.events() if one.action.startswith("attribute:")]
    assert told == ["attribute:add", "attribute:change", "attribute:remove"]


def test_C4_a_definition_that_somebody_else_has_changed_is_not_overwritten(owner: Api) -> None:
    made = owner.post(PATH, {"name": "level"})
    old = {"If-Match": made.headers["ETag"]}
    assert owner.get(ONE).headers["ETag"] == old["If-Match"]
    assert owner.post(PATH, {"name": "level", "label": "Mine"}).status == 428  # it says no edition
    assert owner.call("POST", PATH, {"name": "level", "label": "Theirs"}, old).status == 200
    for method, path, body in (("POST", PATH, {"name": "level"}), ("DELETE", ONE, None)):
        assert owner.call(method, path, body, old).status == 412, method
    assert owner.call("DELETE", ONE).status == 428
    assert owner.get(ONE).json["items"][0]["label"] == "Theirs"
    assert owner.call("POST", PATH, {"name": "level"}, ANY).status == 200  # whichever it is
    assert owner.call("POST", PATH, {"name": "other"}, ANY).status == 412  # of which there is none
    assert owner.get(f"{PATH}?name=other").status == 404


def test_C4_what_is_wrong_is_named_by_its_field(owner: Api) -> None:
    for more, field in (
        ({"name": "sub"}, "name"), ({"name": "a b"}, "name"), ({"type": "secret"}, "type"),
        ({"type": "choice"}, "options"), ({"max": 0}, "max"), ({"pattern": "1"}, "pattern"),
        ({"sees": ["all"]}, "sees"), ({"edits": ["person"]}, "edits"), ({"release": "apps"}, "apps"),
        ({"release": "apps", "apps": ["unknown"]}, "apps"), ({"release": "scope"}, "scope"),
        ({"labels": {"xx": "y"}}, "labels"), ({"magic": 1}, "magic"),
    ):  # fmt: skip
        answer = owner.post(PATH, {**LEVEL, **more})
        assert answer.status == 422, (more, answer.text)
        assert field in answer.text, (more, answer.text)


def test_U1_values_are_typed_and_each_caller_sees_what_it_may(provider: Provider, owner: Api, program: Program) -> None:
    owner.post(PATH, LEVEL)
    who = {"username": "ann", "invite": False}
    for claims in ({}, {"level": "3"}, {"level": 10}, {"level": True}):
        answer = owner.post("/people", {**who, "claims": claims})
        assert answer.status == 422, (claims, answer.text)
        assert "/claims/level" in answer.text
    made = owner.post("/people", {**who, "claims": {"level": 3, "free": "x"}}).json["person"]
    assert made["claims"] == {"level": 3, "free": "x"}
    wrong = owner.with_edition("PATCH", f"/people/{made['id']}", {"claims": {"level": None}})
    assert wrong.status == 422
    assert owner.with_edition("PATCH", f"/people/{made['id']}", {"claims": {"level": 9.5}}).status == 200
    desk = program(RoleGrant("help_desk"), name="desk")
    assert desk.get(f"/people/{made['id']}").json["claims"] == {"free": "x"}
    assert "9.5" not in desk.get(f"/people/{made['id']}/history").text
    auditor = program(RoleGrant("auditor"), name="auditor")
    assert auditor.get(f"/people/{made['id']}").json["claims"]["level"] == 9.5
    assert (desk.get(PATH).status, auditor.get(PATH).status, auditor.post(PATH, LEVEL).status) == (403, 200, 403)
