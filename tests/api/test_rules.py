"""Sign-in rules by the API: listed, changed, ordered, taken back, simulated. B2, C4, C6, R7, S59."""

from __future__ import annotations

import pytest

from idp.accounts.roles import RoleGrant
from idp.accounts.sign_in_rules.keeping import Kept
from idp.api.operations import Call
from idp.api.rules import answering
from idp.protocols import Services
from tests.api.conftest import Api, give
from tests.api.test_access import refused
from tests.api.test_applications import pointers
from tests.api.test_rows import said
from tests.backends import Clock
from tests.provider import Provider

ALL = "/sign-in-rules"


def make(api: Api, name: str = "Sales", **says: object) -> str:
    made = api.post(ALL, {"name": name, **says})
    assert made.status == 201, made.text
    assert made.headers["ETag"]
    return str(made.json["id"])


def test_C4_a_rule_is_made_changed_turned_off_and_removed_for_the_edition_that_was_read(owner: Api) -> None:
    id = make(owner, grace_days=7)
    path = f"{ALL}/{id}"
    read = owner.get(path)
    assert (read.json["says"]["need"], read.json["says"]["grace_days"], read.json["fixed"]) == ("second", 7, False)
    edition = read.headers["ETag"]
    changed = owner.call("PATCH", path, {"why": "Money.", "grace_days": None}, {"If-Match": edition})
    assert changed.status == 200, changed.text
    assert (changed.json["says"]["why"], changed.json["says"]["grace_days"]) == ("Money.", 0)
    refused(owner.call("PATCH", path, {"why": "Other."}, {"If-Match": edition}), 412, "changed")
    refused(owner.call("PATCH", path, {"why": "Other."}), 428, "edition-missing")
    assert owner.post(f"{path}/disable").json["enabled"] is False
    assert owner.post(f"{path}/enable").json["enabled"] is True
    assert owner.with_edition("DELETE", path).status == 204
    refused(owner.get(path), 404, "not-found")
    assert [one["id"] for one in owner.get(ALL).json["removed"]] == [id]
    assert owner.post(f"{path}/restore").json["removed_at"] is None
    refused(owner.post(f"{path}/restore"), 404, "not-found")


def test_C4_all_that_is_wrong_with_a_rule_is_named(provider: Provider, owner: Api) -> None:
    wrong = {"name": "x", "groups": ["Nobody's"], "apps": ["c" + 24 * "a"]}
    assert set(pointers(owner.post(ALL, wrong))) == {"#/groups", "#/apps"}
    wrong = {"name": "x", "networks": ["everywhere"], "starts": "soon", "fixed": True, "id": "file-1"}
    assert set(pointers(owner.post(ALL, wrong))) == {"#/fixed", "#/id"}
    assert set(pointers(owner.post(ALL, {"name": "x", "networks": ["all"], "starts": "soon"}))) == {
        "#/networks", "#/starts"
    }  # fmt: skip
    assert pointers(owner.post(ALL, {"name": "x", "need": "none"})) == ["#/need"]
    give(provider, provider.add_person("boss"), RoleGrant("owner"))
    refused(owner.post(ALL, {"name": "Nobody comes in", "need": "deny"}), 409, "conflict")
    assert owner.get(ALL).json["items"] == []


def test_C6_their_order_is_changed_for_its_edition_and_each_change_is_undone(owner: Api) -> None:
    first, second = make(owner, "First"), make(owner, "Second")
    stale = owner.get(ALL).headers["ETag"]
    answer = owner.with_edition("PUT", f"{ALL}/order", {"ids": [second, first]}, of=ALL)
    assert [one["id"] for one in answer.json["items"]] == [second, first], answer.text
    refused(owner.call("PUT", f"{ALL}/order", {"ids": [first]}, {"If-Match": stale}), 412, "changed")
    wrong = owner.with_edition("PUT", f"{ALL}/order", {"ids": [first, first, "file-1"]}, of=ALL)
    assert pointers(wrong) == ["#/ids/2", "#/ids/1"]
    page = owner.get(f"{ALL}/history?limit=1").json
    (moved,) = page["items"]
    assert (moved["action"], moved["can_undo"]) == ("rule:move", True)
    (added,) = owner.get(f"{ALL}/history?limit=1&cursor={page['next']}").json["items"]
    assert (added["action"], added["name"]) == ("rule:add", "Second")
    undone = owner.post(f"{ALL}/history/{moved['id']}/undo")
    assert [one["id"] for one in undone.json["items"]] == [first, second], undone.text
    refused(owner.post(f"{ALL}/history/{moved['id']}/undo"), 412, "changed")
    refused(owner.post(f"{ALL}/history/{26 * '0'}/undo"), 404, "not-found")


