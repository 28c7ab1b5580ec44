"""Y2: how people are written to an application, by the API: looked at, and sent again. S59."""

from __future__ import annotations

from idp.accounts.roles import RoleGrant
from idp.admin import provisioning
from idp.admin.actor import of_shell
from idp.provisioning import keeping
from idp.provisioning.objects import Object
from idp.provisioning.target import Said
from tests.api.conftest import Program
from tests.provider import Provider


def test_Y2_each_object_is_listed_with_its_answer_and_tried_again(provider: Provider, program: Program) -> None:
    services = provider.services
    people = sorted((provider.add_person(name) for name in ("ann", "ben")), key=lambda one: one.id)
    app, other = provider.add_client("Wiki"), provider.add_client("Other")
    provisioning.add(services, of_shell("cli:test"), app.client, Said(url="https://wiki.example/scim"), "t0ken")
    for one in people:
        keeping.put(services.db, Object(
            client_id=app.id, kind="user", local_id=one.id, state="refused", status=409, at=services.clock(),
            request=f"POST /Users\n{one.email}", answer="taken",
        ))  # fmt: skip
    admin = program(RoleGrant("admin"), name="admin")
    keeper = program(RoleGrant("app_admin", (app.id,)), name="keeper")
    path = f"/applications/{app.id}/provisioning"
    told = admin.get(path)
    assert "t0ken" not in told.text
    assert (told.json["state"], told.json["counts"]["user"]) == ("on", {"refused": 2})
    first = admin.get(f"{path}/objects?limit=1&state=refused").json
    second = admin.get(f"{path}/objects?limit=1&state=refused&cursor={first['next']}").json
    assert [one["id"] for one in first["items"] + second["items"]] == [one.id for one in people]
    assert second["next"] is None
    assert first["items"][0]["request"].endswith(people[0].email or "")
    assert keeper.get(f"{path}/objects").json["items"][0]["request"] == "POST /Users"
    again = keeper.post(f"{path}/user/{people[0].id}/retry", None)
    assert again.json["due"] is not None
    assert keeper.post(f"{path}/user/nobody/retry", None).status == 404
    assert keeper.post(f"{path}/send", {"what": "all"}).status == 200
    assert keeping.get(services.db, app.id).again
    for of, status in ((other.id, 404), ("unknown", 404)):
        assert admin.get(f"/applications/{of}/provisioning").status == status
        assert keeper.get(f"/applications/{of}/provisioning").status == status
        assert keeper.post(f"/applications/{of}/provisioning/send", {"what": "all"}).status == status


def test_Y2_what_the_brake_holds_is_let_by_the_number_that_it_tells(provider: Provider, program: Program) -> None:
    services = provider.services
    app = provider.add_client("Wiki")
    provisioning.add(services, of_shell("cli:test"), app.client, Said(url="https://wiki.example/scim"), "t0ken")
    admin, keeper = program(RoleGrant("admin"), name="admin"), program(RoleGrant("app_admin", (app.id,)), name="keeper")
    path = f"/applications/{app.id}/provisioning"
    assert admin.post(f"{path}/release", {"many": 412}).status == 409
    keeping.turn(services.db, app.id, "stopped", 0.0, record=lambda *_: None, reason="would turn off 412", braked=412)
    assert admin.get(path).json["braked"] == 412
    assert keeper.post(f"{path}/release", {"many": 412}).status == 403
    assert admin.post(f"{path}/release", {"many": 411}).status == 409
    let = admin.post(f"{path}/release", {"many": 412})
    assert (let.status, let.json["state"], let.json["braked"]) == (200, "on", 0)


NEW = {"url": "https://wiki.example/scim/v2", "secret": "t0ken-of-the-wiki", "on": False}


