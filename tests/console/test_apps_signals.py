"""Y4: an admin sees how each stream of security events stands, tries it, stops it, and removes it."""

from __future__ import annotations

from idp.accounts.roles import RoleGrant
from idp.signals import event_types, keeping
from idp.signals.sets import Event
from idp.signals.stream import POLL, PUSH, Said, Stream
from tests.console.conftest import Enter
from tests.console.test_apps_provisioning import pressed
from tests.provider import App, Provider

HOSTILE = "<script>alert(1)</script>"
SECRET = "Bearer of-the-receiver"


def made(provider: Provider, app: App, method: str = POLL) -> Stream:
    said = Said(method, "https://crm.example/events" if method == PUSH else "", SECRET, description=HOSTILE)
    return keeping.add(provider.services, app.id, said, record=lambda *_: None)


def test_y4_streams_are_seen_tried_stopped_and_removed(provider: Provider, enter: Enter) -> None:
    app = provider.add_client("CRM")
    boss = enter("boss", RoleGrant("admin"))
    path = f"admin/apps/{app.id}/signals"
    page = boss.get(path)
    assert f"doorward client set {app.id} grant_types+=client_credentials" in page.dom.text
    stream = made(provider, app, PUSH)
    page = boss.get(path)
    assert all(text in page.dom.text for text in (HOSTILE, "https://crm.example/events", "A session has ended"))
    assert HOSTILE not in page.text
    assert SECRET not in page.text
    pressed(boss, page, "test")
    assert keeping.waiting(provider.services.db, stream.id)[0] == 1
    pressed(boss, boss.get(path), "pause")
    assert keeping.get(provider.services.db, stream.id).is_held
    page = boss.get(path)
    assert "An admin has said so." in page.dom.text
    pressed(boss, page, "resume")
    assert keeping.get(provider.services.db, stream.id).status == "enabled"
    pressed(boss, boss.get(path), "remove")
    assert keeping.list_of(provider.services.db) == ()


def test_y4_a_stream_that_was_given_up_needs_attention(provider: Provider, enter: Enter) -> None:
    app = provider.add_client("CRM")
    boss, stream = enter("boss", RoleGrant("admin")), made(provider, app)
    assert "does not take security events" not in boss.get("admin").dom.text
    keeping.turn(provider.services, stream.id, "paused", "us", "nothing came", record=lambda *_: None)
    assert "CRM does not take security events" in boss.get("admin").dom.text


def test_y4_another_applications_stream_is_not_touched(provider: Provider, enter: Enter) -> None:
    app, other = provider.add_client("CRM"), provider.add_client("Other")
    stream, theirs = made(provider, app), made(provider, other)
    with provider.services.db.transaction() as tx:
        keeping.put(provider.services, tx, stream, Event(event_types.VERIFICATION))
    boss = enter("boss", RoleGrant("admin"))
    page = boss.get(f"admin/apps/{app.id}/signals")
    at = next(n for n, form in enumerate(page.dom.forms) if ("do", "remove") in form.fields)
    assert boss.submit(page, form=at, stream=theirs.id).status == 404
    assert len(keeping.list_of(provider.services.db)) == 2
