"""RFC 7644 §3.7: many changes in one call, that refer to each other, with limits, until too many have failed. Y1."""

from __future__ import annotations

from typing import Any

import pytest

from idp.accounts import groups
from idp.accounts.provisioning import clients
from idp.scim.bulk import REQUEST, RESPONSE
from idp.scim.schemas import GROUP, MAX_PAYLOAD, MOST_OPERATIONS, USER
from tests.provider import Provider
from tests.scim.conftest import Connect, Scim, refused


def sent(scim: Scim, *operations: dict[str, Any], **more: Any) -> Any:
    """A bulk request."""
    return scim.call("POST", "Bulk", {"schemas": [REQUEST], "Operations": list(operations), **more})


def person(name: str, bulk_id: str = "", **also: Any) -> dict[str, Any]:
    """An operation that makes somebody."""
    data = {"schemas": [USER], "userName": name, **also}
    return {"method": "POST", "path": "/Users", "bulkId": bulk_id or name, "data": data}


def group(name: str, *members: str, bulk_id: str = "") -> dict[str, Any]:
    """An operation that makes a group."""
    data = {"schemas": [GROUP], "displayName": name, "members": [{"value": one} for one in members]}
    return {"method": "POST", "path": "/Groups", "bulkId": bulk_id or name, "data": data}


def statuses(answer: Any) -> list[str]:
    """Of each operation."""
    assert answer.status == 200, answer.text
    assert answer.json["schemas"] == [RESPONSE]
    return [one["status"] for one in answer.json["Operations"]]


@pytest.mark.spec("RFC7644 3.7")
def test_Y1_people_and_the_group_that_holds_them_are_made_in_one_call_in_whatever_order(
    scim: Scim, provider: Provider
) -> None:
    answer = sent(scim, group("Sales", "bulkId:ann", "bulkId:ben"), person("ann"), person("ben"))
    assert statuses(answer) == ["201", "201", "201"]
    made = {one["bulkId"]: one for one in answer.json["Operations"]}
    assert set(made) == {"Sales", "ann", "ben"}
    assert all(one["location"].startswith("https://login.example/scim/v2/") for one in made.values())
    found = groups.find(provider.services.db, "Sales")
    assert found is not None
    assert [one.username for one in groups.members_of(provider.services.db, found.id)] == ["ann", "ben"]
    ann = made["ann"]
    id_of = ann["location"].rpartition("/")[2]
    step = {"op": "replace", "path": "displayName", "value": "Ann"}
    schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    change = {"method": "PATCH", "path": f"/Users/{id_of}", "version": ann["version"],
              "data": {"schemas": [schema], "Operations": [step]}}  # fmt: skip
    assert statuses(sent(scim, change)) == ["200"]
    again = sent(scim, change, {"method": "DELETE", "path": f"/Users/{id_of}"})
    assert statuses(again) == ["412", "204"]
    assert again.json["Operations"][0]["response"]["status"] == "412"


@pytest.mark.spec("RFC7644 3.7.3")
def test_Y1_after_so_many_errors_nothing_more_is_tried(scim: Scim) -> None:
    operations = [person("ann"), person("ann", "x"), person("ann", "y"), person("ben")]
    answer = sent(scim, *operations, failOnErrors=1)
    assert statuses(answer) == ["201", "409"]
    failed = answer.json["Operations"][1]
    assert failed["response"]["scimType"] == "uniqueness"
    assert "location" not in failed
    assert statuses(sent(scim, *operations[1:])) == ["409", "409", "201"]


@pytest.mark.spec("RFC7644 3.7.1")
def test_Y1_a_circle_is_refused_by_name_and_holds_up_nobody_else(scim: Scim) -> None:
    answer = sent(scim, group("One", "bulkId:Two"), group("Two", "bulkId:One"), person("ann"))
    told = {one["bulkId"]: one for one in answer.json["Operations"]}
    assert {name: one["status"] for name, one in told.items()} == {"ann": "201", "One": "409", "Two": "409"}
    assert "a circle" in told["One"]["response"]["detail"]
    assert statuses(sent(scim, group("Self", "bulkId:Self"))) == ["409"]


