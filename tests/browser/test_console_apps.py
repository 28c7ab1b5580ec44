"""The console's applications in a browser: an owner connects EspoCRM from the gallery and sees what to paste there.

R1, R2, R4, B1: wide in the light, and on a phone in the dark without JavaScript; axe on each page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from idp.accounts import roles
from idp.accounts.person import Draft
from idp.accounts.roles import RoleGrant
from tests.browser.windows import Windows, log_in
from tests.provider import PASSWORD
from tests.server import Server, unique


@pytest.fixture(scope="module")
def company(run_pid: int) -> Iterator[Server]:
    """A provider whose console asks for no second factor: that has tests of its own."""
    server = Server(run_pid, admin={"second_factor": False})
    yield server
    server.close()


@pytest.mark.parametrize(("width", "scheme", "js"), [(1280, "light", True), (360, "dark", False)])
def test_R1_B1_journey_1_an_owner_connects_espocrm_and_sees_what_to_paste(
    windows: Windows, company: Server, width: int, scheme: str, js: bool
) -> None:
    services = company.services
    name = unique("boss")
    owner = services.directory.add(
        Draft(username=name, name="Olivia Owner", email=f"{name}@example.com", groups=("sales",)),
        password_hash=services.passwords.hash(PASSWORD),
    )
    roles.change(services.db, owner.id, give=[RoleGrant("owner")], by="test", now=services.clock(),
                 record=lambda _tx, _action, _detail: None)  # fmt: skip
    windows.welcome.add(company.issuer)
    page = windows.open(width, 800, scheme, js)
    page.goto(f"{company.issuer}/admin/apps")
    log_in(page, owner)
    expect(page.get_by_role("heading", level=1)).to_have_text("Applications")
    windows.keep(page, "list")
    page.get_by_role("link", name=re.compile("Connect an application|Connect the first one")).first.click()
    page.get_by_role("searchbox", name="Search the gallery").fill("espo")
    if not js:
        page.locator("#main").get_by_role("button", name="Search").last.click()
    expect(page.locator("#found li")).to_have_count(1)
    windows.keep(page, "gallery")
    page.get_by_role("link", name=re.compile("EspoCRM")).click()
    page.get_by_label("Address of EspoCRM").fill("crm example")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.locator("#q-app-problem")).to_contain_text("Example: https://crm.example.com")
    windows.keep(page, "wrong")
    page.get_by_label("Address of EspoCRM").fill("https://crm.larkfield.example")
    page.get_by_label("Members of these groups").check()
    page.get_by_label("sales").check()
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("EspoCRM is connected")
    expect(page.locator("main")).to_contain_text(f"{company.issuer}/oauth/token")
    expect(page.locator("main")).to_contain_text("Administration › Authentication")
    windows.keep(page, "made")
    page.get_by_role("link", name="To the application's page").click()
    windows.keep(page, "page")
    for tab in ("Settings", "Who may open it", "Secrets", "History", "Turn off or remove"):
        page.get_by_role("navigation", name="EspoCRM").get_by_role("link", name=tab).click()
        expect(page.locator(".tabs [aria-current]")).to_have_text(tab)
        windows.keep(page, tab.split()[0].lower())


@pytest.mark.parametrize(("width", "scheme", "js"), [(1280, "light", True), (360, "dark", False)])
def test_C2_C6_journey_3_an_app_admin_changes_the_one_app_that_is_theirs_sees_the_difference_and_undoes_it(
    windows: Windows, company: Server, width: int, scheme: str, js: bool
) -> None:
    services, name = company.services, unique("carol")
    crm, payroll = unique("CRM"), unique("Payroll")
    mine, other = company.add_client(crm), company.add_client(payroll)
    carol = company.add_person(name, name="Carol Crm")
    roles.change(services.db, carol.id, give=[RoleGrant("app_admin", (mine.id,))], by="test", now=services.clock(),
                 record=lambda _tx, _action, _detail: None)  # fmt: skip
    windows.welcome.add(company.issuer)
    page = windows.open(width, 800, scheme, js)
    page.goto(f"{company.issuer}/admin/apps")
    log_in(page, carol)
    expect(page.locator("main")).to_contain_text(crm)
    assert payroll not in page.content()
    page.get_by_role("link", name=crm).click()
    page.get_by_role("navigation", name=crm).get_by_role("link", name="Settings").click()
    field = page.get_by_label("Redirect URIs", exact=True)
    before = field.input_value()
    field.fill("http://crm.larkfield.example/back")
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.locator("#main")).to_contain_text("https")
    expect(page.get_by_label("Redirect URIs", exact=True)).to_have_value("http://crm.larkfield.example/back")
    windows.keep(page, "settings-wrong")
    page.get_by_label("Redirect URIs", exact=True).fill("https://crm.larkfield.example/back")
    page.get_by_role("button", name="Save", exact=True).first.click()
    expect(page.get_by_role("status")).to_be_visible()
    page.get_by_role("navigation", name=crm).get_by_role("link", name="History").click()
    change = page.locator("ul.rows > li").filter(has=page.locator("ins", has_text="https://crm.larkfield.example/back"))
    expect(change.locator("del")).to_have_text(before.strip())
    expect(change).to_contain_text(name)
    windows.keep(page, "difference")
    change.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_be_visible()
    page.get_by_role("navigation", name=crm).get_by_role("link", name="Settings").click()
    expect(page.get_by_label("Redirect URIs", exact=True)).to_have_value(before)
    assert page.goto(f"{company.issuer}/admin/apps/{other.id}/edit").status in (403, 404)  # type: ignore[union-attr]
