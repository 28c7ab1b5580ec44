"""The room Providers in a browser: one is added by a template, tried, changed, removed and brought back.

B1, B5, I12: wide in the light, and on a phone in the dark without JavaScript; axe on each page.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from idp.accounts import roles
from idp.accounts.roles import RoleGrant
from idp.federation import health, keeping
from tests.browser.windows import Windows, log_in
from tests.server import Server, unique

TENANT = "5d0f3f2c-8b1e-4c53-9a0e-000000000000"


@pytest.fixture(scope="module")
def company(run_pid: int) -> Iterator[Server]:
    """A provider whose console asks for no second factor."""
    server = Server(run_pid, admin={"second_factor": False}, factors={"personal": "never"})
    yield server
    server.close()


@pytest.mark.parametrize(("width", "scheme", "js"), [(1280, "light", True), (360, "dark", False)])
def test_B5_I12_an_owner_adds_a_provider_tries_it_changes_it_and_takes_a_removal_back(
    windows: Windows, company: Server, width: int, scheme: str, js: bool
) -> None:
    services, name = company.services, unique("Company")
    owner = company.add_person(unique("boss"))
    roles.change(services.db, owner.id, give=[RoleGrant("owner")], by="test", now=services.clock(),
                 record=lambda *_: None)  # fmt: skip
    windows.welcome.add(company.issuer)
    page = windows.open(width, 800, scheme, js)
    page.goto(f"{company.issuer}/admin/providers")
    log_in(page, owner)
    page.get_by_role("link", name="Add a provider").click()
    windows.keep(page, "choose")
    tiles = page.locator(".pick.tiles a").evaluate_all("all => all.map(one => one.getBoundingClientRect().width)")
    assert min(tiles) > 200  # a word a line, not a letter
    page.get_by_role("link", name="Microsoft Entra OpenID Connect").click()
    windows.keep(page, "new")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("tenant")
    windows.keep(page, "wrong")
    page.get_by_label("Tenant").fill(TENANT)
    page.get_by_label("Client ID").fill("9c2e41d0-0000-4000-8000-000000000000")
    page.get_by_label("Client secret").fill("a secret of theirs")
    page.get_by_label("People may sign in through it at once").uncheck()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#redirect-uri")).to_contain_text("/upstream/callback/p")
    windows.keep(page, "show")
    page.get_by_role("button", name="Try it without a person").click()
    expect(page.locator("#found")).to_contain_text("wrong")  # nobody is reached from here
    windows.keep(page, "tried")
    page.locator("nav.tabs").get_by_role("link", name="Try a sign-in").click()
    windows.keep(page, "preview")
    page.locator("nav.tabs").get_by_role("link", name="Settings").click()
    page.locator("summary", has_text="What is taken over").click()
    page.locator("#attributes").fill("given_name = given_name")
    windows.keep(page, "edit")
    page.get_by_role("button", name="Save").click()
    page.locator("nav.tabs").get_by_role("link", name="History").click()
    expect(page.locator("main")).to_contain_text("given_name = given_name")
    windows.keep(page, "history")
    (one,) = [kept.provider for kept in keeping.list_of(services.db) if kept.provider.name == name]
    for _ in range(health.OPENS_AFTER):
        health.failed(services, one, "https://login.microsoftonline.com/…: no answer")
    page.goto(f"{company.issuer}/admin/providers/{one.id}")
    windows.keep(page, "down")
    page.goto(f"{company.issuer}/admin/providers")
    expect(page.locator("main")).to_contain_text("Asked in vain since")
    windows.keep(page, "list")
    page.goto(f"{company.issuer}/admin/providers/{one.id}/remove")
    windows.keep(page, "remove")
    page.get_by_role("button", name="Remove it").click()
    page.get_by_role("button", name="Bring back").click()
    expect(page.locator("main")).to_contain_text("with its links")
