"""The keyboard alone: Tab, Enter, Space and letters, from sign-in to sign-out (WCAG 2.1.1, 2.4.7)."""

from __future__ import annotations

import time

import pyotp
import pytest
from playwright.sync_api import Page, expect

from idp.accounts.person import Person
from tests.browser.site import Site
from tests.browser.windows import Windows
from tests.provider import PASSWORD

STOPS = 60  # at most on a page
#: What is in focus: whether it is the one that is wanted, how it is drawn, and whether it is on the screen.
IN_FOCUS = """(wanted) => {
  const element = document.activeElement, style = getComputedStyle(element), box = element.getBoundingClientRect();
  return {
    found: element.matches(wanted), name: element.outerHTML.slice(0, 90), tag: element.tagName,
    outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
    seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""


class Keys:
    """Somebody without a mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def tab_to(self, wanted: str) -> None:
        """Tab until it is in focus; every stop on the way is seen."""
        for _ in range(STOPS):
            stop = self.page.evaluate(IN_FOCUS, wanted)
            if stop["found"]:
                return
            self.page.keyboard.press("Tab")
            stop = self.page.evaluate(IN_FOCUS, wanted)
            assert stop["tag"] == "BODY" or (stop["outline"] >= 2 and stop["seen"]), stop
        raise AssertionError(f"{wanted} is not reached")

    def press(self, wanted: str, key: str = "Enter") -> None:
        """Tab there, press, and wait for what comes."""
        self.tab_to(wanted)
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def type(self, wanted: str, text: str) -> None:
        """Tab there and type."""
        self.tab_to(wanted)
        self.page.keyboard.type(text)

    def enter(self) -> None:
        """Send the form from the field."""
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")


def headed(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def sign_in(page: Page, person: Person) -> None:
    """On the login page, where the first field that is to be filled in has the focus already (T3)."""
    keys = Keys(page)
    if page.locator("#login").input_value() == person.username:
        expect(page.locator("#password")).to_be_focused()
        page.keyboard.type(PASSWORD)
    else:
        expect(page.locator("#login")).to_be_focused()
        page.keyboard.type(person.username)
        keys.type("#password", PASSWORD)
    keys.enter()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_a_whole_life_without_a_mouse(windows: Windows, site: Site, ann: Person, width: int, scheme: str) -> None:
    page = windows.open(width, 800, scheme)
    keys = Keys(page)
    page.goto(site.issuer + "/security")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    keys.tab_to("#shared")
    page.keyboard.press("Space")
    expect(page.locator("#shared")).to_be_checked()
    page.reload()
    sign_in(page, ann)

    # A second step is set up.
    headed(page, "Security")
    keys.press("a[href$='/security/totp']")
    keys.tab_to("main summary")
    page.keyboard.press("Enter")
    app = pyotp.TOTP(page.locator("#seed").inner_text().replace(" ", ""))
    keys.type("#code", app.now())
    keys.type("#label", "My phone")
    keys.enter()
    headed(page, "Your backup codes")
    code = page.locator("#codes li").nth(3).inner_text()
    keys.press("#done")
    expect(page.locator("#factors")).to_contain_text("My phone")

    # The language, out and in again.
    keys.tab_to("footer summary")
    page.keyboard.press("Space")
    keys.press("button[value=de]")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    keys.tab_to("footer summary")
    page.keyboard.press("Enter")
    keys.press("button[value=en]", "Space")
    sign_out(page)
    keys.press("main a.button")
    sign_in(page, ann)
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(app.at(time.time() + 30))
    keys.enter()
    headed(page, "Your apps")
    sign_out(page)

    # The phone is not here.
    page.goto(site.issuer)
    sign_in(page, ann)
    keys.press("#other")
    headed(page, "Choose another way")
    keys.press("button[name=way][value=totp]", "Space")
    keys.press("#other", "Space")
    keys.press("button[name=way][value=backup]")
    page.keyboard.type(code)
    keys.enter()
    headed(page, "Your apps")


def sign_out(page: Page) -> None:
    keys = Keys(page)
    keys.press("header > button[form=leave]", "Space")
    headed(page, "You are signed out")


def test_the_first_stop_leads_past_the_navigation(windows: Windows, site: Site) -> None:
    """WCAG 2.4.1."""
    ann = site.someone("Ann Example", email_verified=True)  # nothing to remind of stands before the search
    page = windows.open()
    keys = Keys(page)
    page.goto(site.issuer)
    sign_in(page, ann)
    headed(page, "Your apps")
    page.keyboard.press("Tab")
    assert page.evaluate(IN_FOCUS, ".skip")["found"]
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate(IN_FOCUS, "#search")["found"]
    keys.tab_to("#apps a")


def test_an_open_menu_closes_by_escape_and_gives_the_focus_back(windows: Windows, site: Site) -> None:
    page = windows.open()
    keys = Keys(page)
    page.goto(site.issuer)
    keys.tab_to("footer summary")
    page.keyboard.press("Enter")
    keys.tab_to("button[value=fr]")
    page.keyboard.press("Escape")
    expect(page.locator("footer details")).not_to_have_attribute("open", "")
    expect(page.locator("footer summary")).to_be_focused()
