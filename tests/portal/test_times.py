"""Dates in one form: the person's locale and zone, the browser's region, UTC only where it says so. N37."""

from __future__ import annotations

import re

import pytest

from idp import formats
from tests.backends import Clock
from tests.provider import Browser, Provider

AT = 1795000000.0  # 2026-11-18 11:06:40 UTC


@pytest.mark.parametrize(
    ("accept", "claims", "shown"),
    [
        ("en-GB,en;q=0.9", {}, "18 Nov 2026"),
        ("en-US,en;q=0.9", {}, "Nov 18, 2026"),
        ("en", {}, "Nov 18, 2026"),
        ("en-AU", {}, "18 Nov 2026"),
        ("de-DE,de;q=0.9", {"locale": "en"}, "18 Nov 2026"),  # English beside a German browser
        ("", {"locale": "en-GB"}, "18 Nov 2026"),
        ("", {"locale": "en", "zoneinfo": "Europe/London"}, "18 Nov 2026"),
        ("de", {}, "18.11.2026"),
        ("fr-CA", {}, "18 nov. 2026"),
        ("zh-Hans-CN", {}, "2026年11月18日"),
        ("en-XX, en-<script>", {}, "Nov 18, 2026"),
        ("en-" + "G" * 5000, {}, "Nov 18, 2026"),
    ],
)
def test_N37_a_date_is_written_as_the_browser_s_region_does(
    provider: Provider, browser: Browser, clock: Clock, accept: str, claims: dict[str, str], shown: str
) -> None:
    clock.now = AT
    provider.add_person("ann", claims=claims)
    browser.headers["Accept-Language"] = accept
    browser.log_in(browser.get(""))
    browser.headers["Accept-Language"] = accept
    page = browser.get("security")
    assert shown in page.dom.text, page.dom.text
    assert shown in browser.get("activity").dom.text


@pytest.mark.parametrize(
    ("zone", "shown"), [("Asia/Tokyo", "18 Nov 2026, 20:06"), ("Europe/Berlin", "18 Nov 2026, 12:06")]
)
def test_N37_a_person_with_a_zone_reads_their_own_time_without_javascript(
    provider: Provider, browser: Browser, clock: Clock, zone: str, shown: str
) -> None:
    clock.now = AT
    provider.add_person("ann", claims={"zoneinfo": zone})
    browser.headers["Accept-Language"] = "en-GB"
    browser.log_in(browser.get(""))
    page = browser.get("activity")
    assert shown in page.dom.text
    assert "UTC" not in page.dom.text
    assert not [about for about in page.dom.find("time") if "data-epoch" in about]  # nothing to put right


def test_N37_whoever_has_no_zone_reads_utc_and_javascript_puts_their_own_there(
    provider: Provider, browser: Browser, clock: Clock
) -> None:
    clock.now = AT
    provider.add_person("ann")
    browser.headers["Accept-Language"] = "en-GB"
    browser.log_in(browser.get(""))
    page = browser.get("activity")
    assert "18 Nov 2026, 11:06 UTC" in page.dom.text
    (html,) = page.dom.find("html")
    assert html["data-dates"] == "en-GB"  # so that the script writes the same form


def test_N37_a_pause_is_told_to_the_minute_and_never_ends_later_than_told(
    provider: Provider, browser: Browser, clock: Clock
) -> None:
    clock.now = AT  # 40 seconds past the minute
    provider.add_person("ann")
    browser.headers["Accept-Language"] = "en-GB"
    page = browser.get("")
    for number in range(5):
        page = browser.log_in(page, password=f"wrong number {number}")
    assert "paused until 11:08 UTC" in page.dom.text
    assert not re.search(r"\d\d:\d\d:\d\d", page.dom.text)


@pytest.mark.parametrize("locale", ["en", "en-GB", "de", "de-AT", "fr", "es-MX", "zh-Hans", "nonsense"])
def test_N37_day_and_moment_are_one_form(locale: str) -> None:
    day, moment = formats.date(locale, AT, "Europe/Berlin"), formats.date_time(locale, AT, "Europe/Berlin")
    assert moment == f"{day}, {formats.time(locale, AT, 'Europe/Berlin')}"
