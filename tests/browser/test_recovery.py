"""Getting back in, in a real browser: on a phone, in the dark, without JavaScript, by link and by code. P4, P5, P6."""

from __future__ import annotations

import re
import sqlite3

from playwright.sync_api import Page, expect

from idp.accounts.person import Person
from idp.accounts.recovery import contacts
from idp.mail import outbox
from tests.browser.recovery_mails import NEW, link_of, mail
from tests.browser.site import Site
from tests.browser.windows import Windows, log_in
from tests.provider import PASSWORD
from tests.server import Server


def code_of(kept: outbox.Kept) -> str:
    found = re.search(r"\b\d{4} \d{4}\b|\b\d{6}\b", kept.text)
    assert found, kept.text
    return found[0]


def forget(page: Page, site: Site, person: Person) -> None:
    page.goto(site.issuer)
    page.get_by_role("link", name="Forgot password?").click()
    page.fill("#login", person.username)


def test_P4_a_forgotten_password_is_set_by_the_link_of_a_mail(windows: Windows, site: Site) -> None:
    ann = site.someone("Ann Example", email_verified=True)
    page = windows.open()
    forget(page, site, ann)
    windows.shoot(page, "asks")
    page.get_by_role("button", name="Send me a mail").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look at your mail")
    windows.shoot(page, "sent")
    page.goto(link_of(mail(site, "reset_password", str(ann.email))))
    page.fill("#password", "too short")
    page.fill("#confirm", "too short")
    page.evaluate("document.querySelector('form').noValidate = true")
    page.get_by_role("button", name="Save password").click()
    expect(page.locator("#problems")).to_contain_text("at least 15 characters")
    windows.shoot(page, "refused")
    page.fill("#password", NEW)
    page.fill("#confirm", NEW)
    page.get_by_role("button", name="Save password").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")
    mail(site, "password_changed", str(ann.email))


def test_P4_by_the_code_on_a_phone_without_javascript_in_the_dark(windows: Windows, site: Site) -> None:
    ann = site.someone("Ann Example", email_verified=True)
    page = windows.open(360, 740, "dark", js=False)
    forget(page, site, ann)
    windows.shoot(page, "asks")
    page.get_by_role("button", name="Send me a mail").click()
    windows.shoot(page, "sent")
    page.fill("#code", "0000 0000")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#error")).to_contain_text("not the code")
    windows.shoot(page, "wrong")
    page.fill("#code", code_of(mail(site, "reset_password", str(ann.email))))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a password")
    windows.shoot(page, "choose")
    page.fill("#password", NEW)
    page.fill("#confirm", NEW)
    page.get_by_role("button", name="Save password").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")


def test_P5_a_forgotten_username_comes_by_mail(windows: Windows, site: Site) -> None:
    ann = site.someone("Ann Example", email_verified=True)
    page = windows.open(360, 740)
    page.goto(site.issuer)
    page.get_by_role("link", name="Forgot username?").click()
    page.fill("#email", str(ann.email))
    windows.shoot(page, "asks")
    page.get_by_role("button", name="Send me my username").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look at your mail")
    windows.shoot(page, "sent")
    assert ann.username in mail(site, "usernames", str(ann.email)).text


def test_P6_a_recovery_address_is_added_reviewed_changed_and_put_back(windows: Windows, site: Site) -> None:
    ann = site.someone("Ann Example", email_verified=True)
    home, evil = f"{ann.username}@home.example", f"{ann.username}@evil.example"
    page = windows.open()
    page.goto(site.issuer)
    log_in(page, ann)
    page.goto(site.issuer + "/security")
    page.get_by_role("link", name="Recovery address and number").click()
    windows.shoot(page, "empty")
    for address in (home, evil):
        page.fill("#email", address)
        page.get_by_role("button", name="Send a code there").click()
        expect(page.locator("#code")).to_be_focused()
        windows.shoot(page, "code")
        page.fill("#code", code_of(mail(site, "confirm_address", address)))
        page.get_by_role("button", name="Confirm", exact=True).click()
        expect(page.locator(".rows")).to_contain_text(address)
    windows.shoot(page, "changed")
    page.goto(site.issuer + "/recovery/review")
    windows.shoot(page, "review")
    page.click("#right")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")
    phone = windows.open(360, 740, "dark", js=False)
    # N6: home was confirmed a minute ago, so it hears of the change and can do nothing; the account's address can.
    assert "://" not in mail(site, "recovery_address_changed", home).text
    phone.goto(link_of(mail(site, "recovery_address_changed", str(ann.email))))
    windows.shoot(phone, "undo")
    phone.click("#undo")
    expect(phone.get_by_role("heading", level=1)).to_have_text("The change is taken back")
    windows.shoot(phone, "undone")
    assert [one.value for one in contacts.of_person(site.services, ann.id).values()] == [home]
    narrow = windows.open(360, 740, "dark")
    narrow.goto(site.issuer + "/security/recovery")
    log_in(narrow, ann, PASSWORD)
    windows.shoot(narrow, "narrow")


def test_P3_a_password_that_ran_out_is_changed_inside_the_sign_in(windows: Windows, run_pid: int) -> None:
    server = Server(run_pid, passwords={"expire_days": {"*": 30}})
    try:
        ann = server.add_person("ann", name="Ann Example")
        db = sqlite3.connect(server.services.settings.data_dir / "doorward.db")
        with db:
            db.execute("UPDATE people SET password_changed_at = password_changed_at - ?", (31 * 86400,))
        db.close()
        windows.welcome.add(server.issuer)
        for page in (windows.open(360, 740, "dark", js=False), windows.open()):
            page.goto(server.issuer)
            log_in(page, ann)
            expect(page.get_by_role("heading", level=1)).to_have_text("Time for a new password")
            windows.shoot(page, "asks")
        page.fill("#password", NEW)
        page.fill("#confirm", NEW)
        page.get_by_role("button", name="Save and go on").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")
    finally:
        server.close()
