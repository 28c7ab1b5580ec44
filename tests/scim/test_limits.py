"""What a client may not do with names, groups and people of others, and how much it may ask at once."""

from __future__ import annotations

import pytest

from clients.access import Access
from idp.accounts.grouping import nesting
from idp.admin import groups as verbs
from idp.admin import turning_off
from idp.scim import groups as scim_groups
from tests.provider import Provider
from tests.scim.conftest import SHELL, Connect, Scim, refused


def _limited(provider: Provider, name: str) -> None:
    provider.add_client(access=Access(everyone=False, groups=frozenset((name,))))


def test_C2_a_name_that_opens_an_application_is_taken_by_nobody_who_may_not_adopt(
    provider: Provider, connect: Connect
) -> None:
    _limited(provider, "Finance-Admins")
    scim = connect()
    refused(scim.call("POST", "Groups", {"displayName": "finance-admins"}), 403)
    made = scim.make("Groups", displayName="Mine")
    rename = {"op": "replace", "path": "displayName", "value": "Finance-Admins"}
    refused(scim.patch(f"Groups/{made['id']}", rename), 403)
    assert scim.get(f"Groups/{made['id']}")["displayName"] == "Mine"
    connect("Adopting", adopts=True).make("Groups", displayName="Finance-Admins")


def test_C2_nor_a_name_that_a_sign_in_rule_has(provider: Provider, connect: Connect) -> None:
    provider.add_rule(name="Passkeys", factor="any", groups=["Strict"])
    refused(connect().call("POST", "Groups", {"displayName": "Strict"}), 403)


def test_I7_a_group_that_somebody_makes_meanwhile_is_theirs(
    provider: Provider, scim: Scim, monkeypatch: pytest.MonkeyPatch
) -> None:
    verbs.make(provider.services, SHELL, "Staff")
    monkeypatch.setattr(scim_groups.kept, "groups_named", lambda *_: [])  # it looked before
    refused(scim.call("POST", "Groups", {"displayName": "Staff"}), 409, "uniqueness")
    assert verbs.get(provider.services, "Staff").source == ""


def test_I7_a_group_that_cannot_go_stays_the_clients(provider: Provider, scim: Scim) -> None:
    made = scim.make("Groups", displayName="Staff", externalId="7")
    owner = provider.add_person("owner", roles=("owner",))
    provider.services.directory.add_to_group(owner.id, "Staff", by=scim.client.source)
    refused(scim.call("DELETE", f"Groups/{made['id']}"), 403)
    assert verbs.get(provider.services, "Staff").source == scim.client.source
    assert scim.get(f"Groups/{made['id']}")["externalId"] == "7"


def test_S58_whom_an_admin_turned_off_no_client_lets_in(provider: Provider, scim: Scim) -> None:
    ann = scim.make("Users", userName="ann")
    path, directory = f"Users/{ann['id']}", provider.services.directory
    on, off = ({"op": "replace", "path": "active", "value": value} for value in (True, False))
    assert scim.patch(path, off).json["active"] is False
    assert scim.patch(path, on).json["active"] is True  # it turned them off itself
    turning_off.turn_off(provider.services, SHELL, directory.get(ann["id"]))
    answer = scim.call("PUT", path, {"userName": "ann", "displayName": "Ann", "active": True})
    assert (answer.status, answer.json["active"], answer.json["displayName"]) == (200, False, "Ann")
    assert not directory.get(ann["id"]).enabled


def _ims(many: int) -> list[dict[str, str]]:
    return [{"value": str(at)} for at in range(many)]


def test_X30_a_change_of_a_person_is_of_the_size_of_a_person(scim: Scim) -> None:
    path = f"Users/{scim.make('Users', userName='ann')['id']}"
    one = {"op": "add", "path": "ims", "value": _ims(3)}
    refused(scim.patch(path, *[one] * 101), 413)
    refused(scim.patch(path, *[one] * 67), 413)
    refused(scim.patch(path, {"op": "add", "value": {"ims": _ims(201)}}), 413)
    refused(scim.patch(path, {"op": "add", "path": "ims", "value": _ims(101)}), 413)
    assert scim.patch(path, {"op": "add", "path": "ims", "value": _ims(100)}).status == 200
    large = [{"value": "x" * 30_000}, {"value": "y" * 40_000}]
    refused(scim.call("POST", "Users", {"userName": "bo", "ims": large}), 413)


@pytest.mark.parametrize("value", [r"\ud800", r"\u0000"], ids=["surrogate", "NUL"])
def test_X30_what_is_no_character_finds_nobody(scim: Scim, value: str) -> None:
    for path, name in (("Users", "externalId"), ("Users", "userName"), ("Groups", "externalId"), ("Groups", "members")):
        assert scim.call("POST", f"{path}/.search", _search(f'{name} eq "{value}"')).json["totalResults"] == 0
    group = scim.make("Groups", displayName="Staff")
    remove = {"op": "remove", "path": f'members[value eq "{value}"]'}
    refused(scim.patch(f"Groups/{group['id']}", remove), 400, "invalidFilter")


def _search(test: str) -> dict[str, object]:
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": test}


def test_I7_a_group_in_a_group_of_ours_is_taken_out_by_an_admin(provider: Provider, connect: Connect) -> None:
    scim, services = connect(adopts=True), provider.services
    outer, _ = verbs.make(services, SHELL, "Must use a passkey")
    inner = scim.make("Groups", displayName="Staff")
    verbs.put_in(services, SHELL, verbs.get(services, "Staff"), outer)
    path = f'members[value eq "{inner["id"]}"]'
    refused(scim.patch(f"Groups/{outer.id}", {"op": "remove", "path": path}), 403)
    assert [one.name for one in nesting.inner(services.db, outer.id)] == ["Staff"]


def test_Y1_the_attributes_that_one_may_be_limited_to_are_those_that_are_served() -> None:
    from idp.accounts.provisioning.attributes import WRITABLE
    from idp.scim import schemas

    assert schemas.attributes() == WRITABLE
