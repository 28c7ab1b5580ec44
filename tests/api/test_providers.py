"""Providers that people sign in through, by the API: added, changed, tried, removed, taken back. C4, C6, S59."""

from __future__ import annotations

import json
from typing import Any

import pytest

from idp.accounts.roles import RoleGrant
from idp.admin import providers
from idp.api.operations import Call
from idp.api.providers import answering
from idp.federation import keeping, links
from idp.protocols import Services
from tests.api.conftest import Api, Program, give
from tests.api.test_access import refused
from tests.api.test_applications import pointers
from tests.provider import Provider

ALL = "/providers"
SECRET = "one-that-nobody-reads"
TENANT = "5d0f3f2c-8b1e-4c53-9a0e-000000000000"
ENTRA = {
    "template": "entra", "blanks": {"tenant": TENANT}, "settings": {"client_id": "us", "domains": ["@Example.com"]},
    "secret": SECRET,
}  # fmt: skip


def make(api: Api, **says: object) -> str:
    made = api.post(ALL, {**ENTRA, **says})
    assert made.status == 201, made.text
    return str(made.json["id"])


def test_i12_a_provider_is_made_by_a_template_and_says_what_to_register_there(provider: Provider, owner: Api) -> None:
    templates = owner.get("/provider-templates").json["items"]
    assert "tenant" in next(one["asks"] for one in templates if one["key"] == "entra")
    made = owner.call("POST", ALL, ENTRA, {"Idempotency-Key": '"entra"'})
    again = owner.call("POST", ALL, ENTRA, {"Idempotency-Key": '"entra"'})
    assert (made.status, again.json["id"]) == (201, made.json["id"]), made.text
    one = made.json
    assert one["redirect_uri"] == f"{provider.issuer}/upstream/callback/{one['id']}"
    assert (one["logout_uri"], one["signed_out_uri"]) == (f"{provider.issuer}/upstream/logout/{one['id']}", "")
    assert (one["name"], one["kind"], one["has_secret"], one["people"]) == ("Microsoft Entra", "oidc", True, 0)
    assert one["settings"]["issuer"] == f"https://login.microsoftonline.com/{TENANT}/v2.0"
    assert one["settings"]["domains"] == ["example.com"]
    assert one["health"] == {"answers": True, "failing_since": None, "reason": ""}
    assert SECRET not in made.text + owner.get(ALL).text + json.dumps([e.detail for e in provider.events()])


def test_c4_it_is_changed_for_the_edition_that_was_read(owner: Api) -> None:
    path = f"{ALL}/{make(owner)}"
    edition = owner.get(path).headers["ETag"]
    patch = {"name": "Company", "settings": {"groups_claim": "groups", "groups": {"a": "Sales"}, "domains": None}}
    changed = owner.call("PATCH", path, patch, {"If-Match": edition})
    assert changed.status == 200, changed.text
    assert (changed.json["name"], changed.json["settings"]["groups"]) == ("Company", {"a": "Sales"})
    assert "domains" not in changed.json["settings"]
    refused(owner.call("PATCH", path, patch, {"If-Match": edition}), 412, "changed")
    refused(owner.call("PATCH", path, patch), 428, "edition-missing")
    assert owner.post(f"{path}/disable").json["enabled"] is False
    assert owner.post(f"{path}/enable").json["enabled"] is True
    refused(owner.post(f"{ALL}/unknown/enable"), 404, "not-found")
    refused(owner.get(f"{ALL}/unknown/history"), 404, "not-found")


def test_c4_where_its_secret_would_be_sent_elsewhere_it_is_given_again(provider: Provider, owner: Api) -> None:
    path = f"{ALL}/{make(owner)}"
    patch: dict[str, Any] = {"settings": {"issuer": "https://login.elsewhere.example/v2.0"}}
    assert pointers(owner.with_edition("PATCH", path, patch)) == ["#/secret"]
    assert owner.with_edition("PATCH", path, patch | {"secret": "typed again"}).status == 200
    kept = keeping.list_of(provider.services.db)[0]
    assert keeping.open_secret(provider.services.sealer, kept) == "typed again"


def test_c4_all_that_is_wrong_is_named_by_its_place(owner: Api) -> None:
    assert pointers(owner.post(ALL, {**ENTRA, "blanks": {}})) == ["#/blanks/tenant"]
    assert pointers(owner.post(ALL, {**ENTRA, "blanks": {"tenant": TENANT, "realm": "x"}})) == ["#/blanks/realm"]
    assert pointers(owner.post(ALL, {**ENTRA, "template": "okto"})) == ["#/template"]
    assert pointers(owner.post(ALL, {**ENTRA, "secret": ""})) == ["#/secret"]
    assert pointers(owner.post(ALL, {**ENTRA, "settings": {"name": "x"}})) == ["#/settings/name"]
    wrong = {"client_id": "us", "domains": ["x"], "magic": 1}
    assert set(pointers(owner.post(ALL, {**ENTRA, "settings": wrong}))) == {"#/settings/magic"}
    wrong = {"client_id": "us", "domains": ["x"], "attributes": {"roles": "roles"}}
    found = pointers(owner.post(ALL, {**ENTRA, "settings": wrong}))
    assert set(found) == {"#/settings/domains", "#/settings/attributes"}
    assert set(pointers(owner.post(ALL, {}))) == {"#/name", "#/settings/issuer", "#/settings/client_id"}
    make(owner)
    refused(owner.post(ALL, ENTRA), 409, "conflict")  # its name is taken


