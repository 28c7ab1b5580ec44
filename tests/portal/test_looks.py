"""Errors that frighten nobody, no drawn padlock, words, time zones, stars, the company's own page. N37, T4, T7."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import idp
from idp import audit
from idp.config import Brand
from idp.portal.profile import grouped_zones, zones
from tests.provider import Answer, App, Browser, Provider

PNG = b"\x89PNG\r\n\x1a\n"


def link(page: Answer) -> str:
    """Where the page's main button leads."""
    return next(a["href"] for a in page.dom.find("a") if "main" in a.get("class", "").split())


# -- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metadata", "leads"),
    [
        ({"launch_url": "https://crm.example/start"}, "https://crm.example/start"),
        ({"client_uri": "https://crm.example/"}, "https://crm.example/"),
        ({}, "https://login.example/"),
    ],
)
def test_N37_a_refused_request_frightens_nobody_and_leads_on(
    provider: Provider, browser: Browser, metadata: dict[str, Any], leads: str
) -> None:
    provider.add_person()
    app = provider.add_client("CRM", **metadata)
    page = provider.authorize(browser, app, redirect_uri="https://crm.example/elsewhere")
    assert page.is_error_page
    assert "This sign-in cannot go on" in page.dom.text
    assert "trusted" not in page.dom.text
    assert link(page) == leads  # registered by an admin, and never what the request says


def test_N37_an_unknown_application_leads_to_the_start(provider: Provider, browser: Browser) -> None:
    page = browser.get("oauth/authorize?client_id=nobody&response_type=code&redirect_uri=https://evil.example/")
    assert link(page) == "https://login.example/"


@pytest.mark.parametrize("path", ["no/such/page", "favicon.php", "wp-login.php", "dev/outbox", "security/nothing/here"])
def test_N37_a_page_that_is_not_there_is_no_application_s_fault(
    provider: Provider, browser: Browser, path: str
) -> None:
    page = browser.get(path)
    assert page.status == 404
    (event,) = audit.explain(provider.services.db, page.error_id)
    assert event.detail["side"] == "person"
    assert event.client_id is None
    assert link(page) == "https://login.example/"


def test_N37_a_method_that_nothing_takes_is_no_application_s_fault(provider: Provider, browser: Browser) -> None:
    page = browser.open("DELETE", "security")
    (event,) = audit.explain(provider.services.db, page.error_id)
    assert (page.status, event.detail["side"]) == (405, "person")


# -- looks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "help", "help/password", "no/such/page", "logout"])
def test_N37_no_page_draws_a_padlock(provider: Provider, browser: Browser, path: str) -> None:
    footer = browser.get(path).text.partition("<footer")[2].partition("</footer>")[0]
    assert "login.example" in footer
    assert "<svg" not in footer.partition('class="menu up"')[0]
    assert 'rect x="5" y="11"' not in (Path(__file__).parents[2] / "templates/marks.html").read_text()


def test_N37_the_words_are_people_s_words(provider: Provider, browser: Browser) -> None:
    provider.add_person()
    page = browser.get("")
    assert "Sign-in name" not in page.dom.text
    assert "Username" in page.dom.text
    browser.log_in(page)
    assert "Sign-in name" not in browser.get("profile").dom.text
    nav = browser.get("access").text.partition("<nav")[2].partition("</nav>")[0]
    assert "Permissions" in nav
    assert ">Access<" not in nav


def test_N37_forgot_password_stands_beside_the_field_and_not_below_the_fold(
    provider: Provider, browser: Browser
) -> None:
    page = browser.get("").text
    assert page.index('id="password"') < page.index("Forgot password?") < page.index('id="stay"')


def test_N37_letters_that_stand_for_a_logo_have_colours_of_their_own(provider: Provider, browser: Browser) -> None:
    provider.add_person()
    for name in ("Wiki", "Travel", "Payroll", "Desk", "CRM", "Calendar"):
        provider.add_client(name)
    browser.log_in(browser.get(""))
    hues = marks(browser)
    assert len(hues) == 6
    assert len(set(hues)) >= 3
    assert hues == marks(browser)


def marks(browser: Browser) -> list[str]:
    shown = browser.get("").dom.find("span", aria_hidden="true")
    return [about["class"] for about in shown if about.get("class", "").startswith("mark")]


def test_N37_time_zones_are_grouped_by_area_and_found_by_their_city(provider: Provider, browser: Browser) -> None:
    provider.add_person()
    browser.log_in(browser.get(""))
    page = browser.get("profile")
    labels = [about["label"] for about in page.dom.find("optgroup")]
    assert labels[0] == "Europe"
    assert len(labels) == len(set(labels)) == 10
    assert ">Berlin</option>" in page.text
    assert {zone for _, cities in grouped_zones() for zone, _ in cities} | {"UTC"} == set(zones())


# -- stars -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def three(provider: Provider, browser: Browser) -> dict[str, App]:
    provider.add_person()
    browser.log_in(browser.get(""))
    return {
        name: provider.add_client(name, redirect_uris=[f"https://{name.lower()}.example/cb"])
        for name in ("Aa", "Bb", "Cc")
    }


def press(browser: Browser, app: App) -> Answer:
    page = browser.get("")
    at = next(n for n, form in enumerate(page.dom.forms) if ("client_id", app.id) in form.fields)
    return browser.submit(page, "move", form=at)


def order(browser: Browser) -> list[str]:
    return [about["data-app"] for about in browser.get("").dom.find("li") if "data-app" in about]


