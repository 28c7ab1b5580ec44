"""Who may open an application, its secrets, off, removed and back: in the console. R4, R5, R6, R7, C2, C3, B5."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from clients.access import Access, Term
from idp.accounts.roles import RoleGrant
from idp.admin.configuration import marks
from tests.backends import Clock
from tests.console.conftest import Enter, form_at, form_key, give
from tests.provider import Answer, App, Browser, Provider


def send(browser: Browser, app: App, path: str, **values: str) -> Answer:
    """The form of a page, with these values."""
    page = browser.get(f"admin/apps/{app.id}/{path.split('?')[0]}")
    return browser.post(f"admin/apps/{app.id}/{path}", {**form_key(page), **values})


def rule(provider: Provider, app: App) -> Access:
    return provider.services.registry.get(app.id).access


def edition(provider: Provider, app: App) -> str:
    return provider.services.registry.edition(app.id)


def test_R4_it_is_limited_to_groups_and_people_are_named_and_taken_out(provider: Provider, owner: Browser) -> None:
    ann = provider.add_person("ann", groups=("sales",))
    app = provider.add_client("CRM")
    page = owner.get(f"admin/apps/{app.id}/access")
    done = owner.submit(page, form=form_at(page, "/access"), who="groups", group="sales")
    assert done.is_redirect
    assert rule(provider, app) == Access.only(groups=["sales"])
    assert "sales 1 person" in owner.follow(done).dom.text
    found = owner.get(f"admin/apps/{app.id}/access?find=ann")
    assert "Ann Example" in found.dom.text
    assert owner.submit(found, form=next(n for n, f in enumerate(found.dom.forms) if "add" in f.names())).is_redirect
    assert rule(provider, app) == Access.only(groups=["sales"], persons=[ann.id])
    assert send(owner, app, "access", who="groups", group="sales", edition=edition(provider, app)).is_redirect
    assert rule(provider, app).persons == {ann.id}  # the groups are another matter
    assert send(owner, app, "access", take=ann.id).is_redirect
    assert rule(provider, app) == Access.only(groups=["sales"])
    assert send(owner, app, "access", who="nobody", edition=edition(provider, app)).is_redirect
    assert rule(provider, app) == Access.only()
    assert send(owner, app, "access", who="", edition=edition(provider, app)).status == 400
    assert send(owner, app, "access", who="everyone", edition=edition(provider, app)).is_redirect
    assert send(owner, app, "access", add=ann.id).status == 400


def test_C4_a_rule_that_somebody_changed_meanwhile_is_not_overwritten(provider: Provider, owner: Browser) -> None:
    app = provider.add_client("CRM")
    page = owner.get(f"admin/apps/{app.id}/access")
    provider.services.registry.change_access(app.id, lambda _: Access.only(groups=["hr"]))
    assert owner.submit(page, form=form_at(page, "/access"), who="everyone").status == 409
    assert rule(provider, app) == Access.only(groups=["hr"])


def test_R5_why_somebody_may_or_may_not_open_it_is_answered(provider: Provider, owner: Browser) -> None:
    provider.add_person("ann", groups=("sales",))
    provider.add_person("bob")
    app = provider.add_client("CRM", access=Access.only(groups=["sales"]))
    assert "may open it : the person is in the group sales" in owner.get(f"admin/apps/{app.id}/access?why=ann").dom.text
    no = owner.get(f"admin/apps/{app.id}/access?why=bob@example.com").dom.text
    assert "may not open it : the person is in none of its groups (sales)" in no
    assert "Nobody has this username" in owner.get(f"admin/apps/{app.id}/access?why=%3Cscript%3E").dom.text


def test_R6_a_new_secret_works_beside_the_old_one_until_that_ends(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    app = provider.add_client("CRM")
    page = owner.get(f"admin/apps/{app.id}/secrets")
    place = next(n for n, form in enumerate(page.dom.forms) if "once" in form.names())
    made = owner.submit(page, form=place, keep="3600")
    found = re.search(r'<code id="secret">([^<]+)</code>', made.text)
    assert found is not None
    client = provider.services.registry.get(app.id)
    assert app.secret is not None
    assert client.find_secret(found[1], clock()) is not None
    assert client.find_secret(app.secret, clock()) is not None
    assert client.find_secret(app.secret, clock() + 3601) is None
    assert owner.submit(page, form=place, keep="3600").is_redirect  # a reload makes no third one
    assert len(provider.services.registry.list_secrets(app.id)) == 2
    after = owner.get(f"admin/apps/{app.id}/secrets")
    assert found[1] not in after.text
    old = provider.services.registry.list_secrets(app.id)[0].id
    assert send(owner, app, "secrets", end=old).is_redirect
    assert provider.services.registry.get(app.id).find_secret(app.secret, clock()) is None
    assert send(owner, app, "secrets", end=old).status == 400
    assert send(owner, app, "secrets", keep="-1").status == 400


def test_C3_a_secret_asks_for_a_fresh_sign_in(provider: Provider, owner: Browser, clock: Clock) -> None:
    app = provider.add_client("CRM")
    clock.advance(3600)
    assert send(owner, app, "secrets", keep="0").is_login_page
    assert len(provider.services.registry.list_secrets(app.id)) == 1


def test_R7_off_on_removed_and_back_each_says_first_what_it_ends(provider: Provider, owner: Browser) -> None:
    provider.add_person("ann")
    app = provider.add_client("CRM")
    tokens = provider.sign_in(provider.browser(), app)
    assert provider.redeem(app, tokens.code).status == 200
    registry = provider.services.registry
    page = owner.get(f"admin/apps/{app.id}/state")
    assert "1 sign-in that stands there now ends for good (1 person)" in page.dom.text
    off = owner.submit(page, form=form_at(page, "/state"))
    assert off.is_redirect
    assert not registry.get(app.id).enabled
    page = owner.follow(off)
    assert "0 sign-ins" in page.dom.text
    assert owner.submit(page, form=form_at(page, "/state")).is_redirect
    assert registry.get(app.id).enabled
    wrong = owner.submit(page, form=form_at(page, "/remove"), name="Crm")
    assert wrong.status == 400
    assert registry.find(app.id) is not None
    gone = owner.submit(page, form=form_at(page, "/remove"), name="CRM")
    assert gone.is_redirect
    assert registry.find(app.id) is None
    removed = owner.follow(gone)
    assert "It is removed" in removed.dom.text
    assert owner.submit(removed, form=form_at(removed, "/remove")).is_redirect
    assert registry.get(app.id).name == "CRM"


def test_C2_an_app_admin_touches_no_other_application_and_removes_none(provider: Provider, enter: Enter) -> None:
    mine, other = provider.add_client("Mine"), provider.add_client("Other")
    ann = provider.add_person("ann")
    visitor = enter("carol", RoleGrant("app_admin", (mine.id,)))
    key = form_key(visitor.get(f"admin/apps/{mine.id}"))
    before = edition(provider, other)
    for path, values in (
        ("access", {"who": "nobody", "edition": before}), ("access", {"add": ann.id}), ("secrets", {"keep": "0"}),
        ("state", {"do": "off"}), ("remove", {"name": "Other"}), ("history", {"undo": "x"}),
    ):  # fmt: skip
        assert visitor.get(f"admin/apps/{other.id}/{path}").status == 403, path
        assert visitor.post(f"admin/apps/{other.id}/{path}", {**key, **values}).status == 403, path
    assert visitor.post(f"admin/apps/{mine.id}/remove", {**key, "name": "Mine"}).status == 403
    assert edition(provider, other) == before
    assert len(provider.services.registry.list_secrets(other.id)) == 1
    assert visitor.post(f"admin/apps/{mine.id}/state", {**key, "do": "off"}).is_redirect


def test_C5_what_only_its_file_changes_is_refused_here(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(admin={"second_factor": False, "managed": "refuse"})
    boss, ann, app = provider.add_person("boss"), provider.add_person("ann"), provider.add_client("CRM")
    give(provider, boss.id, RoleGrant("owner"))
    provider.services.registry.change_access(app.id, lambda _: Access.only())
    marks.put(provider.services.db, "application", app.id, "apps.toml", ("name",), provider.clock())
    browser = provider.browser()
    browser.log_in(browser.get(""), "boss")
    key = form_key(browser.get(f"admin/apps/{app.id}"))
    before = edition(provider, app)
    for path, values in (
        ("access", {"add": ann.id}), ("access", {"take": ann.id}), ("access", {"who": "everyone", "edition": before}),
        ("state", {"do": "off"}), ("remove", {"name": "CRM"}),
    ):  # fmt: skip
        assert browser.post(f"admin/apps/{app.id}/{path}", {**key, **values}).status == 403, path
    assert edition(provider, app) == before


def test_S59_an_auditor_reads_and_changes_nothing(provider: Provider, enter: Enter) -> None:
    app = provider.add_client("CRM")
    auditor = enter("sam", RoleGrant("auditor"))
    key = form_key(auditor.get(f"admin/apps/{app.id}"))
    for path in ("access", "secrets", "history"):
        page = auditor.get(f"admin/apps/{app.id}/{path}")
        assert page.status == 200
        assert not [form for form in page.dom.forms if form.method == "POST" and f"/admin/apps/{app.id}" in form.action]
        assert auditor.post(f"admin/apps/{app.id}/{path}", {**key, "who": "nobody", "keep": "0"}).status == 403
    assert auditor.get(f"admin/apps/{app.id}/state").status == 403
    assert auditor.get(f"admin/apps/{app.id}/remove").status == 403


def test_B1_names_that_are_code_are_shown_as_text_wherever_they_stand(provider: Provider, owner: Browser) -> None:
    hostile = """"><script>alert(1)</script><b id=x>'"""
    provider.add_person("eve", name=hostile, groups=(hostile,))
    app = provider.add_client(hostile, redirect_uris=["https://x.example/cb"], access=Access.only(groups=[hostile]))
    for path in ("access?find=eve", "access?why=eve", "secrets", "state"):
        page = owner.get(f"admin/apps/{app.id}/{path}")
        assert page.status == 200
        assert "<script>alert" not in page.text
        assert not page.dom.find("b", id="x")


