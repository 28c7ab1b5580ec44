"""Applications by the API: registered, changed, opened, turned off, removed. C4, C6, R1, R4, R6, R7, S59, X16."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from clients.access import Access, Term
from idp.accounts.roles import RoleGrant
from tests.api.conftest import Api, Program, give, personal
from tests.api.test_access import refused
from tests.backends import Clock
from tests.provider import Answer, Provider

CRM = {"name": "CRM", "metadata": {"redirect_uris": ["https://crm.example/callback"]}}


def made(answer: Answer) -> dict[str, Any]:
    assert answer.status == 201, answer.text
    return dict(answer.json)


def pointers(answer: Answer) -> list[str]:
    assert answer.status == 422, answer.text
    return [one["pointer"] for one in answer.json["errors"]]


def test_C4_R4_an_application_is_registered_open_to_nobody_and_its_secret_is_shown_once(
    provider: Provider, owner: Api
) -> None:
    answer = owner.post("/applications", CRM)
    app = made(answer)
    id = app["application"]["id"]
    assert answer.headers["Location"] == f"{provider.issuer}/api/v1/applications/{id}"
    assert app["application"]["access"] == {"everyone": False, "groups": [], "persons": [], "terms": []}
    client = provider.services.registry.get(id)
    assert client.find_secret(app["client_secret"], provider.clock()) is not None
    again = owner.get(f"/applications/{id}")
    assert again.headers["ETag"] == answer.headers["ETag"]
    assert app["client_secret"] not in again.text
    assert app["client_secret"] not in owner.get(f"/applications/{id}/secrets").text
    (event,) = provider.events("client:register")
    assert event.actor.startswith("client:")
    assert app["client_secret"] not in json.dumps(event.detail)


def test_C4_all_that_is_wrong_is_named_at_once_each_by_its_place_with_an_example(owner: Api) -> None:
    answer = owner.post("/applications", {
        "name": "CRM", "profile": "web",
        "metadata": {"redirect_uris": ["http://crm.example/cb"], "consent": "maybe", "no_such_key": 1},
    })  # fmt: skip
    assert set(pointers(answer)) == {"#/metadata/redirect_uris", "#/metadata/consent", "#/metadata/no_such_key"}
    by_place = {one["pointer"]: one for one in answer.json["errors"]}
    assert by_place["#/metadata/redirect_uris"]["example"] == ["https://app.example/callback"]
    assert "explicit" in by_place["#/metadata/consent"]["expected"]
    answer = owner.post("/applications", {"name": "", "profile": "webb", "is_admin": True, "access": {"groups": "all"}})
    assert set(pointers(answer)) == {"#/name", "#/profile", "#/is_admin", "#/access/groups"}
    answer = owner.post("/applications", {**CRM, "access": {"groups": ["Nobody's"], "persons": ["u" + 24 * "a"]}})
    assert set(pointers(answer)) == {"#/access/groups/0", "#/access/persons/0"}


UNFIT = (
    b"", b"{", b"[]", b"null", b'{"name": "a", "name": "b"}', b'{"name": NaN}', b"\xff\xfe", b"[" * 5000,
    b'{"name": "a\\u0000b"}', b'{"name": "\\ud800"}', b'{"name": 1e999}', b'{"name": ' + b"9" * 5000 + b"}",
    b'{"metadata": ' + b'{"a":' * 50 + b"1" + b"}" * 50 + b', "name": "x"}',
)  # fmt: skip


def test_X30_what_is_no_value_of_ours_is_refused_and_nothing_breaks(owner: Api) -> None:
    for body in UNFIT:
        answer = owner.post("/applications", body)
        assert answer.status in (400, 422), (body[:40], answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_C4_only_JSON_is_taken_and_no_more_than_its_share(owner: Api, stranger: Api) -> None:
    for kind in ("application/x-www-form-urlencoded", "text/plain", "", "multipart/form-data; boundary=x"):
        refused(owner.call("POST", "/applications", b"{}", {"Content-Type": kind}), 415, "media-type")
    refused(owner.post("/applications", {**CRM, "name": "x" * 200_000}), 413, "too-large")
    refused(stranger.call("POST", "/applications", b"access_token=x", {"Content-Type": "text/plain"}), 401, "token")


def test_S59_what_is_not_ones_own_to_set_is_refused(provider: Provider, program: Program) -> None:
    app = provider.add_client("CRM")
    keeper = program(RoleGrant("app_admin", (app.id,)), name="keeper")
    path = f"/applications/{app.id}"
    for field in ("id", "enabled", "access", "created_at", "managed_by", "tokens_after", "kind"):
        assert pointers(keeper.with_edition("PATCH", path, {field: "x"})) == [f"#/{field}"]
    for key, value in (("resources", ["https://all.example"]), ("introspection", "all")):
        assert pointers(keeper.with_edition("PATCH", path, {"metadata": {key: value}})) == [f"#/metadata/{key}"]
    assert keeper.with_edition("PATCH", path, {"profile": "legacy"}).status == 422
    now = provider.services.registry.get(app.id)
    assert (now.profile, now.oidc.introspection, now.oidc.resources) == ("web", "own", frozenset())


@pytest.mark.spec("RFC 7396 §2")
def test_C4_a_merge_patch_changes_what_it_names_and_null_takes_back(owner: Api) -> None:
    metadata = {**CRM["metadata"], "claims_map": {"a": "b", "c": "d"}, "contacts": ["it@crm.example"]}  # type: ignore[dict-item]
    path = "/applications/" + made(owner.post("/applications", {**CRM, "metadata": metadata}))["application"]["id"]
    patch = {"name": "CRM 2", "metadata": {"claims_map": {"c": None, "e": "f"}, "contacts": None}}
    answer = owner.with_edition("PATCH", path, patch)
    assert answer.status == 200, answer.text
    now = answer.json["application"]
    assert now["name"] == "CRM 2"
    assert now["metadata"]["claims_map"] == {"a": "b", "e": "f"}
    assert "contacts" not in now["metadata"]
    assert now["metadata"]["redirect_uris"] == ["https://crm.example/callback"]
    assert answer.headers["ETag"] == owner.get(path).headers["ETag"]
    assert pointers(owner.with_edition("PATCH", path, {"name": None})) == ["#/name"]


@pytest.mark.spec("RFC 6585 §3")
def test_C4_a_change_without_its_edition_is_asked_for_one_and_a_lost_update_is_refused(owner: Api) -> None:
    path = "/applications/" + made(owner.post("/applications", CRM))["application"]["id"]
    old = owner.get(path).headers["ETag"]
    for method, body, at in (("PATCH", {"name": "X"}, path), ("PUT", {"everyone": True}, path + "/access"),
                             ("DELETE", None, path)):  # fmt: skip
        refused(owner.call(method, at, body), 428, "edition-missing")
    assert owner.call("PATCH", path, {"name": "first"}, {"If-Match": old}).status == 200
    for method, body, at in (("PATCH", {"name": "second"}, path), ("PUT", {"everyone": True}, path + "/access"),
                             ("DELETE", None, path)):  # fmt: skip
        refused(owner.call(method, at, body, {"If-Match": old}), 412, "changed")
        refused(owner.call(method, at, body, {"If-Match": f"W/{owner.get(path).headers['ETag']}"}), 412, "changed")
        refused(owner.call(method, at, body, {"If-Match": "no quotes"}), 400, "parameter")
    assert owner.get(path).json["name"] == "first"
    assert owner.call("PATCH", path, {"name": "any"}, {"If-Match": "*"}).status == 200
    both = f'"x", {owner.get(path).headers["ETag"]}'
    assert owner.call("PATCH", path, {"name": "one of these"}, {"If-Match": both}).status == 200


def test_C4_of_two_who_change_the_same_edition_at_once_one_is_told(provider: Provider, owner: Api) -> None:
    path = "/applications/" + made(owner.post("/applications", CRM))["application"]["id"]
    edition = owner.get(path).headers["ETag"]

    def change(number: int) -> int:
        return Api(provider.browser(), owner.token).call(
            "PATCH", path, {"name": f"name {number}"}, {"If-Match": edition}
        ).status  # fmt: skip

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(change, range(8))) == [200] + 7 * [412]


# -- sent twice ----------------------------------------------------------------------------------------------------


def once(key: str) -> dict[str, str]:
    return {"Idempotency-Key": f'"{key}"'}


def test_C4_what_is_sent_again_with_its_key_makes_nothing_anew(provider: Provider, owner: Api) -> None:
    first = owner.post("/applications", CRM, headers=once("k1"))
    again = owner.post("/applications", CRM, headers=once("k1"))
    assert (again.status, again.json, again.headers["Location"]) == (201, first.json, first.headers["Location"])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert owner.get("/applications?query=CRM").json["items"][1:] == []
    refused(owner.post("/applications", {**CRM, "name": "Other"}, headers=once("k1")), 422, "key-reused")
    refused(owner.post("/applications", CRM, headers={"Idempotency-Key": '"'}), 400, "parameter")
    assert (
        made(owner.post("/applications", CRM, headers=once("k2")))["application"]["id"]
        != first.json["application"]["id"]
    )


def test_C4_a_key_is_its_callers_own_for_a_day_and_a_refusal_is_not_kept(
    provider: Provider, owner: Api, program: Program, clock: Clock
) -> None:
    assert owner.post("/applications", {**CRM, "profile": "x"}, headers=once("k")).status == 422
    first = made(owner.post("/applications", CRM, headers=once("k")))
    other = program(RoleGrant("admin"), name="other")
    assert made(other.post("/applications", CRM, headers=once("k")))["application"]["id"] != first["application"]["id"]
    clock.advance(86_400 + 10)
    owner = program(RoleGrant("owner"), name="again")
    assert made(owner.post("/applications", CRM, headers=once("k")))["application"]["id"] != first["application"]["id"]


def test_C4_fifty_parallel_tries_make_one_application(provider: Provider, owner: Api) -> None:
    def send(_: int) -> Answer:
        return Api(provider.browser(), owner.token).post("/applications", CRM, headers=once("same"))

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(send, range(50)))
    assert {answer.status for answer in answers} <= {201, 409}
    assert len({answer.json["application"]["id"] for answer in answers if answer.status == 201}) == 1
    assert len(owner.get("/applications?query=CRM").json["items"]) == 1
    assert owner.post("/applications", CRM, headers=once("same")).status == 201


def test_C4_an_answer_that_is_kept_is_sealed(provider: Provider, owner: Api) -> None:
    secret = made(owner.post("/applications", CRM, headers=once("k")))["client_secret"]
    from sqlalchemy import select

    from idp.state import sql

    (table,) = sql.metadata.tables.values()
    rows = provider.services.db.all(select(table))
    assert rows
    assert secret not in str(rows)


# -- pages ---------------------------------------------------------------------------------------------------------


def test_C4_a_list_is_paged_and_every_item_comes_once(provider: Provider, owner: Api) -> None:
    names = [f"App {number:02}" for number in range(7)]
    for name in names:
        provider.add_client(name)
    seen, path = [], "/applications?limit=3&query=App"
    while path:
        page = owner.get(path).json
        assert len(page["items"]) <= 3
        seen += [one["name"] for one in page["items"]]
        path = f"/applications?limit=3&query=App&cursor={page['next']}" if page["next"] else ""
    assert seen == names


def test_X16_a_cursor_that_is_forged_cut_or_of_another_query_or_caller_is_refused(
    provider: Provider, owner: Api, program: Program
) -> None:
    for number in range(3):
        provider.add_client(f"App {number}")
    cursor = owner.get("/applications?limit=1").json["next"]
    assert owner.get(f"/applications?limit=2&cursor={cursor}").status == 200
    app = owner.get("/applications").json["items"][0]["id"]
    forged = [
        cursor[:-1], cursor[1:], cursor[: len(cursor) // 2], cursor + "A", "A" * len(cursor), cursor.swapcase(),
        "1'%20OR%20'1'='1", "2.x')%3BDROP%20TABLE%20clients--", "%F0%9F%98%80", "..%2F..",
    ]  # fmt: skip
    for one in forged:
        refused(owner.get(f"/applications?limit=1&cursor={one}"), 400, "cursor")
    refused(owner.get(f"/applications?limit=1&which=off&cursor={cursor}"), 400, "cursor")
    refused(owner.get(f"/applications?limit=1&query=App&cursor={cursor}"), 400, "cursor")
    refused(owner.get(f"/applications/{app}/history?limit=1&cursor={cursor}"), 400, "cursor")
    refused(program(RoleGrant("owner"), name="other").get(f"/applications?cursor={cursor}"), 400, "cursor")
    refused(owner.get("/applications?cursor="), 400, "parameter")
    refused(owner.get("/applications?cursor=%00"), 400, "parameter")


def test_X30_a_limit_beyond_its_bounds_is_refused(owner: Api) -> None:
    for limit in ("0", "-1", "201", "9" * 400, "1e3", "0x10", "1_0", "%D9%A1", "", "true", "1&limit=2"):
        refused(owner.get(f"/applications?limit={limit}"), 400, "parameter")


def test_S59_a_list_and_a_search_hold_ones_own_applications_alone(provider: Provider, program: Program) -> None:
    own = provider.add_client("Own CRM")
    provider.add_client("Their CRM")
    keeper = program(RoleGrant("app_admin", (own.id,)), name="keeper")
    for query in ("", "?query=CRM", "?query=Their", "?which=everyone", "?limit=1"):
        page = keeper.get(f"/applications{query}").json
        assert {one["id"] for one in page["items"]} <= {own.id}
        assert page["next"] is None
    assert keeper.get("/applications?which=removed").json["items"] == []


# -- access, secrets, life -----------------------------------------------------------------------------------------


def test_R4_a_rule_that_is_read_and_put_back_gives_nobody_access_for_good(provider: Provider, owner: Api) -> None:
    ann = provider.add_person("ann", groups=("Sales",))
    term = Term(until=provider.services.clock() + 3600)
    rule = Access.only(groups=["Sales"], persons=[ann.id], terms={"group:Sales": term, f"person:{ann.id}": term})
    app = provider.add_client("CRM", access=rule)
    path = f"/applications/{app.id}/access"
    read = {name: value for name, value in owner.get(path).json.items() if name in ("everyone", "groups", "persons")}
    assert owner.with_edition("PUT", path, read).status == 200
    assert provider.services.registry.get(app.id).access == rule
    assert owner.with_edition("PUT", path, {"everyone": False, "groups": ["Sales"]}).status == 200
    assert provider.services.registry.get(app.id).access.terms == (("group:Sales", term),)


def test_R4_for_how_long_somebody_may_is_read_and_said_as_in_the_console(
    provider: Provider, owner: Api, clock: Clock
) -> None:
    ann, bea = provider.add_person("ann", groups=("Sales",)), provider.add_person("bea")
    now = int(clock())
    path = "/applications/" + made(owner.post("/applications", CRM))["application"]["id"] + "/access"
    terms = [
        {"group": "sales", "until": _moment(now + 3600)},
        {"person": ann.id, "since": _moment(now + 60), "until": _moment(now + 120)},
    ]
    named = {"groups": ["Sales"], "persons": [ann.id, bea.id]}
    answer = owner.with_edition("PUT", path, {**named, "terms": terms})
    assert answer.status == 200, answer.text
    assert answer.json["terms"] == [
        {"group": "Sales", "person": None, "since": None, "until": _moment(now + 3600)},
        {"group": None, "person": ann.id, "since": _moment(now + 60), "until": _moment(now + 120)},
    ]
    kept = provider.services.registry.get(path.split("/")[2]).access
    assert dict(kept.terms) == {
        "group:Sales": Term(until=now + 3600.0), f"person:{ann.id}": Term(now + 60.0, now + 120.0)
    }  # fmt: skip
    clock.advance(200)
    read = {name: owner.get(path).json[name] for name in ("everyone", "groups", "persons", "terms")}
    assert owner.with_edition("PUT", path, read).status == 200  # also the term that is over by now
    assert provider.services.registry.get(path.split("/")[2]).access == kept
    assert owner.with_edition("PUT", path, {**named, "terms": []}).json["terms"] == []
    assert provider.services.registry.get(path.split("/")[2]).access.terms == ()


def test_R4_what_is_wrong_with_a_term_is_said_by_its_place(provider: Provider, owner: Api, clock: Clock) -> None:
    ann, bea = provider.add_person("ann", groups=("Sales",)), provider.add_person("bea")
    now = int(clock())
    path = "/applications/" + made(owner.post("/applications", CRM))["application"]["id"] + "/access"
    later = _moment(now + 3600)
    wrong = [
        {"until": later},
        {"group": "Sales", "person": ann.id},
        {"group": "Others", "until": later},
        {"person": bea.id, "until": later},
        {"person": ann.id, "until": _moment(now - 1)},
        {"group": "Sales", "since": _moment(now + 7200), "until": later},
        {"group": "SALES", "until": later},
    ]
    answer = owner.with_edition("PUT", path, {"groups": ["Sales"], "persons": [ann.id], "terms": wrong})
    assert pointers(answer) == [
        "#/terms/0", "#/terms/1", "#/terms/2/group", "#/terms/3/person", "#/terms/4/until", "#/terms/5/until",
        "#/terms/6/group",
    ]  # fmt: skip
    assert pointers(owner.with_edition("PUT", path, {"everyone": True, "terms": wrong[2:3]})) == ["#/everyone"]
    for moment in ("2027-01-31", "2027-01-31T18:00:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z"):
        answer = owner.with_edition("PUT", path, {"persons": [ann.id], "terms": [{"person": ann.id, "until": moment}]})
        assert pointers(answer) == ["#/terms/0/until"], moment
    limited = owner.post("/applications", {
        **CRM, "name": "B", "access": {"persons": [ann.id], "terms": [{"person": ann.id, "until": later}]},
    })  # fmt: skip
    assert limited.json["application"]["access"]["terms"][0]["until"] == later


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_R4_who_may_open_an_application_is_read_and_said(provider: Provider, owner: Api) -> None:
    from idp.accounts import groups

    groups.add(provider.services.db, "Sales", provider.clock(), record=lambda *_: None)
    ann = provider.add_person("ann")
    path = "/applications/" + made(owner.post("/applications", CRM))["application"]["id"] + "/access"
    wanted = {"everyone": False, "groups": ["sales"], "persons": [ann.id]}
    answer = owner.with_edition("PUT", path, wanted)
    assert answer.status == 200, answer.text
    assert answer.json["groups"] == ["Sales"]
    assert provider.services.registry.get(path.split("/")[2]).access == Access.only(groups=["Sales"], persons=[ann.id])
    assert owner.with_edition("PUT", path, {"everyone": True}).json["people"] == 1
    assert pointers(owner.with_edition("PUT", path, {"everyone": True, "groups": ["Sales"]})) == ["#/everyone"]


def test_R6_secrets_overlap_and_end_one_by_one(provider: Provider, owner: Api, clock: Clock) -> None:
    app = made(owner.post("/applications", CRM))
    path, old = f"/applications/{app['application']['id']}/secrets", app["client_secret"]
    new = made(owner.post(path, {"keep_old_for": 60}))
    client = provider.services.registry.get(app["application"]["id"])
    assert client.find_secret(old, clock())
    assert client.find_secret(new["client_secret"], clock())
    listed = owner.get(path).json["items"]
    assert listed[0]["id"] == new["id"]
    assert listed[0]["expires_at"] is None
    assert listed[1]["expires_at"] is not None
    clock.advance(61)
    assert not client.find_secret(old, clock())
    assert owner.call("DELETE", f"{path}/{new['id']}").status == 204
    assert owner.get(path).json["items"] == []
    refused(owner.call("DELETE", f"{path}/{new['id']}"), 404, "not-found")
    program = made(owner.post("/applications", {"name": "Phone", "profile": "native",
                                                "metadata": {"redirect_uris": ["com.example.app:/cb"]}}))  # fmt: skip
    refused(owner.post(f"/applications/{program['application']['id']}/secrets", {}), 422, "invalid")


def test_R7_turned_off_on_removed_and_brought_back(provider: Provider, owner: Api) -> None:
    id = made(owner.post("/applications", CRM))["application"]["id"]
    path = f"/applications/{id}"
    assert owner.post(path + "/disable").json["enabled"] is False
    assert owner.post(path + "/enable").json["enabled"] is True
    assert owner.with_edition("DELETE", path).status == 204
    refused(owner.get(path), 404, "not-found")
    (gone,) = owner.get("/applications?which=removed").json["items"]
    assert (gone["id"], gone["removed_at"] is not None) == (id, True)
    assert owner.post(path + "/restore").json["id"] == id
    refused(owner.post(path + "/restore"), 404, "not-found")


def test_C6_the_history_says_who_and_what_and_takes_back(provider: Provider, owner: Api) -> None:
    path = "/applications/" + made(owner.post("/applications", CRM))["application"]["id"]
    owner.with_edition("PATCH", path, {"name": "Other"})
    newest, first = owner.get(path + "/history").json["items"]
    assert (newest["action"], first["action"]) == ("client:update", "client:register")
    assert newest["differences"] == [{"field": "client_name", "old": "CRM", "new": "Other"}]
    assert newest["who"] == "Owner's script"
    page = owner.get(path + "/history?limit=1").json
    assert owner.get(f"{path}/history?limit=1&cursor={page['next']}").json["items"][0]["id"] == first["id"]
    assert owner.post(f"{path}/history/{newest['id']}/undo").json["name"] == "CRM"
    refused(owner.post(f"{path}/history/{newest['id']}/undo"), 412, "changed")
    refused(owner.post(f"{path}/history/{first['id']}/undo"), 404, "not-found")


def test_R5_a_preview_says_what_an_application_would_get_and_hides_what_is_not_the_callers_to_see(
    provider: Provider, owner: Api, program: Program
) -> None:
    provider.add_person("ann")
    app = provider.add_client("CRM")
    shown = owner.get(f"/applications/{app.id}/preview?person=ann").json
    assert {"name": "email", "value": "ann@example.com", "source": "scope email"} in shown["userinfo"]
    keeper = program(RoleGrant("app_admin", (app.id,)), name="keeper")
    hidden = keeper.get(f"/applications/{app.id}/preview?person=ann")
    assert "ann@example.com" not in hidden.text
    bare = provider.add_person("bare", email=None, name="")
    provider.services.directory.disable(bare.id)
    assert keeper.get(f"/applications/{app.id}/preview?person=bare").json == hidden.json  # nor who has which (S59)
    refused(owner.get(f"/applications/{app.id}/preview?person=nobody"), 404, "not-found")
    refused(owner.get(f"/applications/{app.id}/preview"), 400, "parameter")


# -- SAML and the gallery --------------------------------------------------------------------------------------------


def test_R1_a_service_provider_is_registered_by_two_facts_or_by_its_metadata(provider: Provider, owner: Api) -> None:
    facts = {"name": "Wiki", "entity_id": "https://wiki.example/saml", "acs": ["https://wiki.example/saml/acs"]}
    wiki = made(owner.post("/service-providers", facts))["application"]
    assert wiki["protocol"] == "saml"
    assert wiki["service_provider"]["acs"][0]["location"] == "https://wiki.example/saml/acs"
    path = f"/applications/{wiki['id']}"
    answer = owner.with_edition("PATCH", path, {"metadata": {"allow_idp_initiated": True}})
    assert answer.status == 200, answer.text
    xml = (
        '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://b.example/saml">'
        '<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        '<AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" '
        'Location="https://b.example/acs"/></SPSSODescriptor></EntityDescriptor>'
    )
    assert made(owner.post("/service-providers", {"name": "B", "metadata_xml": xml}))["client_secret"] is None
    assert pointers(owner.post("/service-providers", {"name": "B", "metadata_xml": xml})) == ["#/entity_id"]
    assert pointers(owner.post("/service-providers", {"name": "B", "metadata_xml": "<x/>"})) == ["#/metadata_xml"]
    assert pointers(owner.post("/service-providers", {"name": "B"})) == ["#"]
    assert pointers(owner.post("/service-providers", {**facts, "metadata_xml": xml})) == ["#/metadata_url"]


def test_R2_a_product_of_the_gallery_is_connected_by_its_answers(provider: Provider, owner: Api) -> None:
    (product,) = [one for one in owner.get("/gallery?query=espocrm").json["items"] if one["id"] == "espocrm"]
    answers = {one["id"]: one["example"] for one in product["questions"]}
    answer = made(owner.post("/gallery/espocrm/applications", {"answers": answers}))
    assert answer["application"]["name"] == product["name"]
    assert answer["client_secret"] in json.dumps(answer["fields"])
    assert answer["steps"]
    refused(owner.get("/gallery/no-such-product"), 404, "not-found")
    refused(owner.get("/gallery/..%2F..%2Fpyproject"), 404, "not-found")
    assert pointers(owner.post("/gallery/espocrm/applications", {"answers": {"x": "y"}})) == ["#/answers/x"]
    assert pointers(owner.post("/gallery/espocrm/applications", {"answers": {}})) != []


# -- nobody gets at more than they have --------------------------------------------------------------------------------


def test_C2_nobody_gets_a_secret_of_a_program_that_may_do_more_than_they(provider: Provider, program: Program) -> None:
    powerful = program(RoleGrant("owner"), name="powerful")
    id = powerful.get("/caller").json["id"]
    before = provider.services.registry.list_secrets(id)
    for role in (RoleGrant("admin"), RoleGrant("app_admin", (id,))):
        weaker = program(role, name=role.role)
        refused(weaker.post(f"/applications/{id}/secrets", {}), 403, "permission")
        key = {"metadata": {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://x.example/jwks"}}
        refused(weaker.with_edition("PATCH", f"/applications/{id}", key), 403, "permission")
    assert provider.services.registry.list_secrets(id) == before
    assert made(powerful.post(f"/applications/{id}/secrets", {}))["client_secret"]


def test_C1_what_a_program_or_a_person_does_is_on_record_in_their_name(provider: Provider, owner: Api) -> None:
    person = give(provider, provider.add_person("ann"), RoleGrant("admin"))
    script = Api(provider.browser("198.51.100.9"), personal(provider, person))
    id = made(script.post("/applications", CRM))["application"]["id"]
    (event,) = [e for e in provider.events("client:register") if e.client_id == id]
    assert event.actor == f"person:{person.id}"
    assert event.address == "198.51.100.9"
    assert event.detail["by_token"]
    assert event.request_id


def test_C5_what_a_file_manages_is_refused_here_as_everywhere(provider: Provider, owner: Api) -> None:
    from idp.admin.configuration import marks

    id = made(owner.post("/applications", CRM))["application"]["id"]
    with provider.services.db.transaction() as tx:
        marks.put(tx, "application", id, "apps.toml", ("name",), provider.clock())
    answer = owner.with_edition("PATCH", f"/applications/{id}", {"name": "By hand"})
    if provider.settings.admin.managed == "refuse":
        refused(answer, 403, "managed")
    assert owner.get(f"/applications/{id}").json["managed_by"] == "apps.toml"


# -- keys ----------------------------------------------------------------------------------------------------------


def test_K1_keys_are_looked_at_and_rolled(provider: Provider, owner: Api, program: Program) -> None:
    keys = owner.get("/signing-keys").json["items"]
    assert {one["state"] for one in keys} >= {"active"}
    assert "d" not in keys[0]
    rolled = owner.post("/signing-keys/rotate", {"algorithms": ["ES256"]})
    assert rolled.status == 200, rolled.text
    (new,) = rolled.json["items"]
    answer = owner.post(f"/signing-keys/{new['kid']}/promote", {})
    if new["state"] == "next":
        refused(answer, 409, "conflict")
        assert int(answer.headers["Retry-After"]) > 0
    assert pointers(owner.post("/signing-keys/rotate", {"algorithms": ["HS256"]})) == ["#/algorithms"]
    refused(owner.post("/signing-keys/unknown/withdraw"), 404, "not-found")
    refused(program(RoleGrant("admin"), name="admin").post("/signing-keys/rotate", {}), 403, "permission")
    assert owner.post(f"/signing-keys/{new['kid']}/withdraw").status == 200


def test_C2_a_kept_answer_is_not_for_whoever_lost_the_right_to_it(provider: Provider) -> None:
    """What stands in it may be a secret: who lost an application does not read it again by an old key."""
    app, ann = provider.add_client("CRM"), provider.add_person("ann")
    other = provider.add_client("Wiki")
    ann = give(provider, ann, RoleGrant("app_admin", (app.id, other.id)))
    api = Api(provider.browser(), personal(provider, ann))
    first = api.post(f"/applications/{app.id}/secrets", {}, headers=once("mine"))
    assert first.status == 201, first.text
    assert api.post(f"/applications/{app.id}/secrets", {}, headers=once("mine")).json == first.json
    second = Api(provider.browser(), personal(provider, ann, name="other"))
    assert second.post(f"/applications/{app.id}/secrets", {}, headers=once("mine")).json != first.json
    give(provider, ann, RoleGrant("app_admin", (other.id,)))
    refused(api.post(f"/applications/{app.id}/secrets", {}, headers=once("mine")), 404, "not-found")


@pytest.mark.parametrize(
    ("acs", "words"),
    [
        (["http://wiki.example/saml/acs"], "https"),
        (["https://wiki.example/saml/acs#x"], "#"),
        ([], "at least one"),
        (None, "at least one"),
        ("https://wiki.example/saml/acs", "a list"),
        ([{"location": "https://wiki.example/saml/acs"}], "a list"),
    ],
)
def test_Q1_an_ACS_is_changed_by_a_patch_and_what_is_wrong_is_told_at_its_place(
    provider: Provider, owner: Api, acs: object, words: str
) -> None:
    facts = {"name": "Wiki", "entity_id": "https://wiki.example/saml", "acs": ["https://wiki.example/saml/acs"]}
    path = f"/applications/{made(owner.post('/service-providers', facts))['application']['id']}"
    more = ["https://wiki.example/saml/acs", "https://wiki.example/saml/acs2"]
    answer = owner.with_edition("PATCH", path, {"metadata": {"acs": more}})
    assert [one["location"] for one in answer.json["application"]["service_provider"]["acs"]] == more
    wrong = owner.with_edition("PATCH", path, {"metadata": {"acs": acs}})
    assert wrong.status in (400, 422), wrong.text
    assert wrong.json["errors"][0]["pointer"] == "#/metadata/acs"
    assert words in wrong.json["errors"][0]["detail"]
