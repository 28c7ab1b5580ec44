"""Access history and the live check of an application, by the API. R3, R4, O1, S59."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from clients.access import Access
from idp.accounts.roles import RoleGrant
from tests.api.conftest import Program
from tests.api.test_access import refused
from tests.api.test_rows import said
from tests.backends import Clock
from tests.provider import Provider

DAY = 86_400


def moment(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_R4_who_could_open_an_application_then_and_whether_they_did(
    provider: Provider, program: Program, clock: Clock
) -> None:
    people = [provider.add_person(f"p{n}", groups=("Sales",)) for n in range(3)]
    outside = provider.add_person("out")
    app = provider.add_client("CRM", access=Access.only(groups=["Sales"]))
    clock.advance(DAY)
    start = clock()
    provider.sign_in(provider.browser(), app, "p1")
    clock.advance(DAY)
    provider.services.registry.change_access(app.id, lambda _: Access.only(), record=lambda *_: None)
    clock.advance(DAY)
    auditor = program(RoleGrant("auditor"), name="aud")
    path = f"/applications/{app.id}/access-history"
    times = f"since={moment(start)}&until={moment(start + DAY)}"
    first = auditor.get(f"{path}?{times}&limit=2")
    assert first.status == 200, first.text
    rest = auditor.get(f"{path}?{times}&limit=2&cursor={first.json['next']}").json
    found = [*first.json["items"], *rest["items"]]
    assert {one["person"] for one in found} == {one.id for one in people}
    assert rest["next"] is None
    assert {one["username"]: one["opened"]["times"] for one in found} == {"p0": 0, "p1": 1, "p2": 0}
    assert {stay["rule"] for one in found for stay in one["could"]} == {"group:Sales"}
    today = auditor.get(f"{path}?since={moment(clock() - 3600)}").json
    assert today["items"] == []  # nobody may any more
    why = auditor.get(f"{path}/out?{times}").json
    assert (why["person"], [one["rule"] for one in why["parts"]]) == (outside.id, ["not listed"])
    assert [one["allowed"] for one in auditor.get(f"{path}/{people[0].id}?{times}").json["parts"]] == [True]
    refused(auditor.get(f"{path}/nobody?{times}"), 404, "not-found")
    refused(auditor.get(f"{path}?since={moment(clock())}&until={moment(start)}"), 400, "parameter")
    refused(auditor.get(f"{path}?{times}&cursor=x{first.json['next']}"), 400, "cursor")
    assert auditor.get(f"{path}?since=0001-01-01T00:00:00Z").status == 200
    # Of an application of others there is nothing to be known, and of one that was removed there is (S59).
    keeper = program(RoleGrant("app_admin", ("c" + 24 * "b",)), name="keeper")
    answers = [keeper.get(f"/applications/{id}/access-history?{times}") for id in (app.id, "c" + 24 * "a")]
    assert [one.status for one in answers] == [404, 404]
    assert said(answers[0]) == said(answers[1])
    provider.services.registry.remove(app.id, record=lambda *_: None)
    assert len(auditor.get(f"{path}?{times}").json["items"]) == 3


def test_R3_a_live_check_is_begun_read_passed_on_and_ended(provider: Provider, program: Program, clock: Clock) -> None:
    app = provider.add_client("CRM")
    keeper = program(RoleGrant("app_admin", (app.id,)), name="keeper")
    path = f"/applications/{app.id}/check"
    assert keeper.get(path).json["id"] is None
    began = keeper.call("POST", path, {"minutes": 5}, {"Idempotency-Key": '"a"'})
    assert began.status == 201, began.text
    assert began.json["running"] is True
    assert keeper.call("POST", path, {"minutes": 5}, {"Idempotency-Key": '"a"'}).json["id"] == began.json["id"]
    refused(keeper.post(path, {"minutes": 60}), 409, "conflict")  # one that ends sooner was begun just now
    provider.authorize(provider.browser(), app, redirect_uri="https://wrong.example/callback")
    found = keeper.get(path).json
    (fault,) = (one for one in found["findings"] if "redirect" in one["field"])
    assert (fault["side"], fault["got"]) == ("application", "https://wrong.example/callback")
    assert next(one for one in found["milestones"] if one["kind"] == "authorize")["state"] == "wrong"
    link = keeper.post(f"{path}/link")
    assert link.status == 201, link.text
    shared = provider.browser().get(link.json["url"].removeprefix(f"{provider.issuer}/"))
    assert "wrong.example" in shared.dom.text
    assert keeper.get(path).json["link_until"] == link.json["until"]
    assert keeper.call("DELETE", f"{path}/link").status == 204
    assert provider.browser().get(link.json["url"].removeprefix(f"{provider.issuer}/")).status == 404
    assert keeper.call("DELETE", path).status == 204
    assert keeper.get(path).json["running"] is False
    auditor = program(RoleGrant("auditor"), name="aud")
    assert auditor.get(path).json["findings"] == found["findings"]
    refused(auditor.post(path, {}), 403, "permission")
    refused(keeper.post(path, {"minutes": 61}), 422, "invalid")


def test_R3_a_program_that_begins_a_check_again_at_once_is_told_to_wait(provider: Provider, program: Program) -> None:
    app = provider.add_client("CRM")
    keeper = program(RoleGrant("app_admin", (app.id,)), name="keeper")
    path = f"/applications/{app.id}/check"
    assert keeper.post(path, {}).status == 201
    assert keeper.call("DELETE", path).status == 204
    refused(keeper.post(path, {}), 409, "conflict")


@pytest.mark.parametrize("rest", ["", "/link"])
def test_S59_R3_a_check_of_another_application_is_neither_begun_nor_read(
    provider: Provider, program: Program, rest: str
) -> None:
    own, other = provider.add_client("Own"), provider.add_client("Other")
    keeper = program(RoleGrant("app_admin", (own.id,)), name="keeper")
    for method in ("POST", "DELETE"):
        body = {} if method == "POST" and not rest else None
        answers = [keeper.call(method, f"/applications/{id}/check{rest}", body) for id in (other.id, "c" + 24 * "a")]
        assert [one.status for one in answers] == [404, 404]
        assert said(answers[0]) == said(answers[1])
    assert provider.events("client:check_started") == []
