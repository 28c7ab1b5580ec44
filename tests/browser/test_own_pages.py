"""The person's own pages in a browser: on a phone, in the dark, without JavaScript. A1–A4, A6–A8."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from idp.accounts import not_me
from idp.accounts.person import Person
from tests.browser.site import Site
from tests.browser.windows import Windows, log_in


def test_A1_tiles_are_searched_pinned_and_ordered_without_javascript(windows: Windows, site: Site, ann: Person) -> None:
    page = windows.open(360, 740, "dark", js=False)
    page.goto(site.issuer)
    log_in(page, ann)
    page.get_by_role("link", name="Pin and arrange").click()
    windows.shoot(page, "nothing pinned")
    page.get_by_role("button", name="Pin (Larkfield CRM)").click()
    page.get_by_role("button", name="Pin (Desk)", exact=True).click()
    page.get_by_role("button", name="Move up (Desk)").click()
    expect(page.locator("#pinned b")).to_have_text(["Desk", "Larkfield CRM"])
    windows.shoot(page, "two pinned")
    page.get_by_role("link", name="Apps", exact=True).click()
    assert page.locator("#apps b").all_inner_texts()[:2] == ["Desk", "Larkfield CRM"]
    page.fill("#search", "larkf")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#apps b")).to_have_text(["Larkfield CRM"])
    windows.shoot(page, "found")
    page.fill("#search", "nothing like it")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#none")).to_contain_text("No app of yours matches")
    windows.shoot(page, "nothing found")


def test_A1_tiles_are_searched_while_typing(windows: Windows, site: Site, ann: Person) -> None:
    page = windows.open()
    page.goto(site.issuer)
    log_in(page, ann)
    expect(page.get_by_role("button", name="Search")).to_be_hidden()
    page.fill("#search", "desk")
    expect(page.locator("#apps li:visible b")).to_have_text([re.compile("Desk")])
    page.fill("#search", "nothing like it")
    expect(page.locator("#none")).to_have_text("No app of yours matches “nothing like it”.")
    page.fill("#search", "")
    expect(page.locator("#apps li:visible").first).to_be_visible()
    windows.shoot(page, "all")


def test_A2_times_are_the_visitors_own_and_utc_without_javascript(windows: Windows, site: Site, ann: Person) -> None:
    page = windows.open(timezone_id="Asia/Tokyo", locale="en-GB")
    page.goto(site.issuer)
    log_in(page, ann)
    page.goto(site.issuer + "/activity")
    page.locator("details.event summary").first.click()
    told = page.locator("details.event time").first
    here = page.evaluate(
        "at => new Intl.DateTimeFormat('en-GB', {dateStyle: 'medium', timeStyle: 'short', timeZone: 'Asia/Tokyo'})"
        ".format(at * 1000)",
        int(told.get_attribute("data-epoch") or ""),
    )
    expect(told).to_have_text(here)
    windows.shoot(page, "open")
    plain = windows.open(360, 740, js=False)
    plain.goto(site.issuer)
    log_in(plain, ann)
    plain.goto(site.issuer + "/activity")
    expect(plain.locator("details.event time").first).to_contain_text("UTC")
    plain.locator("details.event summary").first.click()
    windows.shoot(plain, "open")


def test_A3_everybody_is_locked_out_by_the_link_of_a_mail_without_javascript(
    windows: Windows, site: Site, ann: Person
) -> None:
    inside = windows.open()
    inside.goto(site.issuer)
    log_in(inside, ann)
    page = windows.open(360, 740, "dark", js=False)
    token = not_me.make(site.services.sealer, ann.id, "new_device", site.services.clock())
    page.goto(f"{site.issuer}/not-me/{token}")
    windows.shoot(page, "asked")
    page.click("#secure")
    expect(page.get_by_role("heading", level=1)).to_have_text("Everybody is locked out")
    case = page.locator(".facts .code").inner_text()
    windows.shoot(page, "done")
    inside.goto(site.issuer + "/activity")
    expect(inside.locator("#password")).to_be_visible()
    shown = site.cli("case", "show", case)
    assert shown.returncode == 0, shown.stderr
    assert ann.username in shown.stdout
    page.get_by_role("link", name="Choose a new password").click()
    expect(page).to_have_url(re.compile("/help/password$"))


def test_A4_another_device_is_signed_out_from_this_one_by_keyboard(windows: Windows, site: Site, ann: Person) -> None:
    phone, page = windows.open(360, 740), windows.open(1280, 800, "dark")
    for window in (phone, page):
        window.goto(site.issuer)
        log_in(window, ann)
    page.goto(site.issuer + "/sessions")
    windows.shoot(page, "two")
    button = page.get_by_role("button", name=re.compile(r"^End \("))
    button.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_text("You are signed in nowhere else.")).to_be_visible()
    windows.shoot(page, "one")
    phone.goto(site.issuer)
    expect(phone.locator("#password")).to_be_visible()


def test_A6_a_chosen_theme_holds_on_the_persons_own_pages(windows: Windows, site: Site, ann: Person) -> None:
    page = windows.open(scheme="light")
    page.goto(site.issuer)
    log_in(page, ann)
    page.wait_for_load_state()
    canvas = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(canvas)
    page.locator("[data-theme-switch]").click()
    page.locator("[data-theme-switch]").click()
    dark = page.evaluate(canvas)
    assert dark != light
    for path in ("/profile", "/activity", "/security"):
        page.goto(site.issuer + path)
        assert page.evaluate(canvas) == dark
        windows.shoot(page, path)


def test_A8_a_profile_is_changed_and_what_is_wrong_is_said_at_its_field(
    windows: Windows, site: Site, ann: Person
) -> None:
    page = windows.open(360, 740, "dark")
    page.goto(site.issuer)
    log_in(page, ann)
    page.get_by_role("link", name="Profile").click()
    page.fill("#nickname", "Annie")
    page.fill("#website", "nonsense")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#website-problem")).to_be_visible()
    windows.shoot(page, "wrong")
    page.fill("#website", "https://annie.example")
    page.select_option("#locale", "de")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator("#nickname")).to_have_value("Annie")
    windows.shoot(page, "saved")
