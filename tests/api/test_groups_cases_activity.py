"""Groups, cases, access requests, the record and what needs attention, by the API. B2, B3, C4, O1, R8, U4, S59."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from clients.access import Access
from idp.accounts import cases as accounts_cases
from idp.accounts.cases import Case
from idp.accounts.person import Person
from idp.accounts.roles import RoleGrant
from idp.answers.finding import Finding
from idp.audit import Event, record
from idp.wire import Request
from tests.api.conftest import Api, Program
from tests.api.test_access import refused
from tests.api.test_rows import said
from tests.backends import Clock
from tests.provider import Provider


def open_case(provider: Provider, person: Person | None, kind: str = accounts_cases.HELP, about: str = "") -> Case:
    request = Request({"REQUEST_METHOD": "POST", "PATH_INFO": "/", "REMOTE_ADDR": "203.0.113.7"})
    person_id = person.id if person is not None else None
    return accounts_cases.open_case(provider.services, person_id, kind, "locked out", request, about=about)


# -- groups ----------------------------------------------------------------------------------------------------------


def test_a_group_is_made_renamed_filled_and_removed(provider: Provider, owner: Api) -> None:
    made = owner.post("/groups", {"name": "Sales"})
    assert made.status == 201, made.text
    path = f"/groups/{made.json['id']}"
    refused(owner.post("/groups", {"name": "SALES"}), 409, "conflict")
    refused(owner.post("/groups", {"name": "  "}), 422, "invalid")
    crm = provider.add_client("CRM", access=Access.only(groups=["Sales"]))
    edition = owner.get(path).headers["ETag"]
    assert owner.get(path).json["applications"] == [{"id": crm.id, "name": "CRM"}]
    renamed = owner.call("PATCH", path, {"name": "Field sales"}, {"If-Match": edition})
    assert renamed.json["name"] == "Field sales"
    assert provider.services.registry.get(crm.id).access.groups == frozenset({"Field sales"})
    refused(owner.call("PATCH", path, {"name": "Third"}, {"If-Match": edition}), 412, "changed")
    people = [provider.add_person(f"p{n}") for n in range(3)]
    for one in people:
        assert owner.post(f"{path}/members", {"person": one.id}).status == 204
    refused(owner.post(f"{path}/members", {"person": "u" + 26 * "a"}), 422, "invalid")
    first = owner.get(f"{path}/members?limit=2").json
    rest = owner.get(f"{path}/members?limit=2&cursor={first['next']}").json
    assert [one["username"] for one in (*first["items"], *rest["items"])] == ["p0", "p1", "p2"]
    assert owner.call("DELETE", f"{path}/members/{people[0].id}").status == 204
    refused(owner.call("DELETE", f"{path}/members/{people[0].id}"), 404, "not-found")
    refused(owner.with_edition("DELETE", path), 409, "conflict")
    done = owner.call("DELETE", f"{path}?with_members=true", None, {"If-Match": owner.get(path).headers["ETag"]})
    assert done.status == 204, done.text
    refused(owner.get(path), 404, "not-found")


def test_C6_a_groups_history_says_who_did_what_and_takes_it_back(provider: Provider, owner: Api) -> None:
    path = f"/groups/{owner.post('/groups', {'name': 'Sales'}).json['id']}"
    anna = provider.add_person("anna")
    owner.post(f"{path}/members", {"person": anna.id})
    owner.with_edition("PATCH", path, {"description": "who sells"})
    first = owner.get(f"{path}/history?limit=2").json
    told = [(one["action"], one["differences"][0]["new"]) for one in first["items"]]
    assert told == [("group:described", "who sells"), ("person:groups", ["anna"])]
    (made,) = owner.get(f"{path}/history?limit=2&cursor={first['next']}").json["items"]
    assert made["action"] == "group:added"
    for one in first["items"]:
        assert owner.post(f"{path}/history/{one['id']}/undo", {}).status == 204
        refused(owner.post(f"{path}/history/{one['id']}/undo", {}), 412, "changed")
    assert owner.get(f"{path}/members").json["items"] == []
    assert owner.get(path).json["group"]["description"] == ""
    refused(owner.post(f"{path}/history/{26 * '0'}/undo", {}), 404, "not-found")


def test_groups_are_listed_by_name_a_page_at_a_time(provider: Provider, owner: Api) -> None:
    for name in ("b", "A", "c", "Ab"):
        owner.post("/groups", {"name": name})
    first = owner.get("/groups?limit=3").json
    assert [one["name"] for one in first["items"]] == ["A", "Ab", "b"]
    assert [one["name"] for one in owner.get(f"/groups?limit=3&cursor={first['next']}").json["items"]] == ["c"]
    assert [one["name"] for one in owner.get("/groups?query=a").json["items"]] == ["A", "Ab"]


def test_U1_a_group_has_a_description_owners_and_groups_in_it(provider: Provider, owner: Api) -> None:
    sales, north = (owner.post("/groups", {"name": name}).json["id"] for name in ("Sales", "North"))
    ann = provider.add_person("ann", groups=("North",))
    path = f"/groups/{sales}"
    edition = owner.get(path).headers["ETag"]
    changed = owner.call("PATCH", path, {"description": "who sells"}, {"If-Match": edition})
    assert (changed.json["name"], changed.json["description"], changed.json["source"]) == ("Sales", "who sells", "")
    for _ in range(2):
        assert owner.post(f"{path}/groups", {"group": north}).status == 204
        assert owner.post(f"{path}/owners", {"person": ann.id}).status == 204
    shown = owner.get(path).json
    assert (shown["groups"], shown["within"]) == ([{"id": north, "name": "North"}], [])
    assert shown["owners"] == [{"id": ann.id, "name": "ann"}]
    assert provider.services.directory.get(ann.id).groups == ("North", "Sales")
    refused(owner.post(f"/groups/{north}/groups", {"group": sales}), 422, "invalid")
    refused(owner.post(f"{path}/groups", {"group": "nothing"}), 422, "invalid")
    refused(owner.call("DELETE", f"{path}/members/{ann.id}"), 409, "conflict")
    for part, one in (("groups", north), ("owners", ann.id)):
        assert owner.call("DELETE", f"{path}/{part}/{one}").status == 204
        refused(owner.call("DELETE", f"{path}/{part}/{one}"), 404, "not-found")
    assert provider.services.directory.get(ann.id).groups == ("North",)


def test_C2_nobody_with_more_rights_is_moved_about(provider: Provider, program: Program) -> None:
    from tests.api.conftest import give

    admin = program(RoleGrant("admin"), name="adm")
    boss = give(provider, provider.add_person("boss"), RoleGrant("owner"))
    group = admin.post("/groups", {"name": "Team"}).json["id"]
    refused(admin.post(f"/groups/{group}/members", {"person": boss.id}), 403, "permission")
    assert provider.services.directory.get(boss.id).groups == ()


# -- cases -----------------------------------------------------------------------------------------------------------


def test_S59_cases_are_of_the_people_that_the_caller_looks_after(provider: Provider, program: Program) -> None:
    desk = program(RoleGrant("help_desk", ("Ours",)), name="desk")
    own = [open_case(provider, provider.add_person(f"own{n}", groups=("Ours",))) for n in range(3)]
    other = open_case(provider, provider.add_person("other", groups=("Theirs",)))
    unknown = open_case(provider, None)
    seen, path = [], "/cases?limit=1"
    while path:
        page = desk.get(path).json
        seen += [one["id"] for one in page["items"]]
        path = f"/cases?limit=1&cursor={page['next']}" if page["next"] else ""
    assert sorted(seen) == sorted(case.id for case in own)
    for method, rest, body in (("GET", "", None), ("POST", "/notes", {"text": "x"}), ("POST", "/close", {})):
        answers = [desk.call(method, f"/cases/{id}{rest}", body) for id in (other.id, unknown.id, "C-00000-00000")]
        assert [answer.status for answer in answers] == [404, 404, 404]
        assert said(answers[0]) == said(answers[1]) == said(answers[2])
    assert accounts_cases.notes_of(provider.services.db, other.id) == ()
    assert len(program(RoleGrant("auditor"), name="aud").get("/cases").json["items"]) == 5


def test_U4_a_case_is_noted_on_and_closed_once(provider: Provider, program: Program) -> None:
    desk = program(RoleGrant("help_desk"), name="desk")
    case = open_case(provider, provider.add_person("ann"))
    noted = desk.post(f"/cases/{case.id.lower()}/notes", {"text": "called back"})
    assert noted.status == 201, noted.text
    assert [one["text"] for one in noted.json["notes"]] == ["called back"]
    refused(desk.post(f"/cases/{case.id}/notes", {"text": "  "}), 422, "invalid")
    closed = desk.post(f"/cases/{case.id}/close", {"note": "has a new phone"}).json
    assert (closed["case"]["state"], closed["case"]["username"]) == ("closed", "ann")
    refused(desk.post(f"/cases/{case.id}/close", {}), 409, "conflict")
    assert desk.get("/cases").json["items"] == []
    assert [one["id"] for one in desk.get("/cases?state=all").json["items"]] == [case.id]
    refused(program(RoleGrant("auditor"), name="aud").post(f"/cases/{case.id}/notes", {"text": "x"}), 403, "permission")


def test_S59_R8_a_request_for_an_application_is_granted_by_who_looks_after_it(
    provider: Provider, program: Program
) -> None:
    own = provider.add_client("Own", access=Access.only())
    other = provider.add_client("Other", access=Access.only())
    ann, bea = provider.add_person("ann"), provider.add_person("bea")
    mine = open_case(provider, ann, accounts_cases.ACCESS, own.id)
    theirs = open_case(provider, bea, accounts_cases.ACCESS, other.id)
    again = open_case(provider, bea, accounts_cases.ACCESS, own.id)
    keeper = program(RoleGrant("app_admin", (own.id,)), name="keeper")
    found = keeper.get("/access-requests").json["items"]
    assert {one["case"] for one in found} == {mine.id, again.id}
    for act, body in (("grant", None), ("refuse", {})):
        answers = [keeper.post(f"/access-requests/{id}/{act}", body) for id in (theirs.id, "C-00000-00000")]
        assert [answer.status for answer in answers] == [404, 404]
        assert said(answers[0]) == said(answers[1])
    assert keeper.post(f"/access-requests/{mine.id}/grant").status == 200
    assert provider.services.registry.get(own.id).access.persons == frozenset({ann.id})
    assert keeper.post(f"/access-requests/{again.id}/refuse", {"note": "no"}).status == 204
    refused(keeper.post(f"/access-requests/{mine.id}/grant"), 404, "not-found")
    assert provider.services.registry.get(other.id).access == Access.only()


# -- the record ------------------------------------------------------------------------------------------------------


def test_S59_events_of_others_are_neither_found_nor_told_of(provider: Provider, program: Program) -> None:
    ours, theirs = provider.add_person("ours", groups=("Ours",)), provider.add_person("theirs", groups=("Theirs",))
    desk = program(RoleGrant("help_desk", ("Ours",)), name="desk")
    for person in (ours, theirs):
        program(RoleGrant("owner"), name=f"o{person.username}").with_edition(
            "PATCH", f"/people/{person.id}", {"name": "Another"}
        )
    refused(desk.get("/events"), 400, "parameter")
    found = desk.get(f"/events?person={ours.id}&action=person:changed").json["items"]
    assert [(one["person_id"], one["person"]) for one in found] == [(ours.id, "ours")]
    answers = [desk.get(f"/events?person={id}") for id in (theirs.id, "u" + 26 * "a")]
    assert [answer.status for answer in answers] == [400, 400]
    assert said(answers[0]) == said(answers[1])
    (hidden,) = (e for e in provider.events("person:changed") if e.person_id == theirs.id)
    answers = [desk.get(f"/events/{id}") for id in (hidden.id, "0" * 26, "E-AAAAA-AAAAA")]
    assert [answer.status for answer in answers] == [404, 404, 404]
    assert said(answers[0]) == said(answers[1]) == said(answers[2])
    assert desk.get(f"/events/{found[0]['id']}").json["event"] == found[0]
    refused(desk.get("/events/export"), 403, "permission")


def test_S59_who_looks_after_an_application_sees_its_events_alone(provider: Provider, program: Program) -> None:
    own, other = provider.add_client("Own"), provider.add_client("Other")
    keeper = program(RoleGrant("app_admin", (own.id,)), name="keeper")
    provider.add_person("ann")
    for app in (own, other):
        provider.sign_in(provider.browser(), app)
    found = keeper.get(f"/events?application={own.id}").json["items"]
    assert {one["client_id"] for one in found} == {own.id}
    refused(keeper.get(f"/events?application={other.id}"), 400, "parameter")
    for event in provider.events():
        if event.client_id == other.id:
            refused(keeper.get(f"/events/{event.id}"), 404, "not-found")


def test_O1_events_are_filtered_paged_and_exported(provider: Provider, program: Program, clock: Clock) -> None:
    auditor, owner = program(RoleGrant("auditor"), name="aud"), program(RoleGrant("owner"), name="own")
    for n in range(5):
        owner.post("/people", {"username": f"p{n}", "name": "=1+1", "invite": False})
    first = auditor.get("/events?action=person:*&limit=2").json
    names = [one["detail"]["username"] for one in first["items"]]
    rest = auditor.get(f"/events?action=person:*&limit=2&cursor={first['next']}").json
    assert names + [one["detail"]["username"] for one in rest["items"]] == ["p4", "p3", "p2", "p1"]
    for wrong in ("action=Person", "since=yesterday", "since=5", "until=2027-01-31", "failed=yes", "application=x"):
        refused(auditor.get(f"/events?{wrong}"), 400, "parameter")
    assert auditor.get("/events?until=2001-01-01T00:00:00Z").json == {"items": [], "next": None}
    clock.advance(1)  # an export is of what was, up to the moment that it is made
    first_part, text = "/events/export?format=csv&action=person:added&limit=2", ""
    path = first_part
    while path:
        part = auditor.get(path).json
        assert part["media_type"] == "text/csv"
        text += part["text"]
        path = f"{first_part}&cursor={part['next']}" if part["next"] else ""
    lines = text.splitlines()
    assert len(lines) == 6
    assert sum('""p3""' in line for line in lines) == 1
    assert len(provider.events("audit:exported")) == 3
    assert provider.events("audit:exported")[0].actor.startswith("client:")


@pytest.mark.parametrize("role", ["owner", "auditor"])
def test_B3_what_needs_attention_is_told_to_those_who_may_know_it(
    provider: Provider, program: Program, role: str
) -> None:
    found = program(RoleGrant(role), name=role).get("/attention").json["items"]
    assert "mail" in {one["kind"] for one in found}
    own = provider.add_client("Own")
    limited = program(RoleGrant("app_admin", (own.id,)), name="keeper")
    assert limited.get("/attention").json == {"items": []}


def test_X30_a_moment_that_no_event_can_have_is_before_or_after_all_of_them(owner: Api) -> None:
    for path in ("/events", "/events/export"):
        for name in ("since", "until"):
            for moment in ("0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z"):
                answer = owner.get(f"{path}?{name}={moment}")
                assert answer.status == 200, (path, name, moment, answer.text)


def test_S59_what_was_found_is_told_to_each_reader_as_in_the_console(provider: Provider, program: Program) -> None:
    own = provider.add_client("Own")
    inside = Finding("trusted_proxies", "doorward", "server.trusted_proxies", "Set it to 10.0.0.9/32", "10.0.0.9/32",
                     "none, while this request came from 10.0.0.9", reader="house")  # fmt: skip
    other = Finding("redirect_uri", "application", "redirect_uri", "Correct it there", "https://a", "https://b")
    detail = {"kind": "redirect_uri", "findings": [asdict(inside), asdict(other)]}
    event = Event("error:invalid_request", client_id=own.id, error_id="E-7K2MQ-PX4RT", detail=detail)
    record(provider.services.db, event, provider.services.clock())
    keeper, owner = program(RoleGrant("app_admin", (own.id,)), name="keeper"), program(RoleGrant("owner"), name="own")
    for path in (f"/events?application={own.id}&action=error:*", "/events/E-7K2MQ-PX4RT"):
        told = keeper.get(path)
        assert told.status == 200
        assert "https://b" in told.text
        assert "10.0.0.9" not in told.text
        assert "trusted_proxies" in told.text  # that there is something stays; whoever may read the settings has it all
        assert owner.get(path).text.count("10.0.0.9") >= 3