def test_R4_access_is_given_for_a_time_and_the_page_says_so(provider: Provider, owner: Browser, clock: Clock) -> None:
    ann = provider.add_person("ann", groups=("sales",))
    app = provider.add_client("CRM", access=Access.only(groups=["sales"], persons=[ann.id]))
    done = send(owner, app, "access", term="group:sales", **{"from": "", "until": "2099-01-31T18:00"})
    assert done.is_redirect
    term = rule(provider, app).term_of("group:sales")
    assert term.until is not None
    assert datetime.fromtimestamp(term.until, UTC) == datetime(2099, 1, 31, 18, tzinfo=UTC)
    page = owner.follow(done)
    assert page.dom.find("input", name="until", value="2099-01-31T18:00")
    for wrong in (
        {"until": "2020-01-01T00:00"},
        {"until": "tomorrow"},
        {"from": "2099-02-01T00:00", "until": "2099-01-01T00:00"},
    ):
        bad = send(owner, app, "access", term=f"person:{ann.id}", **{"from": "", "until": "", **wrong})
        assert bad.status == 400
        assert bad.dom.find("input", name="until", value=wrong["until"]), "what was typed stays"
    assert send(owner, app, "access", term="group:others", until="2099-01-31T18:00").status == 400
    edited = send(owner, app, "access", who="groups", group="sales", edition=edition(provider, app))
    assert edited.is_redirect
    assert rule(provider, app).term_of("group:sales") == term, "another form leaves it as it is"
    provider.services.registry.change_access(app.id, lambda now: now.with_terms({"group:sales": Term(until=clock())}))
    assert "not at this moment" in owner.get(f"admin/apps/{app.id}/access").dom.text
    assert send(owner, app, "access", term="group:sales", **{"from": "", "until": ""}).is_redirect
    assert rule(provider, app).terms == ()
