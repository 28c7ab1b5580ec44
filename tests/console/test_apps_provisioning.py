"""Y2: an admin sees object by object what an application answered, and says where people are written to."""

from __future__ import annotations

from dataclasses import replace

from idp.accounts.roles import RoleGrant
from idp.admin import provisioning
from idp.admin.actor import of_shell
from idp.provisioning import keeping
from idp.provisioning.objects import Object
from idp.provisioning.target import Said
from tests.console.conftest import Enter
from tests.provider import Answer, Browser, Provider

SHELL = of_shell("cli:test")
HOSTILE = "<script>alert(1)</script>"


def pressed(browser: Browser, page: Answer, do: str, *, is_shown: bool = False, **typed: str) -> Answer:
    """The form that does it, sent; and the page behind it. `is_shown`: it answers with the page itself."""
    at = next(
        n for n, form in enumerate(page.dom.forms) if ("do", do) in form.fields or do in [b[2] for b in form.buttons]
    )
    is_button = do in [button[2] for button in page.dom.forms[at].buttons]
    sent = browser.submit(page, do if is_button else None, form=at, **typed)
    return sent if is_shown else browser.follow(sent)


def test_Y2_a_target_is_said_by_a_form_and_each_object_shows_its_answer(provider: Provider, enter: Enter) -> None:
    services = provider.services
    ann = provider.add_person("ann")
    app = provider.add_client("Wiki")
    boss = enter("boss", RoleGrant("admin"))
    page = boss.get(f"admin/apps/{app.id}/provisioning")
    assert "Nobody is written to this application" in page.dom.text
    form = boss.get(f"admin/apps/{app.id}/provisioning/edit")
    at = next(n for n, one in enumerate(form.dom.forms) if "url" in one.names())
    wrong = boss.submit(form, "save", form=at, url="ftp://wiki", secret="t0ken")
    assert wrong.status == 400
    assert "Expected an https address" in wrong.dom.text
    assert "t0ken" not in wrong.text
    mapping = "userName=email\ntitle=title"
    said = {"url": "https://wiki.example/scim", "secret": "t0ken", "off": "delete", "groups": "no", "mapping": mapping,
            "begin": "1"}  # fmt: skip
    page = boss.follow(boss.submit(wrong, "save", form=at, **said))
    assert page.status == 200
    target = keeping.get(services.db, app.id)
    assert (target.said.off, dict(target.said.mapping)) == ("delete", {"userName": "email", "title": "title"})
    one = Object(client_id=app.id, kind="user", local_id=ann.id, state="refused", problem=HOSTILE, status=400,
                 request="POST /Users\n{}", answer=HOSTILE, at=services.clock())  # fmt: skip
    keeping.put(services.db, one)
    page = boss.get(f"admin/apps/{app.id}/provisioning?state=refused")
    assert all(text in page.dom.text for text in ("ann", "Refused", "POST /Users", "status 400", HOSTILE))
    assert HOSTILE not in page.text
    assert "t0ken" not in page.text
    assert "Wiki refuses 1 person or group" in boss.get("admin").dom.text
    pressed(boss, page, "retry")
    assert keeping.page(services.db, app.id, "user")[0].due is not None
    pressed(boss, page, "all")
    assert keeping.get(services.db, app.id).again
    form = boss.get(f"admin/apps/{app.id}/provisioning/edit")
    pressed(boss, form, "off")
    assert keeping.get(services.db, app.id).state == "off"
    pressed(boss, boss.get(f"admin/apps/{app.id}/provisioning/edit"), "remove")
    assert keeping.find(services.db, app.id) is None


def test_Y2_who_looks_after_the_application_sees_how_it_went_and_nothing_of_people(
    provider: Provider, enter: Enter
) -> None:
    services = provider.services
    ann = provider.add_person("ann")
    app = provider.add_client("Wiki")
    provisioning.add(services, SHELL, app.client, Said(url="https://wiki.example/scim"), "t0ken")
    one = Object(client_id=app.id, kind="user", local_id=ann.id, state="failed", status=500, at=services.clock(),
                 request="POST /Users\nann@example.com", answer="ann@example.com")  # fmt: skip
    keeping.put(services.db, one)
    keeper = enter("keeper", RoleGrant("app_admin", (app.id,)))
    page = keeper.get(f"admin/apps/{app.id}/provisioning")
    assert "POST /Users" in page.dom.text
    assert "ann@example.com" not in page.text
    assert keeper.get(f"admin/apps/{app.id}/provisioning/edit").status == 403
    other = provider.add_client("Other")
    assert keeper.get(f"admin/apps/{other.id}/provisioning").status == 403
    pressed(keeper, page, "retry")
    assert keeping.page(services.db, app.id, "user")[0].due is not None


