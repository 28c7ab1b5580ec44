"""An application's page and its history: what to paste, what went wrong, what changed, undone. R1, R6, C2, C6."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from clients.access import Access
from idp import audit
from idp.accounts.roles import RoleGrant
from idp.admin.configuration import marks
from idp.admin.histories.applications import NO_CHANGE
from idp.console.apps.changes import ACTIONS
from tests.console.conftest import Enter, form_at, form_key
from tests.provider import Answer, App, Browser, Provider

HOSTILE = """"><script>alert(1)</script><b id=x>'&{{7*7}}"""


def change(provider: Provider, app: App, changes: Mapping[str, Any], **more: Any) -> None:
    services = provider.services
    record = audit.recorder(services.clock, "cli:root", address="192.0.2.1")
    services.registry.update(app.id, changes, record=record, **more)


def undos(page: Answer) -> list[int]:
    """The places of the forms that undo, the latest change first."""
    return [place for place, form in enumerate(page.dom.forms) if "undo" in form.names()]


def test_R1_the_page_has_what_to_paste_there(provider: Provider, owner: Browser) -> None:
    app = provider.add_client("CRM")
    text = owner.get(f"admin/apps/{app.id}").dom.text
    for value in (app.id, provider.issuer, f"{provider.issuer}/oauth/token", "OIDC_CLIENT_ID"):
        assert value in text
    assert app.secret is not None
    assert app.secret not in owner.get(f"admin/apps/{app.id}").text


def test_R6_the_page_has_the_latest_failures_with_their_ids_and_the_secrets(provider: Provider, owner: Browser) -> None:
    app = provider.add_client("CRM")
    provider.add_person("ann")
    wrong = provider.authorize(provider.browser(), app, redirect_uri="https://other.example/cb")
    assert wrong.error_id
    text = owner.get(f"admin/apps/{app.id}").dom.text
    assert wrong.error_id in text
    assert "last used: never" in text


def test_R6_an_application_without_a_secret_says_so(provider: Provider, owner: Browser) -> None:
    app = provider.add_client("Phone", "native")
    assert "without a secret" in owner.get(f"admin/apps/{app.id}").dom.text


def test_C6_an_app_admin_sees_the_difference_and_undoes_it(provider: Provider, enter: Enter) -> None:
    app = provider.add_client("CRM", redirect_uris=["https://crm.example/cb", "https://crm.example/two"])
    change(provider, app, {"redirect_uris": ["https://crm.example/cb", "https://new.example/cb"]})
    visitor = enter("carol", RoleGrant("app_admin", (app.id,)))
    page = visitor.get(f"admin/apps/{app.id}/history")
    assert re.findall(r"<del>(.*?)</del>", page.text) == ["https://crm.example/two"]
    assert re.findall(r"<ins>(.*?)</ins>", page.text) == ["https://new.example/cb"]
    assert "cli:root" in page.dom.text
    assert "192.0.2.1" in page.dom.text
    done = visitor.submit(page, form=undos(page)[0])
    assert done.is_redirect
    client = provider.services.registry.get(app.id)
    assert client.metadata["redirect_uris"] == ["https://crm.example/cb", "https://crm.example/two"]
    after = visitor.follow(done)
    assert "as it was before that change" in after.dom.text
    assert "carol" in after.dom.text
    assert visitor.submit(after, form=undos(after)[0]).is_redirect  # the undo is a change, and undone as well
    assert "https://new.example/cb" in provider.services.registry.get(app.id).metadata["redirect_uris"]


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({"access_token_lifetime": 600}, {}),
        ({"consent": "explicit", "id_token_claims": True}, {}),
        ({}, {"name": "Customers"}),
        ({}, {"access": Access.only(groups=["sales"])}),
        ({"require_pkce": False}, {"profile": "legacy"}),
        ({"claims_map": {"a": "b"}}, {"name": "Other", "access": Access.only()}),
    ],
)
def test_C6_every_value_of_a_change_is_put_back(
    provider: Provider, owner: Browser, changes: dict[str, Any], more: dict[str, Any]
) -> None:
    app = provider.add_client("CRM")
    before = provider.services.registry.edition(app.id)
    change(provider, app, changes, **more)
    assert provider.services.registry.edition(app.id) != before
    page = owner.get(f"admin/apps/{app.id}/history")
    assert owner.submit(page, form=undos(page)[0]).is_redirect
    assert provider.services.registry.edition(app.id) == before


def test_C6_what_was_changed_again_since_is_not_undone_over_it(provider: Provider, owner: Browser) -> None:
    app = provider.add_client("CRM")
    change(provider, app, {"access_token_lifetime": 600})
    page = owner.get(f"admin/apps/{app.id}/history")
    change(provider, app, {"access_token_lifetime": 900})
    refused = owner.submit(page, form=undos(page)[0])
    assert refused.status == 409
    assert "600" in refused.dom.text
    assert "900" in refused.dom.text
    assert provider.services.registry.get(app.id).metadata["access_token_lifetime"] == 900


