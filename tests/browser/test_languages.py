"""Languages in a real browser (A6): the chooser, with and without JavaScript; long words; from right to left."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from idp.accounts.person import Person
from idp.texts import LANGUAGES
from tests.browser.site import Site
from tests.browser.windows import Windows, log_in

#: Text of our own that leaves its box, or boxes that leave the window, at the left or the right.
STICKING_OUT = """() => [...document.querySelectorAll("body *")].filter((one) => {
  const box = one.getBoundingClientRect();
  const style = getComputedStyle(one);
  // Skipped: what only a screen reader sees, what is folded in, and the row of places that scrolls in itself.
  const hidden = one.closest(".sr, .skip, .nav ul, details:not([open]) > :not(summary)");
  if (!box.width || hidden || style.clipPath !== "none") return false;
  return box.left < -0.5 || box.right > innerWidth + 0.5;
}).map((one) => one.outerHTML.slice(0, 120))"""
#: How far the middle of something is from the left edge, as a share of the window.
MIDDLE = """(selector) => {
  const box = document.querySelector(selector).getBoundingClientRect();
  return (box.left + box.right) / 2 / innerWidth;
}"""


@pytest.mark.parametrize("js", [True, False])
def test_A6_a_language_is_chosen_by_hand_and_the_sign_in_goes_on(
    windows: Windows, site: Site, ann: Person, js: bool
) -> None:
    page = windows.open(360, 740, js=js, locale="fr-FR")
    page.goto(site.authorize_url(site.local_app("Notes"), state="kept"))
    assert page.locator("html").get_attribute("lang") == "fr"
    page.click(".foot summary")
    page.locator(".foot form").wait_for(state="visible")
    assert page.locator(".foot form button").all_inner_texts() == list(LANGUAGES.values())
    windows.shoot(page, "chooser")
    page.click("text=Deutsch")
    assert page.locator("html").get_attribute("lang") == "de"
    assert page.locator("h1").inner_text() == "Anmelden"
    log_in(page, ann)
    page.wait_for_url(site.landing + "/cb?*state=kept*")


@pytest.mark.parametrize("tag", [tag for tag in LANGUAGES if tag != "en"])
@pytest.mark.parametrize("width", [360, 1280])
def test_A6_the_pages_of_a_sign_in_hold_the_words_of_every_language(
    windows: Windows, site: Site, ann: Person, tag: str, width: int
) -> None:
    page = windows.open(width, 800, locale=tag)
    page.goto(site.authorize_url(site.local_app("Notes", consent="explicit")))
    windows.shoot(page, f"login-{tag}-{width}")
    assert page.evaluate(STICKING_OUT) == []
    log_in(page, ann)
    page.locator("#allow").wait_for()
    windows.shoot(page, f"consent-{tag}-{width}")
    assert page.evaluate(STICKING_OUT) == []
    for path in ("/", "/security", "/oauth/authorize?client_id=nobody", "/logout", "/help"):
        page.goto(site.issuer + path)
        windows.shoot(page, f"{path[1:9] or 'home'}-{tag}-{width}")
        assert page.evaluate(STICKING_OUT) == [], path
        assert page.locator("html").get_attribute("lang") == tag


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("width", [320, 360])
def test_A6_what_is_folded_out_stays_inside_a_narrow_window(
    windows: Windows, site: Site, width: int, direction: str
) -> None:
    """The menu of accounts, the languages, and whatever else a page folds in: each is opened by hand."""
    page = windows.open(width, 740, locale="de-DE")
    opened = [*open_all(page, site.issuer + "/oauth/authorize?client_id=nobody", direction)]
    for name in ("Maximiliane-Alexandra Freifrau von Hohenberg-Schwarzenfels", "Bo Li"):
        page.goto(site.issuer + "/accounts?add=1")
        log_in(page, site.someone(name))
        page.locator(".who summary").wait_for()
    for path in ("/", "/security", "/profile", "/sessions", "/activity", "/access", "/help"):
        opened += open_all(page, site.issuer + path, direction)
    assert {"who", "up"} <= set(opened)
    page.goto(site.issuer + "/")
    page.evaluate("(direction) => { document.documentElement.dir = direction }", direction)
    page.click(".who summary")
    if width == 360:  # narrower still, it lies over a part of the row of places, which axe takes for a small target
        windows.shoot(page, f"menu-{direction}")


def open_all(page: Page, url: str, direction: str) -> list[str]:
    """Open what a page folds in, one after the other, and look. Answers the last class of each."""
    page.goto(url)
    page.evaluate("(direction) => { document.documentElement.dir = direction }", direction)
    found = page.locator("summary:visible")
    names = []
    for number in range(found.count()):
        found.nth(number).click()
        names.append(found.nth(number).evaluate("(one) => one.parentElement.className.split(' ').pop()"))
        assert found.nth(number).evaluate("(one) => one.parentElement.open"), names
        assert page.evaluate(STICKING_OUT) == [], (url, names)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (url, names)
        found.nth(number).click()
    return names


@pytest.mark.parametrize("width", [360, 1280])
def test_A6_a_language_from_right_to_left_turns_the_page_round(
    windows: Windows, site: Site, ann: Person, width: int
) -> None:
    """None of ours is: the page is told so, and mirrors itself without a rule of its own for each side."""
    page = windows.open(width, 800)

    def turned(path: str) -> Any:
        page.goto(site.issuer + path)
        before = page.evaluate(MIDDLE, ".brand")
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert page.evaluate(STICKING_OUT) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert before < 0.5 < page.evaluate(MIDDLE, ".brand")
        windows.shoot(page, f"rtl-{path[1:9] or 'login'}-{width}")

    turned("/")
    assert page.evaluate(MIDDLE, "[data-reveal]") < 0.5
    page.click(".foot summary")
    assert page.evaluate(STICKING_OUT) == []
    page.goto(site.issuer)
    log_in(page, ann)
    page.locator("main h1").wait_for()
    for path in ("/", "/security", "/access", "/logout", "/help"):
        turned(path)
