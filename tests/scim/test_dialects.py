"""Y1: requests as Entra and Okta send them, by their public documents; faults of others that are borne."""

from __future__ import annotations

from typing import Any

import pytest

from tests.provider import Provider
from tests.scim.conftest import ENTERPRISE, USER, Scim, refused

ENTRA_USER: dict[str, Any] = {
    "schemas": [USER, ENTERPRISE, "urn:ietf:params:scim:schemas:extension:enterprise:2.0User"],
    "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef", "userName": "Test_User@example.com", "active": True,
    "addresses": None, "displayName": "Test User",
    "emails": [{"type": "work", "value": "test@example.com", "primary": True}],
    "meta": {"resourceType": "User"}, "name": {"formatted": "Test User", "familyName": "User", "givenName": "Test"},
    "phoneNumbers": None, "roles": [], "title": None,
    ENTERPRISE: {"employeeNumber": "4711", "department": "Sales", "manager": None},
}  # fmt: skip
OKTA_USER: dict[str, Any] = {
    "schemas": [USER], "userName": "okta@example.com", "name": {"givenName": "Ok", "familyName": "Ta"},
    "emails": [{"primary": True, "value": "okta@example.com", "type": "work"}], "displayName": "Ok Ta",
    "locale": "en-US", "externalId": "00ujl29u0le5T6Aj10h7", "groups": [], "password": "1mz050nq", "active": True,
}  # fmt: skip


def test_Y1_what_is_taken_away_is_gone_from_the_answer(scim: Scim) -> None:
    made = scim.make("Users", schemas=[USER], userName="ann", active=True, title="Boss")
    path = f"Users/{made['id']}"
    for name in ("title", "active"):
        assert scim.patch(path, {"op": "remove", "path": name}).status == 200
        assert name not in scim.get(path)
    assert scim.patch(path, {"op": "add", "path": "active", "value": True}).json["active"] is True


def entra(scim: Scim) -> tuple[str, dict[str, Any]]:
    """Entra's person, as its documents make one."""
    made = scim.make("Users", **ENTRA_USER)
    return f"Users/{made['id']}", made


def test_Y1_entra_tests_the_connection_with_somebody_who_is_not_there(scim: Scim) -> None:
    guid = "e7a2f4c1-0000-4e6b-9d0a-4b8c1f5d2a11"
    tests = (f'userName eq "{guid}"', f"externalId eq {guid}", f'emails[type eq "work"].value eq "{guid}"')
    for test in tests:
        found = scim.get(f"Users?filter={test.replace(' ', '%20')}")
        assert (found["totalResults"], found["Resources"]) == (0, [])
    assert scim.get("/Users/?aadOptscim062020&startIndex=1&count=2")["totalResults"] == 0


def test_Y1_entra_makes_finds_and_changes_a_person_without_its_flag(provider: Provider, scim: Scim) -> None:
    path, made = entra(scim)
    assert made["externalId"] == ENTRA_USER["externalId"]
    assert refused(scim.call("POST", "Users", ENTRA_USER), 409, "uniqueness")
    found = scim.get('Users?filter=userName%20eq%20"test_user@EXAMPLE.com"')["Resources"]
    assert [one["id"] for one in found] == [made["id"]]
    sent: list[tuple[str, str, Any]] = [
        ("Add", 'emails[type eq "work"].value', "new@example.com"),
        ("Replace", "name.givenName", "Tess"),
        ("Replace", f"{ENTERPRISE}:employeeNumber", "4712"),
        ("Add", 'phoneNumbers[type eq "mobile"].value', "+49 170 1234567"),
        ("Add", 'roles[primary eq "True"].value', "seller"),
        ("Replace", "displayName", "Tess User"),
        ("Add", "title", "Head of Sales"),
    ]
    for op, at, value in sent:
        answer = scim.patch(path, {"op": op, "path": at, "value": value})
        assert answer.status == 200, answer.text
    person = provider.services.directory.get(made["id"])
    assert (person.email, person.name, person.employee_number) == ("new@example.com", "Tess User", "4712")
    assert not person.email_verified
    assert person.claims["phone_number"] == "+491701234567"
    assert (person.claims["title"], person.claims["given_name"]) == ("Head of Sales", "Tess")
    assert person.claims["department"] == "Sales"
    shown = scim.get(path)
    assert shown["phoneNumbers"] == [{"type": "mobile", "value": "+49 170 1234567"}]  # as it was sent
    answer = scim.patch(path, {"op": "Replace", "path": "active", "value": "False"})
    assert answer.json["active"] is False
    assert not provider.services.directory.get(made["id"]).enabled
    assert scim.get('Users?filter=userName%20eq%20"Test_User@example.com"')["Resources"][0]["active"] is False