def test_Y2_C4_a_target_is_made_changed_turned_and_removed_for_its_edition(
    provider: Provider, program: Program
) -> None:
    services, app = provider.services, provider.add_client("Wiki")
    admin = program(RoleGrant("admin"), name="admin")
    path = f"/applications/{app.id}/provisioning"
    key = {"Idempotency-Key": '"wiki"'}
    made = admin.call("POST", path, NEW, key)
    assert (made.status, made.json["state"], made.json["url"]) == (201, "off", NEW["url"])
    assert made.headers["Location"].endswith(f"/api/v1{path}")
    assert "t0ken" not in made.text
    assert admin.call("POST", path, NEW, key).json == made.json  # once, however often it is sent
    assert (admin.post(path, NEW).status, admin.post(path, {**NEW, "url": "ftp://x"}).status) == (409, 422)
    assert [one["application_id"] for one in admin.get("/provisioning").json["items"]] == [app.id]
    assert admin.call("PATCH", path, {"brake": 5}).status == 428
    first = {"If-Match": made.headers["ETag"]}
    changed = admin.call("PATCH", path, {"brake": 5, "mapping": {"title": "title", "emails": None}}, first)
    assert (changed.status, changed.json["brake"], changed.json["brake_share"]) == (200, 5, 10)
    assert (changed.json["mapping"]["title"], "emails" in changed.json["mapping"]) == ("title", False)
    assert admin.call("PATCH", path, {"brake": 6}, first).status == 412
    assert admin.with_edition("PATCH", path, {"brake": None}).json["brake"] == 20
    moved = admin.with_edition("PATCH", path, {"url": "https://other.example/scim"})
    assert (moved.status, moved.json["errors"][0]["pointer"]) == (422, "#/secret")
    assert admin.with_edition("PATCH", path, {"secret": "another"}).status == 200
    assert keeping.open_secret(services.sealer, keeping.get(services.db, app.id)) == "another"
    assert admin.post(f"{path}/enable", None).json["state"] == "on"
    assert admin.call("DELETE", path, None, first).status == 412
    assert admin.post(f"{path}/disable", None).json["state"] == "off"
    assert admin.with_edition("DELETE", path).status == 204
    assert admin.get(path).status == 404
    assert keeping.find(services.db, app.id) is None


def test_Y2_C1_who_looks_after_the_application_alone_sees_it_and_says_nothing_of_it(
    provider: Provider, program: Program
) -> None:
    app, other = provider.add_client("Wiki"), provider.add_client("Other")
    admin, keeper = program(RoleGrant("admin"), name="admin"), program(RoleGrant("app_admin", (app.id,)), name="keeper")
    for one in (app, other):
        assert admin.post(f"/applications/{one.id}/provisioning", NEW).status == 201
    path = f"/applications/{app.id}/provisioning"
    assert [one["application_id"] for one in keeper.get("/provisioning").json["items"]] == [app.id]
    assert keeper.get(path).status == 200
    assert keeper.with_edition("PATCH", path, {"brake": 5}).status == 403
    assert keeper.with_edition("DELETE", path).status == 403
    for of, status in ((app, 403), (other, 403)):
        for verb in ("enable", "disable"):
            assert keeper.post(f"/applications/{of.id}/provisioning/{verb}", None).status == status
    assert keeper.get(f"{path}/drift").status == 403
    assert keeper.get(f"/applications/{other.id}/provisioning/dry-run").status == 404


def test_Y2_a_dry_run_says_who_would_be_sent_and_a_test_what_is_wrong(provider: Provider, program: Program) -> None:
    ann, app = provider.add_person("ann"), provider.add_client("Wiki")
    admin = program(RoleGrant("admin"), name="admin")
    path = f"/applications/{app.id}/provisioning"
    admin.post(path, {**NEW, "url": "https://wiki.invalid/scim", "groups": "no"})
    found = admin.get(f"{path}/dry-run").json
    assert [(one["what"], one["kind"], one["id"]) for one in found["would"]] == [("make", "user", ann.id)]
    assert (found["counts"], found["brake"], found["whole"]) == ({"make": 1}, None, True)
    tried = admin.post(f"{path}/test", None).json
    assert (tried["ok"], tried["found"][-1]["ok"], bool(tried["found"][-1]["problem"])) == (False, False, True)
    services = provider.services
    keeping.put(services.db, Object(client_id=app.id, kind="user", local_id=ann.id, remote_id="1", state="done"))
    drift = admin.get(f"{path}/drift")
    assert (drift.status, "does not answer" in drift.json["detail"]) == (409, True)


def test_Y2_whom_the_brake_holds_is_listed_and_each_object_read(provider: Provider, program: Program) -> None:
    services, app, ann = provider.services, provider.add_client("Wiki"), provider.add_person("ann")
    admin = program(RoleGrant("admin"), name="admin")
    path = f"/applications/{app.id}/provisioning"
    admin.post(path, NEW)
    keeping.put(services.db, Object(
        client_id=app.id, kind="user", local_id=ann.id, remote_id="1", state="done", ends=1, due=0.0, tries=3,
        problem="status 500", status=500,
    ))  # fmt: skip
    assert [one["id"] for one in admin.get(f"{path}/objects?state=ends").json["items"]] == [ann.id]
    one = admin.get(f"{path}/user/{ann.id}").json
    assert (one["tries"], one["status"], one["problem"]) == (3, 500, "status 500")
    assert admin.get(f"{path}/group/{ann.id}").status == 404
