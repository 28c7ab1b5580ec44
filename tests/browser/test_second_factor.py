"""Setting up an authenticator app by its camera, signing in with it, and getting in without it. F1, F2, F5, F6, F7."""

from __future__ import annotations

from collections.abc import Callable

import pyotp
import pytest
from playwright.sync_api import Page, expect

from idp.accounts.factors import admin_codes
from idp.accounts.person import Person
from tests.browser.scanning import following, scan
from tests.browser.site import Site
from tests.browser.windows import Windows, log_in


def set_up(page: Page, site: Site, person: Person) -> pyotp.TOTP:
    """Sign in and set up an app; leaves the page with the backup codes."""
    page.goto(site.issuer + "/security/totp")
    log_in(page, person)
    app = scan(page)
    page.fill("#code", app.now())
    page.fill("#label", "My phone")
    page.click("button.main")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your backup codes")
    return app


def test_F1_an_app_scans_the_page_and_signs_in_from_then_on(windows: Windows, site: Site, ann: Person) -> None:
    page = windows.open()
    app = set_up(page, site, ann)
    page.click("#done")
    expect(page.locator("#factors")).to_contain_text("My phone")
    windows.shoot(page, "security")
    again = windows.open()
    again.goto(site.issuer + "/security")
    log_in(again, ann)
    expect(again.locator("#code")).to_be_focused()
    windows.shoot(again, "asked")
    again.keyboard.type(following(app))
    again.keyboard.press("Enter")
    expect(again.get_by_role("heading", level=1)).to_have_text("Security")


@pytest.mark.parametrize("js", [True, False])
def test_F5_F7_without_the_phone_a_backup_code_lets_in(windows: Windows, site: Site, ann: Person, js: bool) -> None:
    page = windows.open(360, 740, "dark")
    set_up(page, site, ann)
    windows.shoot(page, "codes")
    code = page.locator("#codes li").nth(6).inner_text()
    with page.expect_download() as saved:
        page.click("#save")
    assert code in saved.value.path().read_text()
    again = windows.open(360, 740, "dark", js=js)
    again.goto(site.issuer + "/security")
    log_in(again, ann)
    again.get_by_role("button", name="I don’t have my phone").click()
    windows.shoot(again, "ways")
    again.get_by_role("button", name="Backup code").click()
    again.fill("#code", "nonsense")
    again.click("button.main")
    expect(again.locator("#error")).to_contain_text("ten letters and digits")
    windows.shoot(again, "backup")
    again.fill("#code", code.lower())
    again.click("button.main")
    expect(again.locator("main")).to_contain_text("9 of 10 are left")


def test_F6_F7_with_nothing_left_the_help_desks_code_lets_in_and_asks_to_set_up_anew(
    windows: Windows, site: Site, ann: Person
) -> None:
    set_up(windows.open(), site, ann)
    page = windows.open(360, 740)
    page.goto(site.issuer + "/security")
    log_in(page, ann)
    page.click("#other")
    page.click("#stuck")
    expect(page.locator("#case")).not_to_be_empty()
    issued = admin_codes.issue(site.services, ann.id, "her phone was stolen", "cli:test")
    page.get_by_role("button", name="I have a code from the help desk").click()
    windows.shoot(page, "code")
    page.fill("#code", issued.code)
    page.click("button.main")
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up a second step")
    windows.shoot(page, "set up anew")


def test_F1_the_whole_of_it_works_without_javascript(windows: Windows, site: Site, ann: Person) -> None:
    page = windows.open(360, 740, js=False)
    app = set_up(page, site, ann)
    page.click("#done")
    expect(page.locator("#factors")).to_contain_text("My phone")
    page.click("#factors a")
    page.fill("#label", "Old phone")
    page.click("button[value=rename]")
    expect(page.locator("#factors")).to_contain_text("Old phone")
    page.click("#factors a")
    page.click("#remove")
    expect(page.locator("#changed")).to_contain_text("removed")
    assert app.secret


def _seen_first(page: Page, site: Site) -> None:
    page.goto(site.issuer + "/security")


def _totp(page: Page, site: Site) -> None:
    page.goto(site.issuer + "/security/totp")
    page.click("summary:has-text('scan')")


def _wrong(page: Page, site: Site) -> None:
    page.goto(site.issuer + "/security/totp")
    page.fill("#code", "000000")
    page.click("button.main")
    expect(page.locator("#error")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("visit", [_seen_first, _totp, _wrong])
def test_the_pages_of_setting_up_stand_every_test_of_looks(
    windows: Windows, site: Site, ann: Person, visit: Callable[[Page, Site], None], width: int
) -> None:
    page = windows.open(width, 800)
    page.goto(site.issuer + "/security")
    log_in(page, ann)
    page.wait_for_load_state()
    visit(page, site)
    windows.shoot(page, visit.__name__)


@pytest.mark.parametrize("width", [360, 1280])
def test_the_pages_of_what_is_set_up_stand_every_test_of_looks(
    windows: Windows, site: Site, ann: Person, width: int
) -> None:
    page = windows.open(width, 800)
    set_up(page, site, ann)
    for path in ("/security", "/security/codes"):
        page.goto(site.issuer + path)
        windows.shoot(page, path)
    page.goto(site.issuer + "/security")
    page.click("#factors a")
    windows.shoot(page, "one of them")
