"""Consent, errors, lockout, the first owner, the launcher, signing out, help: what each page does when it is used."""

from __future__ import annotations

import json
import re
import time

from playwright.sync_api import Page, expect

from idp.accounts.person import Person
from tests.browser.arriving import landed
from tests.browser.site import SUPPORT, Site
from tests.browser.windows import Windows, log_in
from tests.provider import PASSWORD, App
from tests.server import unique

NEW_PASSWORD = "seven quiet pelicans over harwich"


def ask(page: Page, site: Site, app: App, **overrides: str) -> None:
    """Come from an application."""
    page.goto(site.authorize_url(app, **overrides))


# -- consent ---------------------------------------------------------------------------------------------------------


def test_consent_is_asked_once_and_again_when_scopes_grow(windows: Windows, site: Site, ann: Person) -> None:
    app, page = site.local_app("Notes", consent="explicit"), windows.open()
    ask(page, site, app, scope="openid profile")
    log_in(page, ann)
    expect(page.get_by_role("heading", level=1)).to_have_text("Let Notes in?")
    windows.shoot(page, "first")
    page.click("#allow")
    assert "code" in landed(page, site)
    ask(page, site, app, scope="openid profile", state="st 9")
    assert "code" in landed(page, site)  # remembered
    ask(page, site, app, scope="openid profile email")
    expect(page.get_by_role("heading", level=1)).to_have_text("Notes asks for more")
    assert page.locator(".row:has(.tag)").all_inner_texts()[0].startswith("Your e-mail address")
    windows.shoot(page, "grown")
    page.click("#allow")
    assert "code" in landed(page, site)


def test_denying_consent_tells_the_app_and_keeps_the_person_signed_in(
    windows: Windows, site: Site, ann: Person
) -> None:
    app, page = site.local_app("Notes", consent="explicit"), windows.open(360, 740, "dark")
    ask(page, site, app)
    log_in(page, ann)
    windows.shoot(page, "asked")
    page.click("#deny")
    got = landed(page, site)
    assert (got["error"], got["state"], got["iss"]) == ("access_denied", "st 8", site.issuer)
    page.goto(site.issuer)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")


def test_not_you_leads_to_another_person_and_never_mixes_the_two(windows: Windows, site: Site, ann: Person) -> None:
    app, page, bob = site.local_app("Notes", consent="explicit"), windows.open(), site.someone("Bob Other")
    ask(page, site, app)
    log_in(page, ann)
    page.get_by_role("button", name="Not you?").click()
    expect(page.locator("#login")).to_have_value("")
    log_in(page, bob)
    expect(page.locator(".account")).to_contain_text(bob.username)
    expect(page.locator("body")).not_to_contain_text(ann.username)
    page.click("#allow")
    tokens = site.redeem(app, landed(page, site)["code"]).json
    assert site.userinfo(tokens["access_token"]).json["sub"] == bob.id


# -- errors ----------------------------------------------------------------------------------------------------------


def test_a_refused_redirect_uri_is_a_page_with_an_id_that_the_audit_explains(windows: Windows, site: Site) -> None:
    app = site.local_app("Notes")
    page = windows.open(permissions=["clipboard-read", "clipboard-write"], timezone_id="UTC")
    answer = page.goto(site.authorize_url(app, redirect_uri=site.landing + "/elsewhere"))
    assert answer is not None
    assert answer.status == 400
    assert page.url.startswith(site.issuer)
    error_id = page.locator(".facts .code").inner_text()
    assert re.fullmatch(r"E-[2-9A-Z]{5}-[2-9A-Z]{5}", error_id)
    expect(page.locator("time")).to_have_text(
        re.compile(r"^[A-Z][a-z]{2} \d+, \d{4}, \d+:\d\d\s[AP]M$")
    )  # N37: their own
    expect(page.locator("#report")).to_contain_text("UTC")
    windows.shoot(page, "error")
    page.get_by_role("button", name="Copy details").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert error_id in copied
    assert "Notes" in copied
    assert error_id in (page.get_by_role("link", name="Send to IT").get_attribute("href") or "")
    # What is registered is told to admins alone.
    assert site.landing + "/cb" not in page.content()
    explained = site.cli("audit", "show", error_id)
    assert explained.returncode == 0, explained.stderr
    assert "/elsewhere" in explained.stdout
    assert site.landing + "/cb" in explained.stdout


def test_a_refused_redirect_uri_on_a_phone_without_javascript(windows: Windows, site: Site) -> None:
    page = windows.open(360, 740, "dark", js=False)
    page.goto(site.authorize_url(site.local_app("Notes"), redirect_uri="https://elsewhere.example/"))
    expect(page.get_by_role("button", name="Copy details")).to_be_hidden()
    page.get_by_text("Details as text").click()
    windows.shoot(page, "error")


def test_an_address_that_leads_nowhere_says_so(windows: Windows, site: Site) -> None:
    page = windows.open()
    answer = page.goto(site.issuer + "/no/such/page")
    assert answer is not None
    assert answer.status == 404
    windows.shoot(page, "not-found")
    page.get_by_role("link", name="Go to the start").click()
    expect(page.locator("#password")).to_be_visible()