def test_C2_nobody_undoes_changes_of_another_application(provider: Provider, enter: Enter) -> None:
    mine, other = provider.add_client("Mine"), provider.add_client("Other")
    change(provider, mine, {"access_token_lifetime": 600})
    change(provider, other, {"access_token_lifetime": 600})
    visitor = enter("carol", RoleGrant("app_admin", (mine.id,)))
    auditor = enter("sam", RoleGrant("auditor"))
    for page in ("", "/history"):
        assert visitor.get(f"admin/apps/{other.id}{page}").status == 403
    theirs = auditor.get(f"admin/apps/{other.id}/history")
    assert not undos(theirs)
    event = audit.tail(provider.services.db, 1)[0].id
    start = visitor.get(f"admin/apps/{mine.id}/history")
    key = form_key(start)
    assert visitor.post(f"admin/apps/{other.id}/history", {**key, "undo": event}).status == 403
    for undo in (event, "x", "", "0" * 26, "\x00"):
        assert visitor.post(f"admin/apps/{mine.id}/history", {**key, "undo": undo}).status == 409, undo
    assert provider.services.registry.get(other.id).metadata["access_token_lifetime"] == 600


def test_R7_the_page_of_a_removed_application_says_so(provider: Provider, owner: Browser) -> None:
    app = provider.add_client("CRM")
    provider.services.registry.remove(app.id)
    assert "It was removed" in owner.get(f"admin/apps/{app.id}").dom.text
    assert owner.get("admin/apps/unknown").status == 404
    assert owner.get(f"admin/apps/{app.id}/history").status == 404


def test_B1_values_that_are_code_are_shown_as_text(provider: Provider, owner: Browser) -> None:
    app = provider.add_client(HOSTILE, redirect_uris=["https://evil.example/cb"], description=HOSTILE)
    change(provider, app, {"description": HOSTILE + "2", "contacts": ["<b>@x"]}, name=HOSTILE + "2")
    for path in ("", "/history"):
        page = owner.get(f"admin/apps/{app.id}{path}")
        assert page.status == 200
        assert "<script>alert" not in page.text
        assert not page.dom.find("b", id="x")


def test_C5_the_page_says_which_file_manages_the_application(provider: Provider, owner: Browser) -> None:
    app = provider.add_client("CRM")
    assert "manages this application" not in owner.get(f"admin/apps/{app.id}").dom.text
    marks.put(provider.services.db, "application", app.id, HOSTILE, ("name",), provider.services.clock())
    page = owner.get(f"admin/apps/{app.id}")
    assert f"The file {HOSTILE} manages this application. What you change here is taken back" in page.dom.text
    assert "<script>alert" not in page.text


def test_C5_an_undo_by_hand_is_refused_where_the_setting_leaves_it_to_the_file(
    open_provider: Callable[..., Provider],
) -> None:
    provider = open_provider(admin={"second_factor": False, "managed": "refuse"})
    app = provider.add_client("CRM")
    change(provider, app, {"description": "new"})
    person = provider.add_person("olga")
    provider.services.directory.set_roles(person.id, ["owner"])
    browser = provider.browser()
    page = browser.get(f"admin/apps/{app.id}/history")
    page = browser.follow(browser.log_in(page, "olga"))
    marks.put(provider.services.db, "application", app.id, "apps.toml", ("name",), provider.services.clock())
    assert "Change it there." in browser.get(f"admin/apps/{app.id}").dom.text
    refused = browser.submit(page, form=undos(page)[0])
    assert refused.status == 403
    assert provider.services.registry.get(app.id).metadata["description"] == "new"


def test_C6_the_history_has_what_changed_the_application_and_says_it_in_words(
    provider: Provider, owner: Browser
) -> None:
    app = provider.add_client("CRM", access=Access.only())
    provider.add_person("ann")
    owner.get(f"admin/apps/{app.id}/preview?person=ann")
    on_record = [event.action for event in provider.events() if event.client_id == app.id]
    assert "client:previewed" in on_record
    turned_off = owner.get(f"admin/apps/{app.id}/state")
    owner.submit(turned_off, form=form_at(turned_off, "/state"))
    page = owner.get(f"admin/apps/{app.id}/history")
    assert "Turned off" in page.dom.text
    assert "client:" not in page.dom.text


def test_C6_whatever_changes_an_application_has_words_in_its_history() -> None:
    root = Path(__file__).parents[2]
    files = [*(root / "clients").glob("*.py"), *(root / "idp").rglob("*.py")]
    recorded = {name for file in files for name in re.findall(r'"(client:[a-z_]+)"', file.read_text("utf-8"))}
    assert {"client:register", "client:roles", "client:previewed", "client:grants_ended"} <= recorded
    assert recorded - NO_CHANGE == set(ACTIONS)