def test_Y1_what_refers_to_nothing_or_to_what_was_not_made_fails_alone(scim: Scim) -> None:
    scim.make("Users", userName="ann")
    answer = sent(scim, person("ann", "a"), group("Nobodys", "bulkId:a"), group("Nones", "bulkId:zed"))
    assert statuses(answer) == ["409", "409", "409"]
    assert "was not made: a" in answer.json["Operations"][1]["response"]["detail"]
    assert "no operation with the bulkId zed" in answer.json["Operations"][2]["response"]["detail"]


def test_Y1_an_operation_may_do_no_more_than_it_might_alone(connect: Connect) -> None:
    reads = connect("Reader", users="read", groups="no")
    assert statuses(sent(reads, person("ann"), group("Sales"))) == ["403", "403"]


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        pytest.param({"schemas": [], "Operations": []}, 400, "invalidSyntax", id="no schema"),
        pytest.param({"schemas": [REQUEST], "Operations": []}, 400, "invalidSyntax", id="nothing"),
        pytest.param({"schemas": [REQUEST], "Operations": [{"method": "GET", "path": "/Users/1"}]}, 400,
                     "invalidSyntax", id="a read"),
        pytest.param({"schemas": [REQUEST], "Operations": [{"method": "POST", "path": "/Bulk", "bulkId": "a"}]}, 400,
                     "invalidSyntax", id="one in another"),
        pytest.param({"schemas": [REQUEST], "Operations": [{"method": "POST", "path": "/Users"}]}, 400,
                     "invalidSyntax", id="no bulkId"),
        pytest.param({"schemas": [REQUEST], "Operations": 2 * [person("ann")]}, 400, "invalidSyntax", id="one twice"),
        pytest.param({"schemas": [REQUEST], "failOnErrors": 0, "Operations": [person("ann")]}, 400, "invalidValue",
                     id="no error at all"),
        pytest.param({"schemas": [REQUEST], "Operations": [person(f"p{n}") for n in range(MOST_OPERATIONS + 1)]}, 413,
                     None, id="too many"),
        pytest.param({"schemas": [REQUEST], "Operations": [person("ann", title="x" * MAX_PAYLOAD)]}, 413, None,
                     id="too large"),
    ],
)  # fmt: skip
def test_Y1_what_is_no_bulk_request_does_nothing(scim: Scim, body: Any, status: int, kind: str | None) -> None:
    refused(scim.call("POST", "Bulk", body), status, kind)
    assert scim.get("Users?filter=userName%20eq%20%22ann%22")["totalResults"] == 0


@pytest.mark.spec("RFC7643 5")
def test_Y1_the_limits_are_told_as_they_are(scim: Scim) -> None:
    said = scim.get("ServiceProviderConfig")["bulk"]
    assert said == {"supported": True, "maxOperations": MOST_OPERATIONS, "maxPayloadSize": MAX_PAYLOAD}


def test_Y1_what_is_refused_in_a_bulk_request_is_noted_with_its_reason(connect: Connect, provider: Provider) -> None:
    scim = connect(groups="read")
    answer = sent(
        scim, person("ann"), group("Sales"), person("nobody", userName=""),
        {"method": "DELETE", "path": "/Users/u-unknown"},
    )  # fmt: skip
    assert statuses(answer) == ["201", "403", "400", "404"]
    (client,) = clients.list_of(provider.services.db)
    noted = [(one["method"], one["path"], one["status"]) for one in client.faults]
    assert noted == [("DELETE", "/Users/u-unknown", 404), ("POST", "/Users", 400), ("POST", "/Groups", 403)]
    assert all(one["detail"].startswith("in a bulk request: ") and len(one["detail"]) > 25 for one in client.faults)