# -- lockout ---------------------------------------------------------------------------------------------------------


def test_W1_a_pause_counts_down_names_the_ways_out_and_ends_when_an_admin_unlocks(
    windows: Windows, site: Site, ann: Person
) -> None:
    app, page = site.local_app("Notes"), windows.open(locale="en-GB", timezone_id="Europe/Berlin")
    ask(page, site, app)
    for number in range(5):
        log_in(page, ann, f"wrong password number {number}")
    expect(page.locator("#pause h2")).to_have_text("Too many wrong passwords")
    timer = page.locator("[role=timer]")
    seen = timer.inner_text()
    assert re.fullmatch(r"(\d+ seconds|1:00) left\.", seen), seen
    expect(timer).not_to_have_text(seen)
    pause = page.locator("#pause").inner_text()
    own = re.search(r"until (\d\d):(\d\d)\.", pause)
    assert own is not None, pause
    assert "UTC" not in pause
    assert (int(own[1]) - time.gmtime().tm_hour) % 24 in (1, 2, 3)
    assert page.locator("#pause .ways").get_by_role("link", name=SUPPORT).count() == 1
    assert page.locator("#pause .ways a[href$='/help/password']").count() == 1
    windows.shoot(page, "paused")
    log_in(page, ann)  # right, and not looked at
    expect(page.locator("#pause")).to_be_visible()
    site.cli_json("user", "unlock", ann.username, "--json")
    log_in(page, ann)
    assert "code" in landed(page, site)


def test_W1_a_pause_on_a_phone_without_javascript_tells_the_clock_time(windows: Windows, site: Site) -> None:
    app, page, nobody = site.local_app("Notes"), windows.open(360, 740, "dark", js=False), unique("nobody")
    ask(page, site, app)
    for number in range(5):
        page.fill("#login", nobody)  # L7: a name that nobody has is paused alike
        page.fill("#password", f"wrong password number {number}")
        if number >= 3:  # W4
            page.fill("#digits", pictured(page, site))
        page.click("button.main")
    expect(page.locator("#pause")).to_contain_text(re.compile(r"until \d+:\d\d\s[AP]M UTC"))
    expect(page.locator("[role=timer]")).to_have_text(re.compile(r"^(About 1|Less than a) minute left\.$"))
    windows.shoot(page, "paused")


def pictured(page: Page, site: Site) -> str:
    """The digits that somebody reads in the picture: opened with the provider's own key."""
    page.wait_for_load_state()
    picture = page.locator("main img[src*='/check/picture/']")
    assert picture.evaluate("image => image.complete && image.naturalWidth") == 220
    token = (picture.get_attribute("src") or "").rpartition("/")[2]
    (_, digits, _), _ = json.loads(site.services.sealer.open("robot-check", token))
    return str(digits)


def test_the_end_of_the_pause_is_said(windows: Windows, site: Site, ann: Person) -> None:
    page = windows.open()
    page.clock.install()
    page.goto(site.issuer)
    for number in range(5):
        log_in(page, ann, f"wrong password number {number}")
    page.wait_for_load_state()
    page.clock.run_for(61_000)
    expect(page.locator("#pause-over")).to_have_text("The wait is over: you can try again.")
    expect(page.locator("[role=timer]")).to_be_empty()


# -- the first owner, the launcher, signing out ----------------------------------------------------------------------


def test_the_first_owners_link_sets_a_password_once_and_lands_in_the_launcher(windows: Windows, site: Site) -> None:
    page = windows.open()
    page.goto(site.owner_link)
    page.reload()  # looking uses nothing up
    expect(page.get_by_role("heading", level=1)).to_contain_text("Welcome")
    page.fill("#password", "short")
    assert "5 of 15" in page.locator(".meter").inner_text()
    page.fill("#password", "111111111111111111")
    expect(page.locator(".meter")).to_have_attribute("data-level", "1")
    page.fill("#password", NEW_PASSWORD)
    expect(page.locator(".meter")).to_have_attribute("data-level", "4")
    page.fill("#confirm", "seven quiet penguins")
    page.locator("#confirm").blur()
    expect(page.locator("#match")).to_have_text("The two are not the same yet.")
    windows.shoot(page, "choose")
    page.get_by_role("button", name="Save password").click()
    expect(page.locator("#problems")).to_contain_text("differ")
    windows.shoot(page, "problem")
    page.fill("#password", NEW_PASSWORD)
    page.fill("#confirm", NEW_PASSWORD)
    page.get_by_role("button", name="Save password").click()
    page.wait_for_url(site.issuer + "/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")
    page.goto(site.owner_link)
    expect(page.get_by_role("heading", level=1)).to_have_text("This link no longer works")
    windows.shoot(page, "used")
    other = windows.open()
    other.goto(site.owner_link)
    other.get_by_role("link", name="Sign in").click()
    expect(other.locator("#password")).to_be_visible()