def test_Y2_two_admins_do_not_write_over_each_other(provider: Provider, enter: Enter) -> None:
    app = provider.add_client("Wiki")
    provisioning.add(provider.services, SHELL, app.client, Said(url="https://wiki.example/scim"), "t0ken")
    boss = enter("boss", RoleGrant("admin"))
    form = boss.get(f"admin/apps/{app.id}/provisioning/edit")
    provisioning.change(provider.services, SHELL, app.id, lambda said: replace(said, off="nothing"))
    at = next(n for n, one in enumerate(form.dom.forms) if "url" in one.names())
    answer = boss.submit(form, "save", form=at, off="delete", groups="groups", mapping="userName=username",
                         url="https://wiki.example/scim")  # fmt: skip
    assert answer.status == 409
    assert keeping.get(provider.services.db, app.id).said.off == "nothing"


def test_Y2_looked_at_before_it_begins_and_let_where_the_brake_has_stopped(provider: Provider, enter: Enter) -> None:
    services = provider.services
    ann, app = provider.add_person("ann"), provider.add_client("Wiki")
    boss = enter("boss", RoleGrant("admin"))
    here = f"admin/apps/{app.id}/provisioning"
    form = boss.get(f"{here}/edit")
    at = next(n for n, one in enumerate(form.dom.forms) if "url" in one.names())
    said = {"url": "https://wiki.example/scim", "secret": "t0ken", "mapping": "userName=username",
            "off": "disable", "groups": "groups"}  # fmt: skip
    wrong = boss.submit(form, "save", form=at, **said, brake_share="0")
    assert wrong.status == 400
    assert "Expected a number from 1 to 100" in wrong.dom.text
    page = boss.follow(boss.submit(wrong, "save", form=at, **said, brake="3", brake_share="10"))
    assert keeping.get(services.db, app.id).state == "off"
    assert "Nothing is sent to it" in page.dom.text
    looked = pressed(boss, page, "dry_run", is_shown=True)
    assert all(text in looked.dom.text for text in ("What would be sent", "2 would be made", "ann"))
    looked = pressed(boss, page, "drift", is_shown=True)
    assert "All of it is there as it is here" in looked.dom.text
    pressed(boss, page, "on")
    assert keeping.get(services.db, app.id).state == "on"
    one = Object(client_id=app.id, kind="user", local_id=ann.id, remote_id="7", state="done", due=0.0, ends=True)
    keeping.put(services.db, one)
    reason = "would turn off 412 of 500 people there, and 50 is the most"
    keeping.turn(services.db, app.id, "stopped", 0.0, record=lambda *_: None, reason=reason, braked=412)
    assert "412 people or groups would be ended there" in boss.get("admin").dom.text
    page = boss.get(f"{here}?state=ends")
    assert all(text in page.dom.text for text in ("412 people or groups would end there: stopped", reason, "ann"))
    pressed(boss, page, "release")
    target = keeping.get(services.db, app.id)
    assert (target.state, target.braked, target.let_end) == ("on", 0, 412)


def test_Y2_refused_ones_come_first_and_trying_again_stays_in_the_list(provider: Provider, enter: Enter) -> None:
    services = provider.services
    ann, ben, app = provider.add_person("ann"), provider.add_person("ben"), provider.add_client("Wiki")
    provisioning.add(services, SHELL, app.client, Said(url="https://wiki.example/scim"), "t0ken")
    problem = "there is one with this userName already, which we did not make: …"
    for one, state in ((ann, "done"), (ben, "refused")):
        keeping.put(services.db, Object(client_id=app.id, kind="user", local_id=one.id, state=state, problem=problem))
    boss = enter("boss", RoleGrant("admin"))
    page = boss.get(f"admin/apps/{app.id}/provisioning")
    assert "ben" in page.dom.text
    assert "ann" not in page.dom.text
    assert "who is there already is taken over" in page.dom.text
    again = pressed(boss, page, "retry")
    assert "state=refused" in again.url
    page = boss.get(f"admin/apps/{app.id}/provisioning?state=done")
    assert "ann" in page.dom.text
    assert not any(("do", "retry") in form.fields for form in page.dom.forms)
