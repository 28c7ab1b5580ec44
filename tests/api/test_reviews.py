"""Access reviews by the API: begun, decided, ended, each by whoever looks after its object. U6, C1, S59."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from clients.access import Access
from idp.accounts import groups
from idp.accounts.person import Person
from idp.accounts.roles import RoleGrant
from idp.admin import reviews
from tests.api.conftest import Api, Program
from tests.api.test_access import refused
from tests.provider import App, Provider

DAY = 86400.0


@pytest.fixture
def boss(provider: Provider) -> Person:
    from tests.api.conftest import give

    return give(provider, provider.add_person("boss"), RoleGrant("owner"))


def _wish(provider: Provider, about: str, boss: Person, **more: Any) -> dict[str, Any]:
    due = datetime.fromtimestamp(provider.clock() + 14 * DAY, UTC).isoformat()
    return {"kind": "group", "about": about, "reviewers": [boss.id], "due_at": due, **more}


def _sales(provider: Provider) -> str:
    found = groups.find(provider.services.db, "Sales")
    assert found is not None
    return found.id


def test_U6_a_review_is_begun_decided_and_ended_and_does_what_was_said(
    provider: Provider, owner: Api, boss: Person
) -> None:
    anna, bert, cleo = (provider.add_person(name, groups=("Sales",)) for name in ("anna", "bert", "cleo"))
    made = owner.post("/reviews", _wish(provider, _sales(provider), boss, unconfirmed="withdraw"))
    assert (made.status, made.json["total"], made.json["left"]) == (201, 3, 3), made.text
    path = f"/reviews/{made.json['id']}"
    assert [one["id"] for one in owner.get("/reviews").json["items"]] == [made.json["id"]]
    first = owner.get(f"{path}/people?limit=2").json
    rest = owner.get(f"{path}/people?limit=2&cursor={first['next']}").json
    assert [one["username"] for one in (*first["items"], *rest["items"])] == ["anna", "bert", "cleo"]
    told = owner.post(f"{path}/decisions", {"people": [anna.id, "nobody"], "verdict": "keep"}).json
    assert told == {"done": 1, "refused": {}}
    owner.post(f"{path}/decisions", {"people": [bert.id], "verdict": "withdraw"})
    assert [one["username"] for one in owner.get(f"{path}/people?verdict=none").json["items"]] == ["cleo"]
    assert owner.get(f"{path}/foreseen").json == {"counts": {"kept": 1, "taken": 2}}
    assert provider.services.directory.get(cleo.id).groups == ("Sales",)
    assert owner.post(f"{path}/end").json["state"] == "ending"
    while not reviews.run_due(provider.services):
        pass
    ended = owner.get(path).json
    assert (ended["state"], ended["counts"]) == ("ended", {"kept": 1, "taken": 2})
    assert [provider.services.directory.get(one.id).groups for one in (anna, bert, cleo)] == [("Sales",), (), ()]
    refused(owner.post(f"{path}/decisions", {"people": [anna.id], "verdict": "keep"}), 409, "conflict")
    refused(owner.post(f"{path}/end"), 409, "conflict")
    refused(owner.post(f"{path}/stop"), 409, "conflict")


def test_U6_a_review_that_is_stopped_changes_nothing(provider: Provider, owner: Api, boss: Person) -> None:
    anna = provider.add_person("anna", groups=("Sales",))
    path = f"/reviews/{owner.post('/reviews', _wish(provider, _sales(provider), boss)).json['id']}"
    refused(owner.post("/reviews", _wish(provider, _sales(provider), boss)), 409, "conflict")  # one at a time
    owner.post(f"{path}/decisions", {"people": [anna.id], "verdict": "withdraw"})
    assert owner.post(f"{path}/stop").json["state"] == "stopped"
    assert provider.services.directory.get(anna.id).groups == ("Sales",)
    refused(owner.post(f"{path}/settle", {"note": "seen"}), 409, "conflict")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"about": "nothing"}, "about"),
        ({"reviewers": ["nobody"]}, "reviewers"),
        ({"due_at": "2001-01-01T00:00:00Z"}, "due_at"),
        ({"months": 5}, "months"),
    ],
)
def test_B5_what_is_wrong_with_a_review_names_its_field(
    provider: Provider, owner: Api, boss: Person, wrong: dict[str, Any], field: str
) -> None:
    provider.add_person("anna", groups=("Sales",))
    answer = owner.post("/reviews", {**_wish(provider, _sales(provider), boss), **wrong})
    assert field in str(refused(answer, 422, "invalid")["errors"])


def test_S59_who_looks_after_one_application_sees_no_other_review(
    provider: Provider, program: Program, boss: Person
) -> None:
    anna = provider.add_person("anna")
    own, other = (_limited(provider, name, anna) for name in ("Own", "Other"))
    keeper = program(RoleGrant("app_admin", (own.id,)), name="keeper")
    owner = program(RoleGrant("owner"), name="own")
    mine, theirs = (
        owner.post("/reviews", _wish(provider, app.id, boss, kind="app")).json["id"] for app in (own, other)
    )
    assert [one["id"] for one in keeper.get("/reviews").json["items"]] == [mine]
    refused(keeper.post("/reviews", _wish(provider, other.id, boss, kind="app")), 403, "permission")
    for rest in ("", "/people", "/foreseen"):
        assert keeper.get(f"/reviews/{mine}{rest}").status == 200
        refused(keeper.get(f"/reviews/{theirs}{rest}"), 404, "not-found")
    decision = {"people": [anna.id], "verdict": "withdraw"}
    for rest, body in (("decisions", decision), ("end", None), ("stop", None), ("settle", {})):
        refused(keeper.post(f"/reviews/{theirs}/{rest}", body), 404, "not-found")
    assert owner.get(f"/reviews/{theirs}").json["left"] == 1


def _limited(provider: Provider, name: str, person: Person) -> App:
    return provider.add_client(name, access=Access.only(persons=[person.id]))