def test_A1_A7_the_launcher_opens_apps_and_sign_out_stands_at_the_top_right(
    windows: Windows, site: Site, ann: Person
) -> None:
    page = windows.open()
    page.goto(site.issuer)
    log_in(page, ann)
    page.get_by_role("searchbox").fill("crm")
    expect(page.get_by_role("link", name="Larkfield CRM")).to_be_visible()
    expect(page.get_by_role("link", name="Desk")).to_be_hidden()
    page.get_by_role("link", name="Larkfield CRM").click()
    page.wait_for_url(site.crm + "/")
    page.goto(site.issuer)
    assert not page.get_by_role("searchbox").input_value()
    out = page.locator("header > button", has_text="Sign out")
    place = out.bounding_box()
    assert place is not None
    assert place["x"] + place["width"] > 1280 - 64
    assert place["y"] < 64
    page.goto(site.issuer + "/logout")  # an address that was opened is asked; a press on the page is the answer (N34)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign out?")
    windows.shoot(page, "confirm")
    page.get_by_role("link", name="Stay signed in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")
    out.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    expect(page.locator(".rows")).to_contain_text("Larkfield CRM")
    windows.shoot(page, "signed-out")
    page.get_by_role("link", name="Sign in again").click()
    expect(page.locator("#password")).to_be_visible()
    page.goto(site.crm)
    expect(page.locator("#password")).to_be_visible()


def test_A7_an_app_without_a_hint_has_the_person_asked_and_gets_them_back(
    windows: Windows, site: Site, ann: Person
) -> None:
    app = site.local_app("Notes", post_logout_redirect_uris=[site.landing + "/welcome"])
    page = windows.open(360, 740)
    page.goto(site.issuer)
    log_in(page, ann)
    page.goto(f"{site.issuer}/oauth/logout?client_id={app.id}&post_logout_redirect_uri={site.landing}/welcome&state=s1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign out?")
    windows.shoot(page, "confirm")
    page.click("#confirm")
    page.wait_for_url(site.landing + "/welcome?state=s1")
    page.goto(site.issuer)
    expect(page.locator("#password")).to_be_visible()


def test_a_changed_password_is_the_one_that_counts(windows: Windows, site: Site, ann: Person) -> None:
    page = windows.open(360, 740)
    page.goto(site.issuer)
    log_in(page, ann)
    page.get_by_role("link", name="Security").click()
    windows.shoot(page, "security")
    page.get_by_role("link", name="Change password").click()
    page.fill("#current", "not the password that it is")
    page.fill("#password", NEW_PASSWORD)
    page.fill("#confirm", NEW_PASSWORD)
    page.get_by_role("button", name="Change password").click()
    expect(page.locator("#problems")).to_contain_text("current password")
    windows.shoot(page, "wrong")
    page.fill("#current", PASSWORD)
    page.fill("#password", NEW_PASSWORD)
    page.fill("#confirm", NEW_PASSWORD)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")
    other = windows.open()
    other.goto(site.issuer)
    log_in(other, ann)
    expect(other.locator("#error")).to_be_visible()
    log_in(other, ann, NEW_PASSWORD)
    expect(other.get_by_role("heading", level=1)).to_have_text("Your apps")


def test_access_that_was_given_is_taken_back(windows: Windows, site: Site, ann: Person) -> None:
    app, page = site.local_app("Notes", consent="explicit"), windows.open()
    ask(page, site, app)
    log_in(page, ann)
    page.click("#allow")
    token = site.redeem(app, landed(page, site)["code"]).json["access_token"]
    page.goto(site.issuer + "/access")
    windows.shoot(page, "given")
    page.get_by_role("button", name="Take back").click()
    expect(page.locator(".card")).to_contain_text("No app")
    assert site.userinfo(token).status == 401
    ask(page, site, app, state="st 9")
    expect(page.get_by_role("heading", level=1)).to_have_text("Let Notes in?")


# -- help ------------------------------------------------------------------------------------------------------------


def test_L5_help_pages_lead_on_and_reset_only_this_browser(windows: Windows, site: Site, ann: Person) -> None:
    page, other = windows.open(), windows.open()
    for window in (page, other):
        window.goto(site.issuer)
        log_in(window, ann)
    # A cookie of somebody else.
    page.context.add_cookies([{"name": "theirs", "value": "1", "url": "https://app.example"}])
    page.goto(site.issuer + "/help")
    windows.shoot(page, "help")
    assert page.get_by_role("link", name=SUPPORT).get_attribute("href") == "mailto:" + SUPPORT
    assert page.locator("a[href='https://status.larkfield.example/']").count() == 1
    for name, heading in (("Forgot password", "Forgot your password?"), ("Forgot username", "Forgot your username?")):
        page.get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        windows.shoot(page, name)
        page.go_back()
    page.get_by_role("button", name="Reset this browser").click()
    expect(page.locator("#password")).to_be_visible()
    names = {cookie.get("name") for cookie in page.context.cookies()}
    assert "theirs" in names
    assert "doorward_session" not in names
    other.reload()
    expect(other.get_by_role("heading", level=1)).to_have_text("Your apps")
