"""Applications opened by single sign-on and sign-outs stand in the person's activity. N35, A2."""

from __future__ import annotations

import pytest

from idp.accounts.own import uses
from tests.backends import Clock
from tests.provider import App, Browser, Provider


@pytest.fixture
def apps(provider: Provider, browser: Browser, clock: Clock) -> list[App]:
    """Two applications; Ann signed in for the first one, a minute ago."""
    provider.add_person()
    made = [provider.add_client(name) for name in ("CRM", "Wiki")]
    provider.sign_in(browser, made[0])
    clock.advance(60)
    return made


def titles(browser: Browser) -> list[str]:
    text = browser.get("activity").text
    return [part.partition("<b>")[2].partition("</b>")[0] for part in text.split('<details class="event"')[1:]]


def test_N35_an_application_opened_by_single_sign_on_stands_there_and_a_sign_in_only_once(
    provider: Provider, browser: Browser, apps: list[App]
) -> None:
    assert titles(browser) == ["Signed in · CRM"]
    assert provider.authorize(browser, apps[1]).code
    assert titles(browser) == ["Opened by single sign-on · Wiki", "Signed in · CRM"]
    assert "Firefox on Linux" in browser.get("activity").dom.text


def test_N35_a_sign_out_stands_there(provider: Provider, browser: Browser, apps: list[App], clock: Clock) -> None:
    browser.submit(browser.get("logout"), "confirm")
    clock.advance(60)
    browser.log_in(browser.get(""))
    assert titles(browser) == ["Signed in", "Signed out", "Signed in · CRM"]


def test_N35_an_application_that_asks_over_and_over_fills_nobody_s_list(
    provider: Provider, browser: Browser, apps: list[App], clock: Clock
) -> None:
    for _ in range(10):
        assert provider.authorize(browser, apps[1]).code
        clock.advance(300)
    assert titles(browser).count("Opened by single sign-on · Wiki") == 1
    clock.advance(uses.TOLD_EVERY - 2000)
    assert provider.authorize(browser, apps[1]).code
    assert titles(browser).count("Opened by single sign-on · Wiki") == 2


def test_N35_a_silent_request_opens_nothing(provider: Provider, browser: Browser, apps: list[App]) -> None:
    assert provider.authorize(browser, apps[1], prompt="none").code
    assert titles(browser) == ["Signed in · CRM"]


def test_N35_it_costs_the_request_no_statement(provider: Provider, browser: Browser, apps: list[App]) -> None:
    provider.authorize(browser, apps[1])
    sql, _, _ = provider.counted(lambda: provider.authorize(browser, apps[1]))
    assert not [text for text in sql if "INTO events" in text or "app_uses" in text]


def test_N35_nobody_else_sees_it(provider: Provider, browser: Browser, apps: list[App]) -> None:
    provider.authorize(browser, apps[1])
    provider.add_person("bob")
    other = provider.browser("198.51.100.9")
    other.log_in(other.get(""), "bob")
    assert titles(other) == ["Signed in"]
