"""J5: what looks like a copied cookie, and everything that only seems to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.login.browser.two_places import (
    ACTIVE,
    GRACE,
    Known,
    Place,
    Verdict,
    has_next,
    is_new_network,
    is_other_browser,
    judge,
)
from idp.login.browser.two_places import beside as beside_of

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{} Safari/537.36"
CHROME_140, CHROME_141 = CHROME.format("140.0.0.0"), CHROME.format("141.0.0.0")
EDGE = CHROME_140 + " Edg/140.0.0.0"
IE_MODE = "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
)
ANDROID_AS_DESKTOP = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15"
SCRIPT = "python-requests/2.32"

HOME, NEXT_DOOR, CAFE, HOME_V6 = "203.0.113.7", "203.0.113.99", "198.51.100.4", "2001:db8:1:2::7"
CAFE_V6 = "2001:db8:9::7"
NOW = 1_793_000_000.0


def known(address: str = HOME, user_agent: str = CHROME_140, ago: float = 60.0, used: float | None = 400.0,
          beside: str = "") -> Known:  # fmt: skip
    return Known(
        Place(address, user_agent), NOW - ago, None if used is None else NOW - used, None, Place("", ""), beside
    )


@pytest.mark.parametrize(
    ("address", "user_agent"),
    [(HOME, CHROME_140), (CAFE, CHROME_140), (CAFE, CHROME_141), (HOME, FIREFOX), (NEXT_DOOR, FIREFOX),
     (HOME_V6, FIREFOX), ("", FIREFOX), (CAFE_V6, CHROME_140)],
)  # fmt: skip
def test_j5_one_of_the_two_alone_is_nothing(address: str, user_agent: str) -> None:
    assert judge(known(beside=HOME_V6), 0, Place(address, user_agent), NOW) is Verdict.GOOD


@pytest.mark.parametrize("beside", ["", HOME_V6])
def test_j5_the_other_version_of_ip_hides_nobody(beside: str) -> None:
    """Each is held against the last one of its own; the first of its version is enough with another browser."""
    assert judge(known(beside=beside), 0, Place(CAFE_V6, FIREFOX), NOW) is Verdict.COPIED
    assert judge(known(beside=beside), 0, Place(CAFE_V6, CHROME_141), NOW) is Verdict.GOOD


def test_j5_a_browser_that_says_no_name_is_not_the_one_that_said_it() -> None:
    assert judge(known(), 0, Place(CAFE, ""), NOW) is Verdict.COPIED
    assert judge(known(), 0, Place(HOME, ""), NOW) is Verdict.GOOD
    assert judge(known(user_agent=""), 0, Place(CAFE, CHROME_140), NOW) is Verdict.GOOD


def test_j5_the_next_secret_is_for_whoever_may_need_it() -> None:
    """Once it was used, the browser that works has it; before, an answer may have been lost on the way."""
    home, cafe = Place(HOME, CHROME_140), Place(CAFE, CHROME_140)
    assert has_next(known(used=None), home, NOW)
    assert has_next(known(used=10.0), home, NOW)
    assert not has_next(known(used=10.0), cafe, NOW)
    assert not has_next(known(used=10.0), Place(HOME, FIREFOX), NOW)
    assert not has_next(known(used=10.0, beside=HOME_V6), Place(HOME_V6, CHROME_140), NOW)  # a copy may have said it
    assert not has_next(known(used=None), cafe, NOW)
    assert has_next(known(used=None, ago=GRACE), cafe, NOW)


def test_j5_the_last_address_of_the_other_version_is_kept() -> None:
    assert beside_of(known(), Place(HOME_V6, CHROME_140)) == HOME
    assert beside_of(known(beside=HOME_V6), Place(CAFE, CHROME_140)) == HOME_V6
    assert beside_of(known(beside=HOME_V6), Place("", CHROME_140)) == HOME_V6
    assert beside_of(known("", beside=HOME_V6), Place(HOME, CHROME_140)) == HOME_V6


@pytest.mark.parametrize("user_agent", [FIREFOX, EDGE, MAC, IPHONE, SCRIPT])
def test_j5_both_at_once_is_a_copy_while_the_old_place_is_in_use(user_agent: str) -> None:
    here = Place(CAFE, user_agent)
    assert judge(known(), 0, here, NOW) is Verdict.COPIED
    assert judge(known(ago=ACTIVE), 0, here, NOW) is Verdict.GOOD


@pytest.mark.parametrize(
    ("one", "other"),
    [(CHROME_140, CHROME_141), (ANDROID, ANDROID_AS_DESKTOP), (IPHONE, MAC), (EDGE, IE_MODE), (SCRIPT, "curl/8"),
     (ANDROID, CHROME_140)],
    ids=["an update", "a desktop's pages", "an iPad's", "old pages", "unknown ones", "a telephone and a desktop"],
)  # fmt: skip
def test_j5_the_same_browser_in_other_clothes(one: str, other: str) -> None:
    """The last pair is the price: which of the two it is cannot be told."""
    for pair in ((one, other), (other, one)):
        assert not is_other_browser(Place(HOME, pair[0]), Place(CAFE, pair[1]))
        assert judge(known(user_agent=pair[0]), 0, Place(CAFE, pair[1]), NOW) is Verdict.GOOD


def test_j5_networks() -> None:
    def are_new(one: str, other: str) -> bool:
        return is_new_network(Place(one, ""), Place(other, ""))

    assert are_new(HOME, CAFE)
    assert are_new("2001:db8:1::1", "2001:db8:2::1")
    assert not are_new(HOME, NEXT_DOOR)
    assert not are_new(HOME, HOME_V6)  # RFC 8305: one line has both, and a browser takes whichever is quicker
    assert not are_new(HOME, "unreadable")


@pytest.mark.parametrize("place", [Place(HOME, CHROME_140), Place(CAFE, CHROME_140), Place(HOME, FIREFOX)])
def test_j5_the_secret_before_is_taken_until_the_new_one_has_arrived(place: Place) -> None:
    assert judge(known(used=None, ago=ACTIVE * 9), 1, place, NOW) is Verdict.GOOD
    assert judge(known(used=GRACE - 1), 1, place, NOW) is Verdict.GOOD


def test_j5_later_it_is_taken_where_it_was_made_and_nowhere_else() -> None:
    """A browser that was killed before it had written the new one to its disk brings the one before."""
    assert judge(known(), 1, Place(HOME, CHROME_140), NOW) is Verdict.GOOD
    assert judge(known(), 1, Place(HOME, FIREFOX), NOW) is Verdict.OLD
    assert judge(known(), 1, Place(CAFE, CHROME_140), NOW) is Verdict.DOUBTED
    assert judge(known(ago=ACTIVE), 1, Place(CAFE, CHROME_140), NOW) is Verdict.OLD


def test_j5_an_older_one_is_sign_in_again_and_in_another_browser_a_copy() -> None:
    assert judge(known(), 2, Place(HOME, CHROME_140), NOW) is Verdict.OLD
    assert judge(known(), 2, Place(HOME, FIREFOX), NOW) is Verdict.OLD  # two browsers of one machine
    assert judge(known(), 2, Place(NEXT_DOOR, FIREFOX), NOW) is Verdict.COPIED
    assert judge(known(ago=ACTIVE * 9, used=None), 1, Place(CAFE, FIREFOX), NOW) is Verdict.COPIED


def test_j5_who_has_the_latest_after_an_old_one_came_from_elsewhere_is_one_of_two() -> None:
    """It needs neither another browser nor luck: a thief who copies the browser's name, too, has another network."""
    doubted = replace(known(), doubted_at=NOW - 60, doubted=Place(CAFE, CHROME_140))
    assert judge(doubted, 0, Place(HOME, CHROME_140), NOW) is Verdict.COPIED
    assert judge(doubted, 0, Place(CAFE, CHROME_140), NOW) is Verdict.GOOD  # both on one machine: an app on its desktop
    late = replace(doubted, doubted_at=NOW - ACTIVE)
    assert judge(late, 0, Place(HOME, CHROME_140), NOW) is Verdict.GOOD


def test_j5_a_doubt_by_the_other_version_counts_where_both_are_known() -> None:
    doubted = replace(known(beside=HOME_V6), doubted_at=NOW - 60, doubted=Place(CAFE_V6, CHROME_140))
    assert judge(doubted, 0, Place(HOME, CHROME_140), NOW) is Verdict.COPIED
    assert judge(doubted, 0, Place(CAFE, CHROME_140), NOW) is Verdict.GOOD
    assert judge(replace(doubted, beside=""), 0, Place(HOME, CHROME_140), NOW) is Verdict.GOOD
    assert judge(replace(doubted, doubted=Place(HOME_V6, "")), 0, Place(HOME, CHROME_140), NOW) is Verdict.GOOD


def test_j5_an_old_one_by_a_version_that_was_not_seen_is_sign_in_again() -> None:
    assert judge(known(), 1, Place(CAFE_V6, CHROME_140), NOW) is Verdict.OLD
    assert judge(known(), 1, Place(CAFE_V6, FIREFOX), NOW) is Verdict.COPIED
    assert judge(known(beside=HOME_V6), 1, Place(CAFE_V6, CHROME_140), NOW) is Verdict.DOUBTED
