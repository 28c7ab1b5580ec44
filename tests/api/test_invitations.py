"""U1: invitations by the API: whose they are, mailed with an own text, withdrawn. S59."""

from __future__ import annotations

from idp.accounts import invitations, inviting
from idp.accounts.roles import RoleGrant
from tests.api.conftest import Api, Program
from tests.provider import Provider


def test_U1_S59_a_help_desk_lists_and_withdraws_those_of_its_groups_alone(provider: Provider, program: Program) -> None:
    services = provider.services
    ours, theirs = (provider.add_person(name.lower(), password=None, groups=(name,)) for name in ("Ours", "Theirs"))
    for one in (ours, theirs):
        invitations.hand_out(services, one, "cli:root")
    desk = program(RoleGrant("help_desk", ("Ours",)), name="desk")
    (item,) = desk.get("/invitations").json["items"]
    assert (item["person_id"], item["state"], item["way"]) == (ours.id, "waiting", "link")
    assert desk.call("DELETE", f"/people/{theirs.id}/invitation", None, {}).status == 404
    assert desk.call("DELETE", f"/people/{ours.id}/invitation", None, {}).status == 204
    assert desk.call("DELETE", f"/people/{ours.id}/invitation", None, {}).status == 204, "fine where it is so"
    (item,) = desk.get("/invitations?state=withdrawn").json["items"]
    assert item["withdrawn_by"].startswith("client:")
    assert desk.get("/invitations?state=waiting").json["items"] == []
    assert not inviting.is_withdrawn(services.db, theirs)


def test_U1_an_auditor_reads_and_withdraws_nothing(provider: Provider, program: Program) -> None:
    ann = provider.add_person("ann", password=None)
    invitations.hand_out(provider.services, ann, "cli:root")
    auditor = program(RoleGrant("auditor"), name="aud")
    assert len(auditor.get("/invitations").json["items"]) == 1
    assert auditor.call("DELETE", f"/people/{ann.id}/invitation", None, {}).status == 403
    assert not inviting.is_withdrawn(provider.services.db, ann)


def test_U1_who_has_a_password_has_no_invitation_to_withdraw_and_a_text_with_a_link_is_refused(
    provider: Provider, owner: Api
) -> None:
    ann = provider.add_person("ann")
    assert owner.call("DELETE", f"/people/{ann.id}/invitation", None, {}).status == 409
    body = {"username": "bea", "note": "See evil.example"}
    answer = owner.post("/people", body)
    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == "#/note"
    body = {"action": "invite", "people": [ann.id], "note": "See evil.example"}
    assert owner.post("/batches", body).json["errors"][0]["pointer"] == "#/note"


def test_U1_pages_of_invitations_are_by_cursor(provider: Provider, owner: Api) -> None:
    for name in ("a", "b", "c"):
        invitations.hand_out(provider.services, provider.add_person(name, password=None), "cli:root")
    first = owner.get("/invitations?limit=2").json
    rest = owner.get(f"/invitations?limit=2&cursor={first['next']}").json
    assert [one["username"] for one in (*first["items"], *rest["items"])] == ["a", "b", "c"]
    assert rest["next"] is None