def test_i11_its_secret_is_renewed_and_it_is_tried(provider: Provider, owner: Api) -> None:
    path = f"{ALL}/{make(owner)}"
    kept = keeping.list_of(provider.services.db)[0]
    assert owner.with_edition("PUT", f"{path}/secret", {"secret": "another"}, of=path).status == 200
    after = keeping.list_of(provider.services.db)[0]
    assert keeping.open_secret(provider.services.sealer, after) == "another" != kept.sealed
    told = owner.get(f"{path}/history").json["items"]
    assert (told[0]["secret_replaced"], told[0]["can_undo"], told[0]["differences"]) == (True, False, [])
    tried = owner.post(f"{path}/test").json
    assert (tried["ok"], tried["found"][0]["what"]) == (False, "discovery")  # nobody is reached from here


def test_c6_a_change_and_a_removal_are_taken_back_with_the_links(provider: Provider, owner: Api) -> None:
    id = make(owner)
    ann, path = provider.add_person("ann"), f"{ALL}/{id}"
    db, nobody = provider.services.db, lambda *_: None
    with db.transaction() as tx:
        links.add(tx, links.Link(id, "sub", ann.id, "ann@there", (), 0.0, 0.0), record=nobody)
    owner.with_edition("PATCH", path, {"settings": {"create": True, "domains": ["example.org"]}})
    change = owner.get(f"{path}/history").json["items"][0]
    fields = {one["field"]: (one["old"], one["new"]) for one in change["differences"]}
    assert fields == {"create": (None, True), "domains": (["example.com"], ["example.org"])}
    assert owner.post(f"{ALL}/history/{change['id']}/undo").status == 200
    assert owner.get(path).json["settings"]["domains"] == ["example.com"]
    refused(owner.post(f"{ALL}/history/{change['id']}/undo"), 412, "changed")
    assert owner.with_edition("DELETE", path).status == 204
    assert links.of_person(db, ann.id) == ()  # nobody comes in by it
    assert [one["id"] for one in owner.get(ALL).json["removed"]] == [id]
    assert owner.get(f"{path}/history").json["items"][0]["action"] == "provider:remove"
    other = make(owner)  # its name is free meanwhile
    refused(owner.post(f"{path}/restore"), 409, "conflict")
    assert owner.with_edition("DELETE", f"{ALL}/{other}").status == 204
    assert owner.post(f"{path}/restore").json["people"] == 1
    assert [one.subject for one in links.of_person(db, ann.id)] == ["sub"]
    refused(owner.post(f"{path}/restore"), 404, "not-found")
    owner.with_edition("DELETE", path)
    keeping.sweep(db, provider.services.clock() + keeping.RESTORABLE + 1)
    refused(owner.post(f"{path}/restore"), 404, "not-found")
    assert links.find(db, id, "sub") is None


def test_c1_admins_and_auditors_see_providers_and_only_owners_change_them(
    provider: Provider, owner: Api, program: Program
) -> None:
    id = make(owner)
    for role in ("admin", "auditor"):
        api = program(RoleGrant(role), name=role)
        assert api.get(f"{ALL}/{id}").status == 200
        changes = (("POST", f"{id}/test"), ("POST", f"{id}/disable"), ("DELETE", id), ("PUT", f"{id}/secret"))
        for method, path in changes:
            body = {"secret": "x"} if method == "PUT" else None
            answer = api.call(method, f"{ALL}/{path}", body, {"If-Match": "*"})
            assert (answer.status, answer.json["permission"]) == (403, "providers:change"), (role, path)
    give(provider, provider.add_person("helper"), RoleGrant("help_desk"))
    assert program(RoleGrant("help_desk"), name="desk").get(ALL).status == 403


def test_c4_a_change_of_any_edition_does_not_take_back_what_was_changed_since_it_was_read(
    owner: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, read = f"{ALL}/{make(owner)}", answering._get

    def between(services: Services, call: Call) -> providers.Standing:
        found = read(services, call)
        monkeypatch.setattr(answering, "_get", read)
        done = owner.call("PATCH", path, {"settings": {"domains": None}}, {"If-Match": "*"})
        assert "domains" not in done.json["settings"]
        return found

    monkeypatch.setattr(answering, "_get", between)
    refused(owner.call("PATCH", path, {"name": "Company"}, {"If-Match": "*"}), 412, "changed")
    assert "domains" not in owner.get(path).json["settings"]
    assert owner.call("PATCH", path, {"name": "Company"}, {"If-Match": "*"}).json["name"] == "Company"
