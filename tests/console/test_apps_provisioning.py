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


def pressed(browser: Browser, page: Answer, do: str, **typed: str) -> Answer:
    """The form that does it, sent; and the page behind it."""
    at = next(
        n for n, form in enumerate(page.dom.forms) if ("do", do) in form.fields or do in [b[2] for b in form.buttons]
    )
    is_button = do in [button[2] for button in page.dom.forms[at].buttons]
    return browser.follow(browser.submit(page, do if is_button else None, form=at, **typed))


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
    said = {"url": "https://wiki.example/scim", "secret": "t0ken", "off": "delete", "groups": "no", "mapping": mapping}
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
    one = Object(client_id=app.id, kind="user", local_id=ann.id, state="done", status=201, at=services.clock(),
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
