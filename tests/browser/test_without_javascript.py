"""Without JavaScript, on a phone: everything but passkeys."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from idp.accounts.factors import admin_codes
from tests.browser.recovery_mails import NEW, link_of, mail
from tests.browser.scanning import following, scan
from tests.browser.site import Site
from tests.browser.windows import Windows, log_in
from tests.provider import PASSWORD


def headed(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def sign_out(page: Page) -> None:
    page.click("header > button[form=leave]")
    headed(page, "You are signed out")


def test_a_whole_life_without_javascript(windows: Windows, site: Site) -> None:
    ann = site.someone("Ann Example", email_verified=True)
    page = windows.open(360, 740, js=False)

    # Another language, and back; whoever was about to sign in still is.
    page.goto(site.issuer + "/security/totp")
    choose_language(page, "Deutsch")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    choose_language(page, "English")
    log_in(page, ann)

    # A second step.
    app = scan(page)
    page.click("main summary")
    expect(page.locator("#seed")).to_be_visible()
    page.fill("#code", app.now())
    page.click("button.main")
    headed(page, "Your backup codes")
    codes = page.locator("#codes li").all_inner_texts()
    with page.expect_download() as saved:
        page.click("#save")
    assert codes[0] in saved.value.path().read_text()
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    page.click("#done")
    sign_out(page)
    page.get_by_role("link", name="Sign in again").click()
    log_in(page, ann)
    page.fill("#code", following(app))
    page.click("button.main")
    headed(page, "Your apps")
    sign_out(page)

    # The phone is not here: the list, the case, the help desk, and a backup code after all.
    page.goto(site.issuer + "/security")
    log_in(page, ann)
    choose_language(page, "Français")  # in the middle of it
    expect(page.locator("#code")).to_be_visible()
    choose_language(page, "English")
    page.click("#other")
    headed(page, "Choose another way")
    page.click("#stuck")
    expect(page.locator("#case")).not_to_be_empty()
    admin_codes.issue(site.services, ann.id, "her phone is at home", "cli:test")
    page.click("button[value=admin]")
    page.fill("#code", "AAAA-AAAA")
    page.click("button.main")
    expect(page.locator("#error")).to_be_visible()
    page.click("#other")
    page.click("button[value=backup]")
    page.fill("#code", codes[0])
    page.click("button.main")
    headed(page, "Security")
    sign_out(page)

    # The password is forgotten, too. A new one does not stand in for the second step (P4).
    page.goto(site.issuer)
    page.get_by_role("link", name="Forgot password?").click()
    page.fill("#login", ann.username)
    page.get_by_role("button", name="Send me a mail").click()
    page.goto(link_of(mail(site, "reset_password", str(ann.email))))
    page.fill("#password", NEW)
    page.fill("#confirm", NEW)
    page.click("button.main")
    page.click("#other")
    page.click("button[value=backup]")
    page.fill("#code", codes[1])
    page.click("button.main")
    headed(page, "Your apps")

    # What is set up is taken off again; the new password is the one that counts.
    page.goto(site.issuer + "/security")
    page.click("#factors a")
    if page.locator("#password").count():
        log_in(page, ann, NEW)
    page.click("#remove")
    expect(page.locator("#changed")).to_contain_text("removed")
    sign_out(page)
    page.goto(site.issuer)
    log_in(page, ann, PASSWORD)
    expect(page.locator("#error")).to_be_visible()
    log_in(page, ann, NEW)
    headed(page, "Your apps")


def choose_language(page: Page, name: str) -> None:
    page.click("footer summary")
    page.get_by_role("button", name=name).click()


def test_L8_back_onto_a_wrong_password_or_code_is_a_page(windows: Windows, site: Site) -> None:
    """And never the browser's own question whether to send the form again (ERR_CACHE_MISS)."""
    ann = site.someone("Ann Example", email_verified=True)
    page = windows.open(360, 740, js=False)
    page.goto(site.issuer + "/security/totp")
    log_in(page, ann, "not the password that it is")
    expect(page.locator("#error")).to_be_visible()
    page.get_by_role("link", name="Forgot password?").click()
    page.go_back()
    expect(page.locator("#error")).to_be_visible()
    page.reload()
    expect(page.locator("#login")).to_have_value(ann.username)
    windows.shoot(page, "slip")
    log_in(page, ann)
    app = scan(page)
    page.fill("#code", app.now())
    page.click("button.main")
    headed(page, "Your backup codes")
    page.click("#done")
    sign_out(page)

    page.goto(site.issuer + "/security")
    log_in(page, ann, "not the password that it is")
    log_in(page, ann)
    page.fill("#code", "000000" if app.now() != "000000" else "000001")
    page.click("button.main")
    expect(page.locator("#error")).to_be_visible()
    page.get_by_role("link", name="Help").first.click()
    page.go_back()
    expect(page.locator("#error")).to_be_visible()
    page.fill("#code", following(app))
    page.click("button.main")
    headed(page, "Security")
    page.go_back()  # onto the slip: nothing is asked twice
    headed(page, "Security")
    page.go_back()
    headed(page, "Security")
