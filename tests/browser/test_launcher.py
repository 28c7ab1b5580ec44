"""The launcher's order by the keyboard, its search, and its looks (T4)."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from clients.access import Access
from idp.accounts.person import Person
from tests.browser.site import Site
from tests.browser.windows import Windows, log_in


def open_launcher(page: Page, site: Site, person: Person) -> None:
    page.goto(site.issuer)
    log_in(page, person)
    expect(page.locator("#apps")).to_be_visible()


def pinned(page: Page) -> list[str]:
    return page.locator("#apps [draggable=true] b").all_text_contents()


def test_T4_tiles_are_put_in_order_by_the_keyboard_and_the_place_is_said(
    windows: Windows, site: Site, ann: Person
) -> None:
    page = windows.open()
    open_launcher(page, site, ann)
    for name in ("Desk", "Larkfield CRM"):
        star = page.get_by_role("button", name=f"Pin ({name})")
        star.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=f"Pin ({name})")).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_role("button", name=f"Pin ({name})")).to_be_focused()
    assert pinned(page) == ["Desk", "Larkfield CRM"]
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Move up (Larkfield CRM)")).to_be_focused()
    windows.shoot(page, "moving")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("Place of Larkfield CRM: 1/2")
    assert pinned(page) == ["Larkfield CRM", "Desk"]
    # There is no way further up: the button that is left has the focus.
    expect(page.get_by_role("button", name="Move down (Larkfield CRM)")).to_be_focused()
    page.reload()
    assert pinned(page) == ["Larkfield CRM", "Desk"]


def test_T4_the_search_looks_at_tiles_and_not_at_their_buttons(windows: Windows, site: Site, ann: Person) -> None:
    page = windows.open()
    open_launcher(page, site, ann)
    page.fill("#search", "pin")
    expect(page.locator("[data-app]:visible")).to_have_count(0)
    expect(page.locator("#none")).to_contain_text("pin")
    page.fill("#search", "desk")
    expect(page.locator("[data-app]:visible")).to_have_count(1)


def test_T4_two_hundred_on_a_phone_and_in_german(windows: Windows, site: Site) -> None:
    ann = site.someone()
    only: dict[str, Any] = {"access": Access.only(persons=[ann.id])}
    for number in range(30):
        site.local_app(f"{'ABCDEFGHIJ'[number % 10]} {number}", **only)
    site.local_app("Feldbuch", "native", redirect_uris=["com.example.feldbuch:/cb"], **only)
    for width, height, scheme in ((360, 740, "dark"), (1280, 650, "light"), (1920, 1080, "dark")):
        page = windows.open(width, height, scheme, locale="de-DE", has_touch=width < 400)
        open_launcher(page, site, ann)
        if width == 360:
            for name in ("A 0", "B 1", "Feldbuch"):
                page.get_by_role("button", name=f"Anheften ({name})").click()
                expect(page.get_by_role("button", name=f"Anheften ({name})")).to_have_attribute("aria-pressed", "true")
        windows.shoot(page, f"many {width} {scheme}")
