"""The name of whoever signed in last, on the sign-in page of a device that is not shared (T3)."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from idp.accounts.person import Person
from tests.browser.site import Site
from tests.browser.windows import Windows, log_in
from tests.provider import PASSWORD


def come_back(page: Page, site: Site) -> None:
    """Sign out, and open the sign-in page again."""
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("signed out")
    page.goto(site.issuer)


def test_T3_enter_after_the_password_is_all_and_not_you_forgets(windows: Windows, site: Site, ann: Person) -> None:
    page = windows.open()
    page.goto(site.issuer)
    log_in(page, ann)
    come_back(page, site)
    expect(page.locator("#login-hint")).to_have_text(ann.name)
    expect(page.locator("#password")).to_be_focused()
    windows.shoot(page, "greeted")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")
    come_back(page, site)
    page.get_by_role("button", name="Not you?").click()
    expect(page.locator("#login")).to_have_value("")
    expect(page.locator("#login")).to_be_focused()
    page.reload()
    expect(page.get_by_role("button", name="Not you?")).to_have_count(0)


def test_T3_without_javascript(windows: Windows, site: Site, ann: Person) -> None:
    page = windows.open(js=False)
    page.goto(site.issuer)
    log_in(page, ann)
    page.goto(site.issuer + "/logout")
    page.click("#confirm")
    page.goto(site.issuer)
    page.get_by_role("button", name="Not you?").click()
    expect(page.locator("#login")).to_have_value("")


def test_T3_on_a_phone_in_the_dark_and_in_german(windows: Windows, site: Site) -> None:
    ann = site.someone("Annegret Beispielhausen-Mustermann")
    for width, height, scheme in ((360, 740, "dark"), (1280, 650, "light")):
        page = windows.open(width, height, scheme, locale="de-DE")
        page.goto(site.issuer)
        log_in(page, ann)
        page.goto(site.issuer + "/logout")
        page.click("#confirm")
        page.goto(site.issuer)
        expect(page.get_by_role("button", name="Nicht Sie?")).to_be_visible()
        windows.shoot(page, f"greeted {width} {scheme}")