def test_Y1_entra_changes_a_person_with_its_flag(provider: Provider, scim: Scim) -> None:
    path, made = entra(scim)
    boss = scim.make("Users", schemas=[USER], userName="boss", active=True)
    value = {"displayName": "T", "name.givenName": "Tee", f"{ENTERPRISE}:department": "Board", "active": False}
    assert scim.patch(path, {"op": "replace", "value": value}).status == 200
    person = provider.services.directory.get(made["id"])
    assert (person.name, person.claims["given_name"], person.claims["department"], person.enabled) == (
        "T", "Tee", "Board", False,
    )  # fmt: skip
    manager = [{"$ref": f"http://h/scim/Users/{boss['id']}", "value": boss["id"]}]
    assert scim.patch(path, {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": manager}).status == 200
    assert scim.get(path)[ENTERPRISE]["manager"]["value"] == boss["id"]
    for test in (
        f'id eq "{made["id"]}" and manager eq "{boss["id"]}"',
        f'manager eq "{boss["id"]}" and id eq "{made["id"]}"',
    ):
        found = scim.get(f"Users?attributes=id&filter={test.replace(' ', '%20')}")
        assert [set(one) for one in found["Resources"]] == [{"id", "schemas"}]
    assert scim.call("DELETE", path).status == 204
    assert provider.services.directory.find(made["id"]) is None
    refused(scim.call("GET", path), 404)


@pytest.mark.parametrize("flag", [True, False], ids=["flag", "no flag"])
def test_Y1_entra_fills_and_empties_a_group(provider: Provider, scim: Scim, flag: bool) -> None:
    people = [scim.make("Users", schemas=[USER], userName=f"p{n}", active=True)["id"] for n in range(120)]
    kind = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
    core = "urn:ietf:params:scim:schemas:core:2.0:Group"
    group = scim.make(
        "Groups", schemas=[core, kind], externalId="8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159", displayName="Sales",
        meta={"resourceType": "Group"},
    )  # fmt: skip
    path = f"Groups/{group['id']}"
    found = scim.get('Groups?excludedAttributes=members&filter=displayName%20eq%20"sales"')["Resources"]
    assert [one["id"] for one in found] == [group["id"]]
    value = [{"$ref": None, "value": one} for one in people]
    for _ in range(2):  # twice is once
        assert scim.patch(path, {"op": "Add", "path": "members", "value": value}).status == 204
    assert provider.services.directory.get(people[7]).groups == ("Sales",)
    if flag:
        leaves = [{"op": "Remove", "path": f'members[value eq "{one}"]'} for one in people[:2]]
    else:
        leaves = [{"op": "Remove", "path": "members", "value": [{"value": one} for one in people[:2]]}]
    assert scim.patch(path, *leaves).status == 204
    assert len(scim.get(path)["members"]) == 118
    assert provider.services.directory.get(people[0]).groups == ()
    found = scim.get(f'Groups?attributes=id&filter=id%20eq%20"{group["id"]}"%20and%20members%20eq%20"{people[5]}"')
    assert found["totalResults"] == 1
    assert scim.patch(path, {"op": "Replace", "path": "displayName", "value": "Selling"}).status == 204
    assert provider.services.directory.get(people[7]).groups == ("Selling",)
    assert scim.call("DELETE", path).status == 204
    assert provider.services.directory.get(people[7]).groups == ()


def test_Y1_okta_makes_updates_and_turns_off_a_person(provider: Provider, scim: Scim) -> None:
    assert scim.get("Users?startIndex=1&count=2")["startIndex"] == 1
    made = scim.make("Users", **OKTA_USER)
    assert "password" not in made
    assert provider.services.directory.get(made["id"]).password_changed_at is None
    path = f"Users/{made['id']}"
    group = scim.make("Groups", schemas=["urn:ietf:params:scim:schemas:core:2.0:Group"], displayName="O", members=[])
    joins = {"op": "add", "path": "members", "value": [{"value": made["id"], "display": "okta@example.com"}]}
    assert scim.patch(f"Groups/{group['id']}", joins).status == 204
    whole = {**scim.get(path), "displayName": "Okta T", "groups": []}  # as it was read, and groups that are none
    assert scim.call("PUT", path, whole).json["displayName"] == "Okta T"
    assert provider.services.directory.get(made["id"]).groups == ("O",)
    assert scim.patch(path, {"op": "replace", "value": {"active": False}}).json["active"] is False
    assert not provider.services.directory.get(made["id"]).enabled
    assert scim.patch(path, {"op": "replace", "value": {"active": True}}).json["active"] is True


def test_Y1_okta_pushes_a_group(provider: Provider, scim: Scim) -> None:
    ann, ben, cy = (scim.make("Users", schemas=[USER], userName=one)["id"] for one in ("ann", "ben", "cy"))
    core = "urn:ietf:params:scim:schemas:core:2.0:Group"
    group = scim.make("Groups", schemas=[core], displayName="Test", members=[{"value": ann, "display": "ann"}])
    path = f"Groups/{group['id']}"
    rename = {"op": "replace", "value": {"id": group["id"], "displayName": "Test SCIMv2"}}
    both = (
        {"op": "remove", "path": f'members[value eq "{ann}"]'},
        {"op": "add", "path": "members", "value": [{"value": ben, "display": "ben"}]},
    )
    assert scim.patch(path, rename).status == 204
    assert scim.patch(path, *both).status == 204
    assert [one["value"] for one in scim.get(path)["members"]] == [ben]
    full = {"op": "replace", "path": "members", "value": [{"value": ann}, {"value": cy}]}
    assert scim.patch(path, full).status == 204
    assert {one["value"] for one in scim.get(path)["members"]} == {ann, cy}
    assert scim.call("PUT", path, {"schemas": [core], "displayName": "Test", "members": [{"value": ben}]}).status == 200
    assert provider.services.directory.get(ben).groups == ("Test",)
    assert provider.services.directory.get(ann).groups == ()


def test_Y1_small_faults_of_others_are_borne(scim: Scim) -> None:
    path, _ = entra(scim)
    schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    body = {"schemas": [schema], "operations": [{"op": "REPLACE", "path": "title", "value": [{"value": "X"}]}]}
    answer = scim.call("PATCH", f"{path}/", body, {"Content-Type": "application/json; charset=utf-8"})
    assert answer.json["title"] == "X"
    assert scim.patch(path, {"op": "Remove", "path": 'emails[type eq "home"]'}).status == 200  # there is none
