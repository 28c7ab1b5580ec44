"""People from a file, and the same for many, by the API. U1, C2, C4, S59."""

from __future__ import annotations

from idp.accounts.roles import RoleGrant
from tests.api.conftest import Api, Program, give, personal
from tests.api.test_access import refused
from tests.api.test_applications import pointers
from tests.api.test_rows import said
from tests.console.test_import import work
from tests.provider import Provider

CSV = "username,email,groups\nann,ann@example.com,Sales\nbea,bea@example.com,\nann,,\n"


def run(provider: Provider, api: Api, path: str) -> dict[str, object]:
    answer = api.call("POST", f"{path}/run", None, {"If-Match": api.get(path).headers["ETag"]})
    assert answer.status == 200, answer.text
    work(provider)
    return dict(api.get(path).json)


def names(provider: Provider) -> set[str]:
    return {one.username for one in provider.services.directory.list("", 100)}


def test_U1_a_file_is_tried_out_chosen_for_run_and_followed(provider: Provider, owner: Api) -> None:
    sent = owner.call("POST", "/imports", {"csv": CSV, "file": "new.csv"}, {"Idempotency-Key": '"one"'})
    assert sent.status == 201, sent.text
    again = owner.call("POST", "/imports", {"csv": CSV, "file": "new.csv"}, {"Idempotency-Key": '"one"'})
    assert again.json["id"] == sent.json["id"]
    path = f"/imports/{sent.json['id']}"
    work(provider)
    tried = owner.get(path).json
    assert (tried["state"], tried["total"], tried["done"]) == ("checked", 3, 3)
    assert tried["columns"] == ["username", "email", "groups"]
    assert names(provider) == set()
    rows = owner.get(f"{path}/rows?outcome=failed").json["items"]
    assert [(one["number"], one["cells"][0]) for one in rows] == [(1, "ann"), (3, "ann")]  # no group; named twice
    stale = owner.get(path).headers["ETag"]
    chosen = owner.call("PATCH", path, {"new_groups": True}, {"If-Match": stale})
    assert chosen.status == 200, chosen.text
    work(provider)
    assert owner.get(path).json["makes_groups"] == ["Sales"]
    refused(owner.call("POST", f"{path}/run", None, {"If-Match": stale}), 412, "changed")
    refused(owner.call("POST", f"{path}/run"), 428, "edition-missing")
    done = run(provider, owner, path)
    assert (done["state"], done["counts"]) == ("done", {"made": 2, "failed": 1})
    assert names(provider) == {"ann", "bea"}
    refused(owner.call("POST", f"{path}/run", None, {"If-Match": "*"}), 409, "conflict")
    first = owner.get(f"{path}/rows?limit=2").json
    rest = owner.get(f"{path}/rows?limit=2&cursor={first['next']}").json
    assert [one["outcome"] for one in (*first["items"], *rest["items"])] == ["made", "made", "failed"]
    assert [one["id"] for one in owner.get("/imports").json["items"]] == [done["id"]]
    (started,) = provider.events("people:import_started")
    assert started.actor.startswith("client:")


def test_U1_what_is_wrong_with_a_file_is_named(owner: Api) -> None:
    assert pointers(owner.post("/imports", {"csv": "username"})) == ["#/csv"]
    assert pointers(owner.post("/imports", {"csv": CSV, "columns": ["username"]})) == ["#/columns"]
    assert pointers(owner.post("/imports", {"csv": CSV, "columns": ["owner", "", ""]})) == ["#/columns"]
    assert set(pointers(owner.post("/imports", {"csv": CSV, "existing": "delete", "ran": True}))) == {
        "#/existing", "#/ran"
    }  # fmt: skip


