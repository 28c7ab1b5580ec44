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