def test_N37_a_star_on_the_tile_pins_and_comes_back_to_the_same_place(
    provider: Provider, browser: Browser, three: dict[str, App]
) -> None:
    done = press(browser, three["Cc"])
    assert done.location == provider.issuer + "/"
    assert "It comes first from now on." in browser.follow(done).dom.text
    assert order(browser)[0] == three["Cc"].id
    assert [a["aria-pressed"] for a in browser.get("").dom.find("button", name="move")] == ["true", "false", "false"]
    press(browser, three["Cc"])
    assert order(browser)[-1] == three["Cc"].id


def test_N37_a_dragged_order_is_kept_and_loses_nothing(
    provider: Provider, browser: Browser, three: dict[str, App]
) -> None:
    for app in three.values():
        press(browser, app)
    key = dict(browser.get("").dom.forms[1].fields)["form_key"]
    wanted = [three["Cc"].id, "made-up", three["Aa"].id, three["Cc"].id]
    browser.post("apps", {"form_key": key, "back": "home", "order": " ".join(wanted)})
    assert order(browser) == [three["Cc"].id, three["Aa"].id, three["Bb"].id]


def test_T4_an_application_that_registered_no_start_page_is_no_dead_tile(
    provider: Provider, browser: Browser, three: dict[str, App]
) -> None:
    page = browser.get("")
    assert {a["href"] for a in page.dom.find("a", class_="tile")} == {
        f"https://{n}.example/" for n in ("aa", "bb", "cc")
    }
    provider.add_client("Phone app", "native", redirect_uris=["com.example.app:/cb"])
    page = browser.get("")
    assert "Opened on your device" in page.dom.text
    assert len(page.dom.find("a", class_="tile")) == 3


def test_T4_many_applications_have_their_recent_ones_above_and_few_have_not(
    provider: Provider, browser: Browser, three: dict[str, App]
) -> None:
    provider.sign_in(browser, three["Bb"])
    assert "Recently opened" not in browser.get("").dom.text
    for number in range(200):
        provider.add_client(f"App {number}")
    page = browser.get("")
    assert "Recently opened" in page.dom.text
    assert page.dom.text.index("Bb") < page.dom.text.index("All apps")
    assert len(order(browser)) == 203
    assert "Recently opened" not in browser.get("?q=app").dom.text


# -- the company's own page (T7) -------------------------------------------------------------------------------------


def test_T7_imprint_privacy_and_a_line_of_one_s_own_stand_at_the_foot_of_every_page(
    open_provider: Callable[..., Provider],
) -> None:
    brand = {
        "footer": "Larkfield & Sons", "imprint_url": "https://larkfield.example/imprint",
        "privacy_url": "https://larkfield.example/privacy", "login_hint": "Your badge number",
        "texts": {"de": {"footer": "Larkfield und Söhne", "login_hint": "Ihre Ausweisnummer",
                         "imprint_url": "https://larkfield.example/impressum", "support": "hilfe@larkfield.example"}},
    }  # fmt: skip
    provider = open_provider(brand=brand)
    browser = provider.browser()
    for path in ("", "help", "no/such/page", "logout"):
        page = browser.get(path)
        assert "Larkfield & Sons" in page.dom.text
        assert {"https://larkfield.example/imprint", "https://larkfield.example/privacy"} <= {
            a.get("href") for a in page.dom.find("a")
        }
    browser.headers["Accept-Language"] = "de"
    page = browser.get("")
    for words in ("Larkfield und Söhne", "Ihre Ausweisnummer", "Impressum"):
        assert words in page.dom.text
    assert "https://larkfield.example/impressum" in {a.get("href") for a in page.dom.find("a")}
    assert "hilfe@larkfield.example" in browser.get("help").dom.text
    assert "hilfe@larkfield.example" in browser.get("no/such/page").dom.text


def test_T7_a_link_of_the_settings_that_is_no_web_address_is_not_shown(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(brand={"imprint_url": "javascript:alert(1)"})
    assert "javascript:" not in provider.browser().get("").text


@pytest.mark.parametrize("texts", [{"it": {"footer": "x"}}, {"de": {"accent": "#000000"}}, {"de": {"nothing": "x"}}])
def test_T7_texts_in_a_language_that_there_is_not_are_refused(texts: dict[str, dict[str, str]]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Brand(texts=texts)


def test_T7_a_background_picture_is_shown_from_our_own_host(
    open_provider: Callable[..., Provider], tmp_path: Path
) -> None:
    file = tmp_path / "hills.png"
    file.write_bytes(PNG)
    provider = open_provider(brand={"background": str(file)})
    browser = provider.browser()
    assert "/brand/background" in browser.get("brand.css").text
    assert browser.get("brand/background").body == PNG
    plain = open_provider().browser()
    assert "background" not in plain.get("brand.css").text
    assert plain.get("brand/background").status == 404


def test_T7_whoever_changed_no_colour_fetches_no_colours(open_provider: Callable[..., Provider]) -> None:
    plain, own = open_provider().browser(), open_provider(brand={"accent": "#0a5c4a"}).browser()
    assert not [link for link in plain.get("").dom.find("link") if "brand.css" in link["href"]]
    assert [link for link in own.get("").dom.find("link") if "brand.css" in link["href"]]
    sheet = Path(__file__).parents[2] / "idp" / "static" / "doorward.css"
    assert f"--accent: {Brand().accent};" in sheet.read_text()  # what the settings call the default is what is seen


def test_the_dark_theme_changes_colours_and_nothing_else() -> None:
    """So axe looks once, in the light theme, at whatever does not depend on colours."""
    sheet = Path(idp.__file__).with_name("static").joinpath("dark.css").read_text()
    names = re.findall(r"[{;}]\s*([-\w]+)\s*:", re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL))
    assert len(names) > 15
    assert {name for name in names if not name.startswith("--")} <= {"color-scheme"}