def test_U1_the_same_is_done_to_many_after_the_numbers_and_taken_back(provider: Provider, owner: Api) -> None:
    people = [provider.add_person(f"p{n}", groups=("Sales",) if n == 0 else ()) for n in range(4)]
    sent = owner.post("/batches", {"action": "join", "group": "sales", "people": [one.id for one in people]})
    assert sent.status == 201, sent.text
    assert (sent.json["state"], sent.json["counts"]) == ("checked", {"same": 1, "done": 3})
    assert provider.services.directory.get(people[1].id).groups == ()
    path = f"/batches/{sent.json['id']}"
    done = run(provider, owner, path)
    assert (done["state"], done["undo"]) == ("done", "leave")
    assert provider.services.directory.get(people[1].id).groups == ("Sales",)
    back = owner.post(f"{path}/undo")
    assert back.status == 201, back.text
    assert run(provider, owner, f"/batches/{back.json['id']}")["counts"] == {"done": 3}
    assert [provider.services.directory.get(one.id).groups for one in people] == [("Sales",), (), (), ()]
    found = owner.post("/batches", {"action": "sign_out", "search": {"query": "p"}}).json
    assert found["total"] == 4
    assert pointers(owner.post("/batches", {"action": "sign_out"})) == ["#/people"]
    assert pointers(owner.post("/batches", {"action": "sign_out", "search": {"query": "zzz"}})) == ["#/search"]
    assert pointers(owner.post("/batches", {"action": "join", "group": "No", "people": ["x"]})) == ["#/group"]
    assert pointers(owner.post("/batches", {"action": "promote", "people": ["x"]})) == ["#/action"]


def test_S59_U1_nobody_learns_of_or_acts_on_others_people_by_a_list(provider: Provider, program: Program) -> None:
    ours, theirs = provider.add_person("ours", groups=("Ours",)), provider.add_person("theirs", groups=("Theirs",))
    desk = program(RoleGrant("help_desk", ("Ours",)), name="desk")
    sent = desk.post("/batches", {"action": "sign_out", "people": [ours.id, theirs.id, "u" + 26 * "a"]})
    assert sent.json["counts"] == {"done": 1, "failed": 2}, sent.text
    path = f"/batches/{sent.json['id']}"
    mine, hidden, nobody = desk.get(f"{path}/rows").json["items"]
    assert (mine["person_id"], mine["outcome"]) == (ours.id, "done")
    assert {**hidden, "number": 0} == {**nobody, "number": 0}
    assert "theirs" not in str(desk.get(f"{path}/rows").json)
    assert desk.post("/batches", {"action": "sign_out", "search": {}}).json["total"] == 1
    other = program(RoleGrant("help_desk", ("Theirs",)), name="other")
    for method, rest in (("GET", ""), ("POST", "/run"), ("POST", "/stop"), ("POST", "/undo"), ("GET", "/rows")):
        answers = [other.call(method, f"/batches/{id}{rest}", None, {"If-Match": "*"})
                   for id in (sent.json["id"], 26 * "0")]  # fmt: skip
        assert [one.status for one in answers] == [404, 404], rest
        assert said(answers[0]) == said(answers[1])
    auditor = program(RoleGrant("auditor"), name="aud")
    assert auditor.get(path).status == 200
    refused(auditor.call("POST", f"{path}/run", None, {"If-Match": "*"}), 403, "permission")
    refused(desk.post("/batches", {"action": "off", "people": [ours.id]}), 403, "permission")


def test_C2_work_that_a_token_asked_for_has_no_more_rights_than_it_and_ends_with_it(provider: Provider) -> None:
    boss = give(
        provider, provider.add_person("boss"), RoleGrant("owner"), RoleGrant("help_desk", ("Ours",))
    )  # fmt: skip
    ours, theirs = provider.add_person("ours", groups=("Ours",)), provider.add_person("theirs", groups=("Theirs",))
    desk = Api(provider.browser(), personal(provider, boss, roles=["help_desk"]))
    sent = desk.post("/batches", {"action": "sign_out", "people": [ours.id, theirs.id]})
    path = f"/batches/{sent.json['id']}"
    assert sent.json["counts"] == {"done": 1, "failed": 1}
    assert run(provider, desk, path)["counts"] == {"done": 1, "failed": 1}
    whole = Api(provider.browser(), personal(provider, boss))
    sent = whole.post("/batches", {"action": "off", "people": [theirs.id]})
    path = f"/batches/{sent.json['id']}"
    assert whole.call("POST", f"{path}/run", None, {"If-Match": "*"}).status == 200
    from idp.admin import tokens
    from tests.api.conftest import SHELL

    for one in tokens.list_of(provider.services, SHELL, boss):
        tokens.withdraw(provider.services, SHELL, boss, one.id)
    work(provider)
    assert provider.services.directory.get(theirs.id).enabled
    owner = Api(provider.browser(), personal(provider, boss))
    assert owner.get(path).json["state"] == "stopped"
