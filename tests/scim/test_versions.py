"""RFC 7644 §3.14: whoever says which version they know changes no other one, at whatever moment it changed. Y1."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts import groups
from idp.accounts.grouping import nesting
from idp.accounts.provisioning.kept import Kept, Members
from idp.scim import groups as scim_groups
from idp.scim import users
from tests.provider import Provider
from tests.scim.conftest import Connect, Scim, refused


def between(monkeypatch: pytest.MonkeyPatch, module: Any, change: Callable[[], object]) -> None:
    """`change` is made once between what the call looks at and its own change."""
    found = module._changeable

    def looked(call: Any, id_of: str) -> Any:
        seen = found(call, id_of)
        monkeypatch.setattr(module, "_changeable", found)
        change()
        return seen

    monkeypatch.setattr(module, "_changeable", looked)


@pytest.mark.spec("RFC7644 3.14")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_Y1_a_group_that_changed_between_look_and_change_is_not_changed(
    scim: Scim, provider: Provider, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    ann, ben = (scim.make("Users", userName=name)["id"] for name in ("ann", "ben"))
    made = scim.make("Groups", displayName="Sales")
    known, path = {"If-Match": made["meta"]["version"]}, f"Groups/{made['id']}"

    def add_ann() -> None:
        assert scim.patch(path, {"op": "add", "path": "members", "value": [{"value": ann}]}).status == 204

    between(monkeypatch, scim_groups, add_ann)
    schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    step = {"op": "replace", "path": "members", "value": [{"value": ben}]}
    bodies: dict[str, Any] = {
        "PUT": {"displayName": "Sales", "members": [{"value": ben}]}, "DELETE": None,
        "PATCH": {"schemas": [schema], "Operations": [step]},
    }  # fmt: skip
    refused(scim.call(method, path, bodies[method], known), 412)
    assert [one["value"] for one in scim.get(path)["members"]] == [ann]


@pytest.mark.spec("RFC7644 3.14")
def test_Y1_somebody_who_changed_between_look_and_removal_stays(scim: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    made = scim.make("Users", userName="ann")
    path = f"Users/{made['id']}"

    def rename() -> None:
        assert scim.patch(path, {"op": "replace", "path": "displayName", "value": "Ann"}).status == 200

    between(monkeypatch, users, rename)
    refused(scim.call("DELETE", path, None, {"If-Match": made["meta"]["version"]}), 412)
    assert scim.get(path)["displayName"] == "Ann"


def test_Y1_of_eight_who_know_one_version_one_changes_it(scim: Scim, connect: Connect) -> None:
    ids = [scim.make("Users", userName=f"p{n}")["id"] for n in range(8)]
    made = scim.make("Groups", displayName="Sales")
    known, path = {"If-Match": made["meta"]["version"]}, f"Groups/{made['id']}"
    found: list[int] = []
    start = threading.Barrier(8)

    def put(id_of: str) -> None:
        own = Scim(type(scim.browser)(scim.browser.app, scim.browser.origin), scim.token, scim.client)
        start.wait()
        found.append(own.call("PUT", path, {"displayName": "Sales", "members": [{"value": id_of}]}, known).status)

    threads = [threading.Thread(target=put, args=(one,)) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [200] + 7 * [412]
    assert len(scim.get(path)["members"]) == 1


def test_Y1_a_change_of_several_steps_of_which_one_fails_changes_nothing(scim: Scim, provider: Provider) -> None:
    ann = scim.make("Users", userName="ann")["id"]
    made = scim.make("Groups", displayName="Sales")
    answer = scim.patch(
        f"Groups/{made['id']}", {"op": "add", "path": "members", "value": [{"value": ann}]},
        {"op": "add", "path": "members", "value": [{"value": "nobody"}]},
    )  # fmt: skip
    assert answer.status == 400
    assert groups.find_by_id(provider.services.db, made["id"]).members == 0  # type: ignore[union-attr]


def test_Y1_who_comes_and_goes_changes_the_version_also_in_one_tick_of_the_clock(scim: Scim) -> None:
    ann = scim.make("Users", userName="ann")["id"]
    made = scim.make("Groups", displayName="Sales")
    path = f"Groups/{made['id']}"
    versions = {made["meta"]["version"]}
    for op in ("add", "remove"):
        scim.patch(path, {"op": op, "path": "members", "value": [{"value": ann}]})
        versions.add(scim.get(path)["meta"]["version"])
    assert len(versions) == 3


@pytest.mark.spec("RFC7644 3.14")
def test_Y1_a_group_has_another_version_whenever_what_is_shown_of_it_is_another(scim: Scim, provider: Provider) -> None:
    services, nobody = provider.services, lambda *_: None
    ann, ben = (scim.make("Users", userName=name)["id"] for name in ("ann", "ben"))
    made = scim.make("Groups", displayName="Sales", members=[{"value": ann}, {"value": ben}])
    path = f"Groups/{made['id']}"
    outer, inner = groups.find(services.db, "Sales"), groups.add(services.db, "North", 1.0, record=nobody)
    assert outer is not None

    def members() -> tuple[str, set[str]]:
        now = scim.get(path)
        return now["meta"]["version"], {one["value"] for one in now.get("members", ())}

    seen = [members()]
    for change in (
        lambda: nesting.put_in(services.db, inner, outer, 1.0, record=nobody),
        lambda: nesting.take_out(services.db, inner, outer, 1.0, record=nobody),
        lambda: nesting.put_in(services.db, inner, outer, 1.0, record=nobody),
        lambda: groups.remove(services.db, inner, 1.0, record=nobody),
        lambda: services.directory.remove(ann),
        lambda: services.directory.remove_from_group(ben, "Sales", by=outer.source),
        lambda: services.directory.add_to_group(ben, "Sales", by=outer.source),
    ):  # the clock stands still all the while
        change()
        seen.append(members())
    for before, after in itertools.pairwise(seen):
        assert before[1] != after[1]
        assert before[0] != after[0], (before, after)
    assert len({version for version, _ in seen}) == len(seen)
    known = {"If-Match": seen[0][0]}
    refused(scim.call("DELETE", path, None, known), 412)


@pytest.mark.spec("RFC7644 3.14")
def test_Y1_who_knows_the_version_of_a_group_is_sent_nothing_of_it_until_it_is_another(scim: Scim) -> None:
    ann = scim.make("Users", userName="ann")["id"]
    made = scim.make("Groups", displayName="Sales")
    path, known = f"Groups/{made['id']}", {"If-None-Match": f'W/"other", {made["meta"]["version"]}'}
    same = scim.call("GET", path, None, known)
    assert (same.status, same.body, same.headers["ETag"]) == (304, b"", made["meta"]["version"])
    scim.patch(path, {"op": "add", "path": "members", "value": [{"value": ann}]})
    other = scim.call("GET", path, None, known)
    assert (other.status, [one["value"] for one in other.json["members"]]) == (200, [ann])


@pytest.mark.parametrize("ids", [["u1", "u2"], ['a"b', "ü\\", "u1"], []])
def test_Y1_members_written_as_text_are_the_members_of_the_resource(ids: list[str]) -> None:
    group, base = Kept("g1", "Sales", "", None, 1.0, False), "https://login.example/scim/v2"
    found = Members(ids, ["g2"])
    whole = scim_groups.resource(group, None, base, "")
    assert json.loads(scim_groups._written(whole, found, base)) == scim_groups.resource(group, found, base, "")
