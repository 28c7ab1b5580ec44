"""The order of the launcher, made on the launcher itself by its own buttons, and its sections. T4."""

from __future__ import annotations

import pytest

from tests.provider import Answer, App, Browser, Provider


@pytest.fixture
def apps(provider: Provider, browser: Browser) -> dict[str, App]:
    """Three on the web and one that begins on the device, and Ann signed in."""
    provider.add_person()
    made = {name: provider.add_client(name) for name in ("Aa", "Bb", "Cc")}
    made["Own"] = provider.add_client("Own", "native")
    browser.log_in(browser.get(""))
    return made


def order(page: Answer) -> list[str]:
    return [about["data-app"] for about in page.dom.find("li") if "data-app" in about]


def names(page: Answer, apps: dict[str, App]) -> list[str]:
    by_id = {app.id: name for name, app in apps.items()}
    return [by_id[client_id] for client_id in order(page) if client_id in by_id]


def moves(page: Answer, app: App) -> list[str]:
    """The buttons of a tile beside its star."""
    (form,) = [form for form in page.dom.forms if ("client_id", app.id) in form.fields]
    return [value for _, name, value in form.buttons if name == "move" and value not in ("pin", "unpin")]


def press(browser: Browser, app: App, move: str) -> Answer:
    page = browser.get("")
    at = next(n for n, form in enumerate(page.dom.forms) if ("client_id", app.id) in form.fields)
    return browser.submit(page, move, form=at)


def pin(browser: Browser, *apps: App) -> None:
    for app in apps:
        press(browser, app, "pin")


def test_t4_pinned_tiles_are_moved_on_the_launcher_without_a_mouse_or_javascript(
    provider: Provider, browser: Browser, apps: dict[str, App]
) -> None:
    pin(browser, apps["Aa"], apps["Bb"], apps["Cc"])
    done = press(browser, apps["Cc"], "up")
    assert done.location == provider.issuer + "/"
    page = browser.follow(done)
    assert "The new order is saved." in page.dom.text
    assert names(page, apps) == ["Aa", "Cc", "Bb", "Own"]
    press(browser, apps["Aa"], "down")
    assert names(browser.get(""), apps) == ["Cc", "Aa", "Bb", "Own"]


def test_t4_only_moves_that_lead_somewhere_are_offered(browser: Browser, apps: dict[str, App]) -> None:
    assert [moves(browser.get(""), app) for app in apps.values()] == [[], [], [], []]
    pin(browser, apps["Aa"])
    assert moves(browser.get(""), apps["Aa"]) == []
    pin(browser, apps["Bb"], apps["Cc"])
    page = browser.get("")
    assert [moves(page, apps[name]) for name in ("Aa", "Bb", "Cc")] == [["down"], ["up", "down"], ["up"]]


def test_t4_one_that_begins_on_the_device_is_pinned_and_moved_among_the_others(
    browser: Browser, apps: dict[str, App]
) -> None:
    """One press is one place: none is taken by a tile that stands elsewhere."""
    pin(browser, apps["Aa"], apps["Own"], apps["Bb"])
    assert names(browser.get(""), apps) == ["Aa", "Own", "Bb", "Cc"]
    press(browser, apps["Bb"], "up")
    page = browser.get("")
    assert names(page, apps) == ["Aa", "Bb", "Own", "Cc"]
    assert "Opened on your device" in page.dom.text  # the tile says it itself


def test_t4_what_cannot_be_started_from_here_is_no_link_and_says_so(browser: Browser, apps: dict[str, App]) -> None:
    page = browser.get("")
    assert len(page.dom.find("a", class_="tile")) == 3
    assert len(page.dom.find("div", class_="tile own")) == 1
    assert "Start it there: you are signed in already." in page.dom.text


def test_t4_many_tiles_have_sections_and_few_have_none(
    provider: Provider, browser: Browser, apps: dict[str, App]
) -> None:
    pin(browser, apps["Bb"])
    text = browser.get("").dom.text
    assert "All apps" not in text
    for number in range(200):
        provider.add_client(f"App {number}")
    page = browser.get("")
    text = page.dom.text
    assert text.index("Pinned") < text.index("Bb") < text.index("All apps") < text.index("App 0")
    assert text.index("App 199") < text.index("Opened on your device") < text.index("Own")
    assert len(order(page)) == 204


@pytest.mark.parametrize(("typed", "found"), [("app 117", 1), ("APP", 201), ("bb", 1), ("move", 0)])
def test_t4_two_hundred_are_searched_by_what_stands_on_them(
    provider: Provider, browser: Browser, apps: dict[str, App], typed: str, found: int
) -> None:
    pin(browser, apps["Aa"], apps["Bb"])
    for number in range(200):
        provider.add_client(f"App {number}")
    provider.add_client("Wiki", description="An app for what we know")
    page = browser.get("?q=" + typed.replace(" ", "+"))
    assert len(order(page)) == found
    assert "All apps" not in page.dom.text.replace("Show all your apps", "")