def test_B5_what_a_change_would_do_is_told_in_numbers_and_nothing_is_done(provider: Provider, owner: Api) -> None:
    provider.add_person("ann", groups=("Sales",))
    provider.add_person("bea")
    found = owner.post(f"{ALL}/effects", {"rule": {"name": "Sales", "groups": ["sales"]}}).json
    assert (found["concerned"], found["without"]) == (1, 1)
    assert owner.get(ALL).json["items"] == []
    assert pointers(owner.post(f"{ALL}/effects", {})) == ["#/rule"]
    assert pointers(owner.post(f"{ALL}/effects", {"replaces": "file-1"})) == ["#/replaces"]
    assert pointers(owner.post(f"{ALL}/effects", {"rule": {"name": "X", "groups": ["No"]}})) == ["#/rule/groups"]


def test_a_sign_in_is_thought_of_with_the_rule_that_decides(provider: Provider, owner: Api, clock: Clock) -> None:
    ann = provider.add_person("ann", groups=("Sales",))
    app = provider.add_client("CRM")
    rule = make(owner, "Sales only at work", need="deny", groups=["Sales"], outside=["192.0.2.0/24"])
    where = {"person": "ann", "application": app.id, "address": "198.51.100.7"}
    found = owner.post(f"{ALL}/simulation", where).json
    assert found["outcome"] == "denied"
    assert [(one["rule"], one["decides"]) for one in found["rules"]] == [(rule, "level")]
    found = owner.post(f"{ALL}/simulation", {**where, "person": ann.id, "address": "192.0.2.9"}).json
    assert (found["outcome"], found["rules"][0]["why_not"] != "") == ("in", True)
    assert found["steps"][0]["kind"] == "first"
    assert pointers(owner.post(f"{ALL}/simulation", {**where, "person": "nobody"})) == ["#/person"]
    assert pointers(owner.post(f"{ALL}/simulation", {**where, "application": "x"})) == ["#/application"]
    assert pointers(owner.post(f"{ALL}/simulation", {**where, "address": "home"})) == ["#/address"]


def test_S59_a_rule_of_the_settings_file_is_read_and_not_changed_and_an_auditor_changes_none(
    open_provider: object, clock: Clock
) -> None:
    from tests.api.conftest import make_program, token_of

    provider = open_provider(factors={"rules": [{"need": "second", "groups": ["Finance"]}]})  # type: ignore[operator]
    owner = Api(provider.browser(), token_of(provider, make_program(provider, RoleGrant("owner"), name="own")))
    auditor = Api(provider.browser(), token_of(provider, make_program(provider, RoleGrant("auditor"), name="aud")))
    for api in (owner, auditor):
        (fixed,) = api.get(ALL).json["items"]
        assert (fixed["id"], fixed["fixed"]) == ("file-1", True)
        assert api.get(f"{ALL}/file-1").json == fixed
    refused(owner.call("PATCH", f"{ALL}/file-1", {"name": "x"}, {"If-Match": "*"}), 409, "conflict")
    refused(owner.call("DELETE", f"{ALL}/file-1", None, {"If-Match": "*"}), 409, "conflict")
    id = make(owner, "Kept")
    answers = [auditor.call("DELETE", f"{ALL}/{one}", None, {"If-Match": "*"}) for one in (id, "unknown")]
    assert [one.status for one in answers] == [403, 403]
    assert {k: v for k, v in said(answers[0]).items() if k != "error_id"} == {
        k: v for k, v in said(answers[1]).items() if k != "error_id"
    }


def test_C4_a_change_of_any_edition_does_not_take_back_what_was_changed_since_it_was_read(
    owner: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, read = f"{ALL}/{make(owner, grace_days=7)}", answering._get

    def between(services: Services, call: Call) -> Kept:
        found = read(services, call)
        monkeypatch.setattr(answering, "_get", read)
        done = owner.call("PATCH", path, {"grace_days": None}, {"If-Match": "*"})
        assert done.json["says"]["grace_days"] == 0
        return found

    monkeypatch.setattr(answering, "_get", between)
    refused(owner.call("PATCH", path, {"why": "Money."}, {"If-Match": "*"}), 412, "changed")
    assert owner.get(path).json["says"]["grace_days"] == 0
    assert owner.call("PATCH", path, {"why": "Money."}, {"If-Match": "*"}).json["says"]["why"] == "Money."
