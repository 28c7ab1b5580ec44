"""The login page in use: fields and keys, and every way in which people come back to it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from idp.accounts.person import Person
from tests.browser.arriving import landed
from tests.browser.site import Site
from tests.browser.windows import Windows, log_in
from tests.provider import PASSWORD

#: How the element in focus is drawn.
FOCUS = """() => {
  const element = document.activeElement, style = getComputedStyle(element);
  return {
    tag: element.tagName, id: element.id, text: element.textContent.trim(), href: element.getAttribute("href"),
    outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
  };
}"""
#: How many elements would move.
MOVING = """() => [...document.querySelectorAll("*")].filter(
  (element) => getComputedStyle(element).transitionDuration !== "0s").length"""


# -- fields (L3, L4) -------------------------------------------------------------------------------------------------


def test_L3_password_managers_find_every_field(windows: Windows, site: Site, ann: Person) -> None:
    page = windows.open()
    page.goto(site.issuer)
    fields = {
        "login": ("text", "username webauthn"),
        "password": ("password", "current-password"),
    }
    for name, (kind, autocomplete) in fields.items():
        field = page.locator(f"form input[name={name}]")
        assert (field.get_attribute("type"), field.get_attribute("autocomplete")) == (kind, autocomplete)
        expect(field).to_be_visible()
        assert page.locator(f"label[for={field.get_attribute('id')}]").count() == 1
    log_in(page, ann)
    answer = page.goto(site.issuer + "/.well-known/change-password")
    assert answer is not None
    assert answer.request.redirected_from is not None
    assert urlsplit(page.url).path == "/password"
    typed = page.locator("input:not([type=hidden], [type=checkbox])")
    kinds = [field.get_attribute("autocomplete") for field in typed.all()]
    assert kinds == ["username", "current-password", "new-password", "new-password"]
    expect(page.locator("input[autocomplete=username]")).to_have_value(ann.username)
    assert "minlength: 15" in (page.locator("#password").get_attribute("passwordrules") or "")


def test_L3_what_a_password_manager_fills_in_is_signed_in_with(windows: Windows, site: Site, ann: Person) -> None:
    """Managers set values and send `input` and `change`, without a key pressed."""
    page = windows.open()
    page.goto(site.issuer)
    page.evaluate(
        """([name, secret]) => {
          for (const [id, value] of [["login", name], ["password", secret]]) {
            const field = document.getElementById(id);
            field.value = value;
            for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
          }
          document.getElementById("password").form.requestSubmit();
        }""",
        [ann.username, PASSWORD],
    )
    expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")


def test_L3_paste_is_never_blocked(windows: Windows, site: Site, ann: Person) -> None:
    page = windows.open(permissions=["clipboard-read", "clipboard-write"])
    page.goto(site.issuer)
    for field, text in (("#login", ann.username), ("#password", PASSWORD)):
        page.evaluate("(text) => navigator.clipboard.writeText(text)", text)
        page.focus(field)
        page.keyboard.press("Control+V")
        expect(page.locator(field)).to_have_value(text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")


def test_L4_the_password_is_shown_on_request_and_hidden_before_it_is_sent(
    windows: Windows, site: Site, ann: Person
) -> None:
    page = windows.open()
    page.goto(site.issuer)
    page.fill("#login", ann.username)
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="Show password").click()
    expect(page.locator("#password")).to_have_attribute("type", "text")
    expect(page.locator("#password")).to_be_focused()
    windows.shoot(page, "shown")
    page.evaluate(
        """() => document.getElementById("password").form.addEventListener(
          "submit", () => sessionStorage.setItem("type", document.getElementById("password").type))"""
    )
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")
    assert page.evaluate("sessionStorage.getItem('type')") == "password"


def test_L4_caps_lock_is_noted_while_typing(windows: Windows, site: Site) -> None:
    page = windows.open()
    page.goto(site.issuer)
    press = """(on) => document.getElementById("password").dispatchEvent(
      new KeyboardEvent("keydown", { key: "A", modifierCapsLock: on, bubbles: true }))"""
    page.focus("#password")
    page.evaluate(press, True)
    expect(page.locator("[data-caps=password]")).to_have_text("Caps Lock is on.")
    windows.shoot(page, "caps")
    page.evaluate(press, False)
    expect(page.locator("[data-caps=password]")).to_be_empty()


def test_L11_stay_signed_in_and_shared_computer_exclude_each_other(windows: Windows, site: Site, ann: Person) -> None:
    page = windows.open()
    page.goto(site.issuer)
    assert not page.locator("#stay").is_checked()
    page.check("#stay")
    page.check("#shared")
    assert not page.locator("#stay").is_checked()
    log_in(page, ann)
    page.wait_for_url(site.issuer + "/")
    cookies = {cookie.get("name"): cookie for cookie in page.context.cookies()}
    assert cookies["doorward_session"].get("expires") == -1
    assert "doorward_device" not in cookies
    other = windows.open()
    other.goto(site.issuer)
    other.check("#stay")
    log_in(other, ann)
    other.wait_for_url(site.issuer + "/")
    cookies = {cookie.get("name"): cookie for cookie in other.context.cookies()}
    assert (cookies["doorward_session"].get("expires") or 0) > 0
    assert "doorward_device" in cookies
    assert all(cookie.get("httpOnly") and cookie.get("sameSite") == "Lax" for cookie in cookies.values())


def test_W4_who_is_faster_than_the_check_for_programs_goes_on_when_it_is_done(
    windows: Windows, site: Site, ann: Person
) -> None:
    page = windows.open()
    page.add_init_script(
        """const digest = SubtleCrypto.prototype.digest, slow = new Promise((done) => { window.goOn = done; });
        SubtleCrypto.prototype.digest = async function (...what) { await slow; return digest.apply(this, what); };"""
    )
    page.goto(site.issuer)
    for number in range(3):
        log_in(page, ann, f"wrong password number {number}")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    expect(page.locator("[data-note]")).to_have_text("One moment, the check is nearly done.")
    page.evaluate("goOn()")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")


# -- keyboard, motion, weight ----------------------------------------------------------------------------------------


def test_signing_in_takes_nothing_but_tab_and_enter(windows: Windows, site: Site, ann: Person) -> None:
    app, page = site.local_app("Notes", consent="explicit"), windows.open()
    page.goto(site.authorize_url(app))
    expect(page.locator("#login")).to_be_focused()
    page.keyboard.type(ann.username)
    page.keyboard.press("Tab")
    expect(page.locator("#password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")  # signs in; Cancel stands on the same form
    expect(page.get_by_role("heading", level=1)).to_have_text("Let Notes in?")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUS)["id"] == "allow":
            break
    expect(page.locator("#allow")).to_be_focused()
    page.keyboard.press("Enter")
    assert "code" in landed(page, site)


def test_after_a_wrong_password_focus_is_on_the_password(windows: Windows, site: Site, ann: Person) -> None:
    page = windows.open()
    page.goto(site.issuer)
    log_in(page, ann, "not the password that it is")
    expect(page.locator("#login")).to_have_value(ann.username)
    expect(page.locator("#password")).to_be_focused()
    expect(page.locator("#password")).to_have_value("")
    expect(page.locator("#password")).to_have_attribute("aria-invalid", "true")
    assert page.title().startswith("Error: ")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_is_reached_by_tab_and_focus_is_seen(windows: Windows, site: Site, ann: Person, scheme: str) -> None:
    page = windows.open(scheme=scheme)
    page.goto(site.authorize_url(site.local_app("Notes")))
    stops = _tab_through(page)
    assert all(stop["outline"] >= 2 for stop in stops), stops
    texts = [stop["text"] for stop in stops]
    for wanted in ("Show", "Sign in", "Forgot password?", "I can’t sign in", "Cancel and go back to Notes", "Help"):
        assert wanted in texts, texts
    assert {"login", "password", "stay", "shared"} <= {stop["id"] for stop in stops}
    page.goto(site.issuer)
    log_in(page, ann)
    page.wait_for_url(site.issuer + "/")
    stops = _tab_through(page)
    assert stops[0]["text"] == "To the content"
    assert all(stop["outline"] >= 2 for stop in stops), stops
    assert {"Sign out", "Help"} <= {stop["text"] for stop in stops}
    assert any(stop["id"] == "search" for stop in stops)


def _tab_through(page: Page) -> list[dict[str, Any]]:
    """Every stop of one round of Tab."""
    stops: list[dict[str, Any]] = []
    for _ in range(300):  # the launcher has two stops for each application of every test
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stops and stop == stops[0]:  # others may look alike, such as the stars of two tiles
            break
        if stop["tag"] != "BODY":  # where one round ends and the next begins
            stops.append(stop)
    return stops


def test_who_asked_for_less_motion_gets_none(windows: Windows, site: Site) -> None:
    usual = windows.open()
    usual.goto(site.issuer)
    assert usual.evaluate(MOVING) > 0  # the measure sees something
    page = windows.open(reduced_motion="reduce")
    page.goto(site.issuer)
    assert page.evaluate(MOVING) == 0
    assert page.evaluate("document.getAnimations().length") == 0


def test_styles_and_scripts_weigh_less_than_30_kB(windows: Windows, site: Site) -> None:
    page = windows.open()
    weights: dict[str, int] = {}
    page.on("requestfinished", lambda request: weights.update({request.url: request.sizes()["responseBodySize"]}))
    page.goto(site.authorize_url(site.local_app("Notes")), wait_until="networkidle")
    parts = {url: weight for url, weight in weights.items() if urlsplit(url).path.endswith((".css", ".js"))}
    assert len(parts) == 6, parts
    assert sum(parts.values()) < 30_000, parts


def test_the_theme_is_the_systems_until_it_is_chosen_and_the_choice_is_kept(windows: Windows, site: Site) -> None:
    page = windows.open(scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    page.goto(site.issuer)
    dark = page.evaluate(background)
    switch = page.locator("[data-theme-switch]")
    switch.click()
    light = page.evaluate(background)
    assert light != dark
    page.goto(site.issuer + "/help")
    assert page.evaluate(background) == light
    expect(switch).to_have_attribute("aria-label", "Theme: light")
    switch.click()
    assert page.evaluate(background) == dark
    switch.click()
    expect(switch).to_have_attribute("aria-label", "Theme: as the system")
    page.emulate_media(color_scheme="light")
    assert page.evaluate(background) == light


# -- ways back (L8, L9, L10) -----------------------------------------------------------------------------------------


def test_L8_back_after_signing_in_goes_on_to_the_app(windows: Windows, site: Site, ann: Person) -> None:
    app, page = site.local_app("Notes"), windows.open()
    page.goto(site.authorize_url(app))
    log_in(page, ann, "not the password that it is")
    log_in(page, ann)
    code = landed(page, site)["code"]
    # The entry before is what a wrong password led to: an answer to a form, which Back cannot load again. It begins the
    # request anew, and that one has been answered: a second answer would end in the application's own error (N28).
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have signed in here already")
    assert site.redeem(app, code).status == 200


def test_L8_reload_after_a_wrong_password_shows_the_page_and_sends_nothing(
    windows: Windows, site: Site, ann: Person
) -> None:
    app, page = site.local_app("Notes"), windows.open()
    page.goto(site.authorize_url(app))
    log_in(page, ann, "not the password that it is")
    expect(page.locator("#error")).to_be_visible()
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.reload()
    expect(page.locator("#error")).to_have_count(0)
    assert not posts
    log_in(page, ann)
    assert "code" in landed(page, site)


def test_L8_back_to_the_answer_of_any_form_loads(windows: Windows, site: Site, ann: Person) -> None:
    """Consent, a refused new password, signed out: each page stands where a form was sent."""
    app, page = site.local_app("Notes", consent="explicit"), windows.open()
    page.goto(site.authorize_url(app))
    log_in(page, ann)
    page.click("#allow")
    landed(page, site)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("You have signed in here already")
    page.goto(site.issuer + "/password")
    page.fill("#current", PASSWORD)
    page.fill("#password", "no twins in these two")
    page.fill("#confirm", "no twins in those two")
    page.get_by_role("button", name="Change password").click()
    page.get_by_role("link", name="Cancel").click()
    page.go_back()
    expect(page.locator("#current")).to_be_visible()
    page.goto(site.issuer + "/logout")
    page.click("#confirm")
    page.get_by_role("link", name="Sign in again").click()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")


def test_L8_back_to_the_crm_after_signing_in_is_no_dead_end(windows: Windows, site: Site, ann: Person) -> None:
    page = windows.open()
    page.goto(site.crm)
    log_in(page, ann)
    page.wait_for_url(site.crm + "/")
    page.go_back()
    page.wait_for_load_state()
    assert page.url.startswith(site.crm)
    page.goto(site.crm)
    assert page.url == site.crm + "/"


def test_L8_a_login_page_in_two_tabs_works_in_both(windows: Windows, site: Site, ann: Person) -> None:
    app, one = site.local_app("Notes"), windows.open()
    two = one.context.new_page()
    one.goto(site.authorize_url(app, state="one"))
    two.goto(site.authorize_url(app, state="two"))
    for page, state in ((one, "one"), (two, "two")):
        log_in(page, ann)
        got = landed(page, site)
        assert got["state"] == state
        assert site.redeem(app, got["code"]).status == 200


def test_L8_the_second_of_two_tabs_may_be_somebody_else(windows: Windows, site: Site, ann: Person) -> None:
    app, bob, one = site.local_app("Notes"), site.someone("Bob Other"), windows.open()
    two = one.context.new_page()
    one.goto(site.authorize_url(app, state="one"))
    two.goto(site.authorize_url(app, state="two"))
    for page, person in ((one, ann), (two, bob)):
        log_in(page, person)
        tokens = site.redeem(app, landed(page, site)["code"]).json
        assert site.userinfo(tokens["access_token"]).json["sub"] == person.id


def test_L8_a_page_posted_after_the_browsers_cookie_changed_leads_on(windows: Windows, site: Site, ann: Person) -> None:
    app, page = site.local_app("Notes"), windows.open()
    page.goto(site.authorize_url(app))
    page.context.clear_cookies()
    page.context.new_page().goto(site.issuer)  # a new cookie
    log_in(page, ann)  # the browser says that the form is ours, which no other site can have it say (N17)
    assert landed(page, site)["state"] == "st 8"


def test_L8_a_page_whose_seal_is_broken_leads_on(windows: Windows, site: Site, ann: Person) -> None:
    app, page = site.local_app("Notes"), windows.open()
    page.goto(site.authorize_url(app))
    page.locator("[name=flow]").first.evaluate("field => { field.value = field.value.slice(0, -9) + 'AAAAAAAAA' }")
    log_in(page, ann)
    expect(page.get_by_role("heading", level=1)).to_have_text("Let us start this again")
    windows.shoot(page, "stale")
    page.click("main a.button")
    expect(page.locator("#password")).to_be_visible()


@pytest.mark.parametrize("js", [True, False])
def test_L10_blocked_cookies_are_said_with_what_to_do(windows: Windows, site: Site, ann: Person, js: bool) -> None:
    app, page = site.local_app("Notes"), windows.open(js=js)
    page.goto(site.authorize_url(app))
    page.context.clear_cookies()
    log_in(page, ann)
    expect(page.get_by_role("heading", level=1)).to_have_text("This browser blocks cookies")
    expect(page.locator(".steps")).to_contain_text(urlsplit(site.issuer).netloc)
    windows.shoot(page, "blocked")
    page.get_by_role("link", name="Try again").click()
    log_in(page, ann)
    assert landed(page, site)["state"] == "st 8"


def test_L10_blocked_cookies_are_seen_before_anybody_types(windows: Windows, site: Site) -> None:
    page = windows.open()
    page.add_init_script("Object.defineProperty(navigator, 'cookieEnabled', { get: () => false })")
    page.goto(site.issuer)
    expect(page.locator("[data-no-cookies]")).to_be_visible()
    windows.shoot(page, "note")


def test_L10_javascript_that_is_missing_is_said(windows: Windows, site: Site) -> None:
    page = windows.open(js=False)
    page.goto(site.issuer)
    expect(page.locator("noscript p")).to_contain_text("JavaScript is off")


@pytest.mark.parametrize("path", ["/login", "/login/consent", "/login/account", "/logout", "/password"])
def test_L8_a_bookmark_of_any_step_leads_somewhere(windows: Windows, site: Site, path: str) -> None:
    page = windows.open()
    answer = page.goto(site.issuer + path)
    assert answer is not None
    assert answer.status == 200
    assert page.locator("#password, a.button").count()


def test_a_form_is_sent_once_however_often_it_is_clicked(windows: Windows, site: Site, ann: Person) -> None:
    page = windows.open()
    page.goto(site.issuer)
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.fill("#login", ann.username)
    page.fill("#password", PASSWORD)
    page.evaluate("() => { const b = document.querySelector('button.main'); b.click(); b.click(); b.click(); }")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")
    assert len(posts) == 1, posts


def test_a_page_out_of_the_back_forward_cache_can_be_sent_again(windows: Windows, site: Site, ann: Person) -> None:
    page = windows.open()
    page.goto(site.issuer)
    page.fill("#login", ann.username)
    page.fill("#password", PASSWORD)
    page.evaluate(
        """() => {
          const form = document.querySelector("form");
          form.addEventListener("submit", (event) => event.preventDefault(), { once: true });
          document.querySelector("button.main").click();
        }"""
    )
    expect(page.locator("button.main")).to_have_attribute("aria-busy", "true")
    windows.shoot(page, "busy")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    page.click("button.main")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")


def test_L9_an_app_that_always_sends_back_is_stopped_and_named(windows: Windows, site: Site, ann: Person) -> None:
    app, page = site.local_app("Circle", redirect_uris=[site.landing + "/again"]), windows.open()
    again = site.authorize_url(app, state=None)
    page.goto(site.issuer)
    log_in(page, ann)
    page.wait_for_url(site.issuer + "/")
    # The application's answer to everything is to ask once more.
    page.goto(site.landing + "/loop?to=" + quote(again, safe=""))
    expect(page.get_by_role("heading", level=1)).to_have_text("Circle keeps sending you back")
    error_id = page.locator(".code").inner_text()
    windows.shoot(page, "loop")
    shown = site.cli("audit", "show", error_id)
    assert shown.returncode == 0, shown.stderr
    assert "Circle" in shown.stdout
