"""Messages, notices, settings and the receivers of the record, by the API. B2, O1, S18, S59."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from idp.accounts.roles import RoleGrant
from idp.mail import delivery
from tests.api.conftest import Api, Program, make_program, token_of
from tests.api.test_access import refused
from tests.api.test_applications import pointers
from tests.backends import Clock
from tests.provider import Provider


def test_A10_messages_that_left_or_did_not_are_listed_a_page_at_a_time(
    provider: Provider, program: Program, clock: Clock
) -> None:
    ann = provider.add_person("ann", email="ann@example.com")
    for n in range(3):
        clock.advance(1)
        delivery.failed(provider.services, delivery.Sent("ann@example.com", "invitation", ann.id), f"reason {n}")
    auditor = program(RoleGrant("auditor"), name="aud")
    page = auditor.get("/messages?failed=true&limit=2").json
    rest = auditor.get(f"/messages?failed=true&limit=2&cursor={page['next']}").json
    found = [*page["items"], *rest["items"]]
    assert [one["said"] for one in found] == ["reason 2", "reason 1", "reason 0"]
    assert {(one["message"], one["person"], one["failed"]) for one in found} == {("invitation", "ann", True)}
    assert "ann@example.com" not in str(found)
    assert auditor.get("/messages?kind=sms").json == {"items": [], "next": None}
    refused(auditor.get(f"/messages?kind=sms&cursor={page['next']}"), 400, "cursor")
    assert auditor.get("/message-delivery").json["waiting"] == 0
    assert auditor.get("/messages/given-up").json == {"items": []}
    refused(auditor.post("/messages/test", {"to": "it@example.com"}), 403, "permission")


def test_A10_a_test_is_queued_and_what_cannot_leave_is_told(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(mail={"host": "mail.example", "sender": "idp@example.com"})
    admin = Api(provider.browser(), token_of(provider, make_program(provider, RoleGrant("admin"))))
    assert admin.get("/message-delivery").json["mail"].startswith("mail.example")
    assert admin.post("/messages/test", {"to": "it@example.com", "language": "de"}).status == 204
    assert admin.get("/message-delivery").json["waiting"] == 1
    assert pointers(admin.post("/messages/test", {"to": "nobody"})) == ["#/to"]
    refused(admin.post("/messages/test", {"to": "+4930123456"}), 409, "conflict")
    refused(admin.call("DELETE", "/messages/given-up/unknown"), 404, "not-found")


def test_B2_a_notice_is_told_for_its_time_and_removed(provider: Provider, program: Program, clock: Clock) -> None:
    admin = program(RoleGrant("admin"), name="adm")
    ends = datetime.fromtimestamp(int(clock()) + 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = admin.post("/notices", {"text": "Maintenance at six.", "ends_at": ends})
    assert made.status == 201, made.text
    (one,) = admin.get("/notices").json["items"]
    assert (one["text"], one["ends_at"], one["shown"]) == ("Maintenance at six.", ends, True)
    assert pointers(admin.post("/notices", {"text": "x", "ends_at": "2001-01-01T00:00:00Z"})) == ["#/ends_at"]
    assert pointers(admin.post("/notices", {"text": "x", "application": "unknown"})) == ["#/application"]
    refused(program(RoleGrant("auditor"), name="aud").call("DELETE", f"/notices/{one['id']}"), 403, "permission")
    assert admin.call("DELETE", f"/notices/{one['id']}").status == 204
    refused(admin.call("DELETE", f"/notices/{one['id']}"), 404, "not-found")


def test_S18_settings_are_read_and_what_opens_something_is_masked(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(
        mail={"host": "mail.example", "sender": "idp@example.com", "username": "idp", "password": "hunter2-hunter2"},
        audit={
            "webhook": "https://hooks.example/in/path-secret-1",
            "webhook_secret": "secret-of-the-hook-0123456789ab",
        },
    )
    auditor = Api(provider.browser(), token_of(provider, make_program(provider, RoleGrant("auditor"))))
    answer = auditor.get("/settings")
    assert answer.status == 200, answer.text
    for secret in ("hunter2", "path-secret", "secret-of-the-hook"):
        assert secret not in answer.text
    mail = {one["name"]: one for part in answer.json["items"] if part["name"] == "mail" for one in part["settings"]}
    assert (mail["host"]["value"], mail["host"]["is_set"], mail["password"]["value"]) == ("mail.example", True, "…")
    assert auditor.get("/installation").json["issuer"] == provider.issuer
    (stream,) = auditor.get("/audit-streams").json["items"]
    assert (stream["kind"], stream["host"], stream["waiting"]) == ("webhook", "hooks.example", 0)
    assert "path-secret" not in auditor.get("/audit-streams").text
    assert "webhook-signature" in stream["how"]
    tried = auditor.post("/audit-streams/webhook/test").json  # hooks.example is nowhere
    assert tried["taken"] is False
    assert tried["why"]
    assert "path-secret" not in str(tried)
    refused(auditor.post("/audit-streams/syslog/test"), 404, "not-found")
