"""People by the API: found, added, corrected, helped, turned off; and whose they are. C2, C4, C6, U1–U3, S59."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts import factors as accounts_factors
from idp.accounts import groups as accounts_groups
from idp.accounts.person import Person
from idp.accounts.roles import RoleGrant
from idp.admin import factors, people, sessions
from idp.admin.actor import Actor, NotAllowed
from idp.admin.permissions import TABLE
from idp.api.resources import OPERATIONS
from tests.api.conftest import SHELL, Api, Program, give, make_program, personal, token_of
from tests.api.test_access import refused
from tests.api.test_rows import path_of, said
from tests.provider import Provider

OWNER = RoleGrant("owner")
REASON = {"reason": "lost phone, known by voice"}
ROWS = [row for row in OPERATIONS if row.path.startswith("/people/<id>")]


def make_group(provider: Provider, name: str) -> accounts_groups.Group:
    return accounts_groups.add(provider.services.db, name, 0, record=SHELL.record(provider.services))


def send(api: Api, row: Any, path: str) -> Any:
    headers = {"If-Match": "*"} if row.guarded else {}
    body: Any = next(iter(row.examples.values()), {}) if row.takes is not None else None
    query = "?reason=lost+phone" if row.id == "removeFactor" else ""
    return api.call(row.method, path + query, body, headers)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_S59_a_person_of_another_group_is_answered_as_nobody(provider: Provider, program: Program, row: Any) -> None:
    other = provider.add_person("other", groups=("Theirs",), claims={"salary": "much"})
    desk = program(RoleGrant("help_desk", ("Ours",)), name="desk")
    seen = [send(desk, row, path_of(row, id=id)) for id in (other.id, "u" + 26 * "a")]
    if row.permission not in TABLE["help_desk"]:
        assert {answer.status for answer in seen} == {403}
        return
    assert [answer.status for answer in seen] == [404, 404], seen[0].text
    assert said(seen[0]) == said(seen[1])
    assert provider.services.directory.get(other.id) == other


@pytest.mark.parametrize("row", [row for row in ROWS if row.method != "GET"], ids=lambda row: row.id)
def test_C2_nobody_acts_on_somebody_who_may_do_more(provider: Provider, program: Program, row: Any) -> None:
    boss = give(provider, provider.add_person("boss"), OWNER)
    for role in ("admin", "help_desk"):
        answer = send(program(RoleGrant(role), name=role), row, path_of(row, id=boss.id))
        refused(answer, 403, "permission")
    assert provider.services.directory.get(boss.id) == boss


def test_S59_a_list_has_only_those_whom_the_caller_looks_after_also_by_search_and_page(
    provider: Provider, program: Program
) -> None:
    for n in range(5):
        provider.add_person(f"ours{n}", groups=("Ours",))
        provider.add_person(f"theirs{n}", groups=("Theirs",))
    desk = program(RoleGrant("help_desk", ("Ours",)), name="desk")
    seen, path = [], "/people?limit=2"
    while True:
        page = desk.get(path).json
        assert len(page["items"]) <= 2
        seen += [one["username"] for one in page["items"]]
        if page["next"] is None:
            break
        path = f"/people?limit=2&cursor={page['next']}"
    assert seen == [f"ours{n}" for n in range(5)]
    assert desk.get("/people?query=theirs1").json == {"items": [], "next": None}
    assert [one["username"] for one in desk.get("/people?query=ours3").json["items"]] == ["ours3"]


def test_U1_the_list_is_narrowed_by_state_and_a_cursor_of_another_query_is_refused(
    provider: Provider, owner: Api
) -> None:
    for n in range(3):
        provider.services.directory.disable(provider.add_person(f"off{n}").id)
    provider.add_person("on")
    page = owner.get("/people?state=disabled&limit=1").json
    assert [one["username"] for one in page["items"]] == ["off0"]
    assert page["items"][0]["enabled"] is False
    refused(owner.get(f"/people?state=never&limit=1&cursor={page['next']}"), 400, "cursor")
    refused(owner.get("/people?state=happy"), 400, "parameter")


def test_U1_somebody_is_added_once_by_a_key_and_everything_that_is_wrong_is_named(
    provider: Provider, owner: Api
) -> None:
    make_group(provider, "Sales")
    body = {"username": "bea", "name": "Bea Brown", "email": "bea@example.com", "groups": ["SALES"], "invite": False}
    first = owner.call("POST", "/people", body, {"Idempotency-Key": '"one"'})
    assert first.status == 201, first.text
    made = first.json
    assert made["person"]["groups"] == ["Sales"]
    assert made["person"]["claims"]["given_name"] == "Bea"
    assert made["password_link"].startswith(provider.issuer)
    assert first.headers["Location"].endswith(f"/people/{made['person']['id']}")
    assert owner.get(f"/people/{made['person']['id']}").headers["ETag"] == first.headers["ETag"]
    assert owner.call("POST", "/people", body, {"Idempotency-Key": '"one"'}).json == made
    wrong = owner.post("/people", {"username": "bea", "email": "no address", "groups": ["Nowhere"]})
    assert [one["pointer"] for one in refused(wrong, 422, "invalid")["errors"]] == ["#/groups/0"]  # type: ignore[attr-defined]
    wrong = owner.post("/people", {"username": "bea", "email": "no address", "claims": {"locale": "?"}})
    pointers = {one["pointer"] for one in refused(wrong, 422, "invalid")["errors"]}  # type: ignore[attr-defined]
    assert {"#/email", "#/claims/locale"} <= pointers
    refused(owner.post("/people", {"username": "eve", "roles": ["owner"]}), 422, "invalid")  # nobody comes with rights


def test_C4_a_correction_names_what_changes_and_is_lost_on_nobody(provider: Provider, owner: Api) -> None:
    ann = provider.add_person("ann", claims={"department": "Sales", "floor": 3})
    path = f"/people/{ann.id}"
    edition = owner.get(path).headers["ETag"]
    patched = owner.call("PATCH", path, {"name": "Ann Other", "claims": {"department": None}}, {"If-Match": edition})
    assert patched.status == 200, patched.text
    person = patched.json["person"]
    assert (person["name"], person["email"], person["claims"]["floor"]) == ("Ann Other", "ann@example.com", 3)
    assert "department" not in person["claims"]
    refused(owner.call("PATCH", path, {"name": "Third"}, {"If-Match": edition}), 412, "changed")
    refused(owner.call("PATCH", path, {"name": "Third"}), 428, "edition-missing")
    refused(owner.call("PATCH", path, {"roles": ["owner"]}, {"If-Match": "*"}), 422, "invalid")
    assert owner.with_edition("PATCH", path, {"email": None}).json["person"]["email"] is None
    event = provider.events("person:changed")[0]
    assert event.actor.startswith("client:")
    assert event.detail["before"]["name"] == "Ann Example"


def test_C4_groups_are_set_whole_for_the_edition_of_the_person(provider: Provider, owner: Api) -> None:
    make_group(provider, "Sales")
    ann = provider.add_person("ann", groups=("Team",))
    path = f"/people/{ann.id}"
    done = owner.with_edition("PUT", f"{path}/groups", {"groups": ["sales"]}, of=path)
    assert done.json["groups"] == ["Sales"]
    refused(owner.call("PUT", f"{path}/groups", {"groups": []}, {"If-Match": '"old"'}), 412, "changed")
    refused(owner.call("PUT", f"{path}/groups", {"groups": ["No"]}, {"If-Match": "*"}), 422, "invalid")
    assert provider.services.directory.get(ann.id).groups == ("Sales",)


def _with_factor(provider: Provider, name: str, **about: Any) -> tuple[Person, str]:
    person, services = provider.add_person(name, **about), provider.services
    with services.db.transaction() as tx:
        accounts_factors.add(tx, services.clock(), person.id, "totp", "Phone", sealed="x")
    return person, accounts_factors.list_of(services.db, person.id)[0].id


def test_U3_the_help_desk_names_a_reason_and_sees_no_secret(provider: Provider, program: Program) -> None:
    ann, factor_id = _with_factor(provider, "ann", groups=("Ours",))
    desk = program(RoleGrant("help_desk", ("Ours",)), name="desk")
    path = f"/people/{ann.id}"
    for act in ("unlock", "reset-link", "code"):
        for none in ({}, {"reason": ""}, {"reason": "   "}):
            refused(desk.post(f"{path}/{act}", none), 422, "invalid")
    refused(desk.call("DELETE", f"{path}/factors/{factor_id}"), 400, "parameter")
    shown = desk.get(f"{path}/factors")
    assert [one["label"] for one in shown.json["items"]] == ["Phone"]
    assert set(shown.json["items"][0]) == {"id", "kind", "label", "created_at", "last_used_at"}
    assert desk.post(f"{path}/unlock", REASON).status == 200
    assert provider.events("person:unlocked")[-1].detail["reason"] == REASON["reason"]
    issued = desk.post(f"{path}/code", {**REASON, "minutes": 30})
    assert issued.status == 201, issued.text
    assert issued.json["code"] not in str([event.detail for event in provider.events()])
    assert desk.call("DELETE", f"{path}/factors/{factor_id}?reason=lost+phone").status == 204
    assert provider.events("factor:removed")[-1].detail["reason"] == "lost phone"
    refused(desk.call("DELETE", f"{path}/factors/{factor_id}?reason=lost+phone"), 404, "not-found")
    mailed = desk.post(f"{path}/reset-link", REASON)
    assert mailed.status == 200
    assert set(mailed.json) == {"mailed", "not_mailed"}  # the link itself is told to nobody but its person


def test_U3_a_code_is_agreed_to_by_a_person_and_not_by_a_program(provider: Provider, program: Program) -> None:
    ann = provider.add_person("ann")
    desk = program(RoleGrant("help_desk"), name="desk")
    assert desk.post(f"/people/{ann.id}/code", REASON).status == 201
    refused(desk.post(f"/people/{ann.id}/code/approval"), 403, "permission")
    bea = give(provider, provider.add_person("bea"), RoleGrant("help_desk"))
    agreed = Api(provider.browser(), personal(provider, bea)).post(f"/people/{ann.id}/code/approval")
    assert agreed.status == 200, agreed.text
    assert agreed.json["approved_by"] == bea.id
    assert "code" not in agreed.json


def test_sessions_are_listed_and_end_one_by_one_or_all(provider: Provider, program: Program) -> None:
    ann, app = provider.add_person("ann", groups=("Ours",)), provider.add_client("CRM")
    for _ in range(3):
        provider.tokens(app)
    desk = program(RoleGrant("help_desk", ("Ours",)), name="desk")
    path = f"/people/{ann.id}/sessions"
    found = desk.get(path).json["items"]
    assert [one["applications"] for one in found] == [["CRM"]] * 3
    assert desk.call("DELETE", f"{path}/{found[0]['id']}").status == 204
    refused(desk.call("DELETE", f"{path}/{found[0]['id']}"), 404, "not-found")
    assert desk.call("DELETE", path).json == {"sessions": 2}
    assert desk.get(path).json == {"items": [], "connected": []}


def test_U2_turning_somebody_off_answers_the_evidence_and_on_again(provider: Provider, owner: Api) -> None:
    ann, app = provider.add_person("ann"), provider.add_client("CRM")
    provider.tokens(app)
    path = f"/people/{ann.id}"
    refused(owner.get(f"{path}/evidence"), 404, "not-found")
    off = owner.post(f"{path}/disable")
    assert off.status == 200, off.text
    assert (off.json["sessions"], [one["name"] for one in off.json["applications"]]) == (1, ["CRM"])
    assert off.json["by"].startswith("client:")
    assert owner.get(f"{path}/evidence").json == off.json
    refused(owner.post(f"{path}/disable"), 409, "conflict")
    refused(owner.post(f"{path}/reset-link", REASON), 409, "conflict")
    assert owner.post(f"{path}/enable").json["enabled"] is True
    boss = give(provider, provider.add_person("boss"), OWNER)
    refused(owner.post(f"/people/{boss.id}/disable"), 409, "conflict")  # the last owner
    refused(owner.call("DELETE", f"/people/{boss.id}", None, {"If-Match": "*"}), 409, "conflict")
    assert owner.with_edition("DELETE", path).status == 204
    refused(owner.get(path), 404, "not-found")


def test_C2_roles_are_given_with_their_limits_and_taken_back(provider: Provider, program: Program) -> None:
    make_group(provider, "Sales")
    owner, admin = program(OWNER, name="own"), program(RoleGrant("admin"), name="adm")
    ann, crm = provider.add_person("ann"), provider.add_client("CRM")
    path = f"/people/{ann.id}/roles"
    assert owner.get(path).json == {"items": []}
    refused(admin.call("PUT", f"{path}/auditor", {}, {"If-Match": "*"}), 403, "permission")
    given = owner.with_edition("PUT", f"{path}/help_desk", {"only": ["sales"]}, of=path)
    assert given.json["items"] == [{"role": "help_desk", "only": ["Sales"], "until": None}]
    for role, body in (
        ("app_admin", {}), ("app_admin", {"only": ["nowhere"]}), ("help_desk", {"only": ["Nowhere"]}),
        ("auditor", {"only": ["x"]}), ("auditor", {"until": "2001-01-01T00:00:00Z"}),
        ("auditor", {"until": "2099-01-01T00:00:00"}),
    ):  # fmt: skip
        refused(owner.call("PUT", f"{path}/{role}", body, {"If-Match": "*"}), 422, "invalid")
    refused(owner.call("PUT", f"{path}/king", {}, {"If-Match": "*"}), 404, "not-found")
    refused(owner.call("PUT", f"{path}/auditor", {}, {"If-Match": '"old"'}), 412, "changed")
    given = owner.with_edition("PUT", f"{path}/app_admin", {"only": [crm.id], "until": "2099-01-01T00:00:00Z"}, of=path)
    assert {one["role"] for one in given.json["items"]} == {"help_desk", "app_admin"}
    taken = owner.call("DELETE", f"{path}/help_desk")
    assert [one["role"] for one in taken.json["items"]] == ["app_admin"]
    refused(owner.call("DELETE", f"{path}/help_desk"), 404, "not-found")
    boss = give(provider, provider.add_person("boss"), OWNER)
    refused(owner.call("DELETE", f"/people/{boss.id}/roles/owner"), 409, "conflict")  # the last owner


def test_C2_nobody_gives_rights_to_themselves(provider: Provider) -> None:
    give(provider, provider.add_person("other"), OWNER)
    boss = give(provider, provider.add_person("boss"), OWNER)
    api = Api(provider.browser(), personal(provider, boss))
    answer = api.call("PUT", f"/people/{boss.id}/roles/auditor", {}, {"If-Match": "*"})
    assert "their own" in str(refused(answer, 403, "permission")["detail"])


def test_C6_the_history_of_an_account_says_who_changed_what(provider: Provider, program: Program) -> None:
    admin = program(RoleGrant("admin"), name="adm")
    made = admin.post("/people", {"username": "bea", "invite": False}).json["person"]
    path = f"/people/{made['id']}"
    for n in range(3):
        admin.with_edition("PATCH", path, {"name": f"Bea {n}"})
    first = admin.get(f"{path}/history?limit=2").json
    assert [one["detail"]["after"]["name"] for one in first["items"]] == ["Bea 2", "Bea 1"]
    rest = admin.get(f"{path}/history?limit=2&cursor={first['next']}").json
    assert rest["items"][0]["detail"]["after"]["name"] == "Bea 0"
    assert {one["actor"].partition(":")[0] for one in first["items"]} == {"client"}
    latest = first["items"][0]
    assert latest["can_undo"]
    undone = admin.post(f"{path}/history/{latest['id']}/undo", {})
    assert (undone.status, undone.json["name"]) == (200, "Bea 1")
    refused(admin.post(f"{path}/history/{latest['id']}/undo", {}), 412, "changed")
    refused(admin.post(f"{path}/history/{26 * '0'}/undo", {}), 404, "not-found")


@pytest.mark.parametrize("role", ["owner", "admin", "help_desk"])
def test_S59_C2_a_token_makes_nobody_its_person_for_good(provider: Provider, role: str) -> None:
    """ASVS 7.5.1: no code, link, address or factor of one's own account by a token, which anybody may have found."""
    ann = give(provider, provider.add_person("ann", groups=("Ours",)), RoleGrant(role))
    api = Api(provider.browser(), personal(provider, ann))
    assert api.get(f"/people/{ann.id}").status == 200
    for row in ROWS:
        if row.method != "GET":
            refused(send(api, row, path_of(row, id=ann.id)), 403, "permission")
    assert provider.services.directory.get(ann.id) == ann
    assert not [event for event in provider.events() if event.action.startswith(("link:", "admin_code:", "mail:"))]


def test_C2_nobody_is_their_own_help_desk_and_corrects_themselves_all_the_same(provider: Provider) -> None:
    ann = give(provider, provider.add_person("ann"), OWNER)
    actor = Actor(kind="person", id=ann.id, name=f"person:{ann.id}", grants=(OWNER,))
    services = provider.services
    for act in (people.mail_link, people.unlock, sessions.end_all):
        with pytest.raises(NotAllowed, match="their own account"):
            act(services, actor, ann)
    with pytest.raises(NotAllowed, match="their own account"):
        factors.issue_code(services, actor, ann, factors.Wish(reason="lost"))
    bob = give(provider, provider.add_person("bob"), OWNER)
    assert factors.issue_code(services, actor, bob, factors.Wish(reason="lost")).issued_by == ann.id


def test_F6_where_two_must_agree_a_program_issues_no_code(open_provider: Callable[..., Provider]) -> None:
    """Whoever has its secret, and a role as well, would be both of them."""
    provider = open_provider(admin_codes={"second_approver": True})
    app = make_program(provider, RoleGrant("help_desk"))
    ann = provider.add_person("ann")
    refused(Api(provider.browser(), token_of(provider, app)).post(f"/people/{ann.id}/code", REASON), 403, "permission")
