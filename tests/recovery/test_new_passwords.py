"""P2, P3, P7, L6: how long a password must be, when it must be changed, which were had before. With S54, S55, S62."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts import expiry, history
from idp.accounts.choosing import always_needs_second, policy_for
from idp.accounts.person import Person
from tests.backends import Clock
from tests.provider import PASSWORD, Answer, Browser, Provider
from tests.recovery.post import MAIL, collect

NEW = "a brand new pass phrase"
DAY = 86400.0


def change(browser: Browser, password: str, current: str = PASSWORD, **values: str) -> Answer:
    return browser.submit(browser.get("password"), current=current, password=password, confirm=password, **values)


def signed_in(provider: Provider, login: str = "ann", password: str = PASSWORD) -> Browser:
    browser = provider.browser()
    assert browser.log_in(browser.get(""), login, password).is_redirect
    return browser


# -- P2 ----------------------------------------------------------------------------------------------------------------


@pytest.mark.spec("NIST SP 800-63B-4 3.1.1.2")
@pytest.mark.parametrize(
    ("factors", "length"),
    [
        ({}, 15),
        ({"rules": [{"need": "second"}]}, 8),
        ({"rules": [{"need": "phishing-resistant", "groups": ["Staff"]}]}, 8),
        ({"rules": [{"need": "second", "groups": ["Other"]}]}, 15),
        ({"rules": [{"need": "second", "apps": ["c1"]}]}, 15),
        ({"rules": [{"need": "second", "outside": ["10.0.0.0/8"]}]}, 15),
        ({"rules": [{"need": "second", "networks": ["10.0.0.0/8"]}]}, 15),
        ({"rules": [{"need": "second", "device": "unknown"}]}, 15),
        ({"rules": [{"need": "second", "grace_days": 7}]}, 15),
        ({"rules": [{"need": "second", "starts": "2999-01-01"}]}, 15),
        ({"rules": [{"need": "second"}], "email_is_second": True}, 15),
    ],
)
def test_P2_S62_fifteen_characters_where_the_password_may_be_the_only_factor_eight_with_mfa(
    open_provider: Callable[..., Provider], factors: dict[str, Any], length: int
) -> None:
    provider = open_provider(factors=factors)
    ann = provider.add_person("ann", groups=("Staff",))
    assert policy_for(provider.services, ann).min_length == length
    assert always_needs_second(provider.services, ann) == (length == 8)


def test_P2_the_page_names_the_length_that_holds(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(factors={"rules": [{"need": "second"}]})
    from idp.accounts import links

    token = links.make(provider.services.state, provider.add_person("ann", password=None), "invitation")
    browser = provider.browser()
    page = browser.get(f"setup/{token}")
    assert page.dom.find("input", id="password")[0]["minlength"] == "8"
    assert "at least 8 characters" in browser.submit(page, password="vK7#pq9", confirm="vK7#pq9").dom.text
    assert "at least" not in browser.submit(page, password="vK7#pq92", confirm="vK7#pq92").dom.text


def test_S54_11_the_names_of_apps_are_easy_to_guess(provider: Provider, ann: Person) -> None:
    provider.add_client("Rocket Planner")
    assert "“rocketplanner”" in " ".join(policy_for(provider.services, ann).problems("rocketplanner rocket", ann))
    assert "too little" in change(signed_in(provider), "rocket planner 1234").dom.text


# -- changing it -------------------------------------------------------------------------------------------------------


def test_S55_V6_3_7_a_changed_password_is_told_by_mail_with_a_way_to_say_not_me(
    provider: Provider, ann: Person
) -> None:
    assert change(signed_in(provider), NEW).is_redirect
    (mail,) = collect(provider, "password_changed")
    assert mail.to == "ann@example.com"
    assert "/not-me/" in mail.text
    assert NEW not in mail.text


def test_S58_V7_4_3_a_change_ends_the_other_sign_ins_unless_the_person_keeps_them(
    provider: Provider, ann: Person
) -> None:
    here, there = signed_in(provider), signed_in(provider)
    assert change(here, NEW, keep_others="1").is_redirect
    assert not there.get("").is_login_page
    assert change(here, NEW + " again", NEW).is_redirect
    assert there.get("").is_login_page
    assert not here.get("").is_login_page


def test_P7_with_a_second_factor_changing_the_password_asks_for_it_again(
    provider: Provider, ann: Person, clock: Clock
) -> None:
    from idp.accounts import factors

    browser = signed_in(provider)
    with provider.services.db.transaction() as tx:
        factors.add(tx, clock(), ann.id, "totp", "phone", sealed="x")
    clock.advance(1)
    assert browser.get("password").is_login_page  # the session has shown a password only


# -- P3: expiry, off by default ----------------------------------------------------------------------------------------


@pytest.fixture
def expiring(open_provider: Callable[..., Provider]) -> Provider:
    return open_provider(mail=MAIL, passwords={"expire_days": {"finance": 90, "*": 365}})


def test_S62_no_password_expires_by_default(provider: Provider, ann: Person, clock: Clock) -> None:
    clock.advance(4000 * DAY)
    sql, _, due = provider.counted(lambda: expiry.password_due(provider.services, ann, clock()))
    assert (sql, due, expiry.tell_everybody(provider.services)) == ([], None, 0)


def test_P3_the_shortest_life_of_the_groups_holds(expiring: Provider, clock: Clock) -> None:
    ann = expiring.add_person("ann", groups=("Finance", "Staff"))
    bob = expiring.add_person("bob")
    clock.advance(80 * DAY)
    due = expiry.password_due(expiring.services, ann, clock())
    assert due is not None
    assert (due.days, due.is_over) == (10, False)
    assert expiry.password_due(expiring.services, bob, clock()) is None
    clock.advance(10 * DAY)
    due = expiry.password_due(expiring.services, ann, clock())
    assert due is not None
    assert due.is_over


def test_P3_notices_are_mailed_14_7_and_1_days_before_each_once(expiring: Provider, clock: Clock) -> None:
    expiring.add_person("ann", groups=("Finance",), email_verified=True)
    expiring.add_person("bob", email_verified=True)
    told: dict[int, int] = {}
    for day in range(1, 100):
        clock.advance(DAY)
        for _ in range(2):
            expiry.tell_everybody(expiring.services)
        for mail in collect(expiring, "password_expires"):
            assert mail.to == "ann@example.com"
            told[90 - day] = mail.values["days"]
    assert told == {14: 14, 7: 7, 1: 1}


def test_P3_the_first_page_tells_of_it_too(expiring: Provider, clock: Clock) -> None:
    expiring.add_person("ann", groups=("Finance",))
    clock.advance(80 * DAY)
    page = signed_in(expiring).get("")
    assert "must be changed within 10 days" in page.dom.text
    assert page.dom.find("a", href="/password")


def test_P3_past_the_end_a_new_one_is_chosen_inside_the_sign_in(expiring: Provider, clock: Clock) -> None:
    expiring.add_person("ann", groups=("Finance",), email_verified=True)
    crm = expiring.add_client()
    clock.advance(91 * DAY)
    browser = expiring.browser()
    page = browser.log_in(expiring.authorize(browser, crm))
    assert (page.status, browser.cookie("session")) == (200, "")
    assert "Time for a new password" in page.dom.text
    same = browser.submit(page, password=PASSWORD, confirm=PASSWORD)
    assert "password that you have" in same.dom.text
    done = browser.submit(same, password=NEW, confirm=NEW)
    assert expiring.redeem(crm, done.code).status == 200
    assert signed_in(expiring, password=NEW)
    assert len(collect(expiring, "password_changed")) == 1


def test_P3_the_last_passwords_are_not_taken_again(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(passwords={"history": 2})
    provider.add_person("ann")
    browser, current = signed_in(provider), PASSWORD
    words = ["first brand new phrase", "second brand new phrase", "third brand new phrase"]
    for word in words:
        assert change(browser, word, current).is_redirect
        current = word
    for word in (words[2], words[1], words[0]):
        assert "had this password before" in change(browser, word, current).dom.text
    assert change(browser, PASSWORD, current).is_redirect  # three back: forgotten


def test_P3_S18_earlier_passwords_are_kept_sealed_and_only_as_many_as_needed(provider: Provider, ann: Person) -> None:
    browser, current = signed_in(provider), PASSWORD
    for word in ("first brand new phrase", "second brand new phrase"):
        assert change(browser, word, current).is_redirect
        current = word
    (earlier,) = history.latest(provider.services, ann.id, 10)
    assert provider.services.passwords.verify(earlier.password_hash, "first brand new phrase").ok
    from idp.accounts import store

    (row,) = provider.services.db.all(store.EARLIER, person_id=ann.id, many=10)
    assert "argon2" not in row.sealed


# -- L6 ----------------------------------------------------------------------------------------------------------------


def test_L6_on_a_known_device_the_earlier_password_is_named_as_such(provider: Provider, ann: Person) -> None:
    browser = signed_in(provider)
    assert change(browser, NEW).is_redirect
    browser.submit(browser.get("logout"), "confirm")
    page = browser.log_in(browser.get(""), "ann", PASSWORD)
    assert "it was changed on" in page.dom.text
    assert "not right" in browser.log_in(browser.get(""), "ann", "neither of the two").dom.text
    assert browser.log_in(browser.get(""), "ann", NEW).is_redirect
    failures = sorted(event.detail["failures"] for event in provider.events("session:failed"))
    assert failures == [1, 2]  # it counts like any other


def test_L6_a_stranger_learns_nothing_by_text_work_or_time(provider: Provider, ann: Person) -> None:
    assert change(signed_in(provider), NEW).is_redirect
    first = provider.browser("192.0.2.1")
    first.log_in(first.get(""), "ann", "somebody has failed before")
    seen = []
    for password, address in ((PASSWORD, "198.51.100.1"), ("never anybody's password", "203.0.114.1")):
        stranger = provider.browser(address)
        page = stranger.get("")
        before = provider.services.passwords.hashes
        sql, _, answer = provider.counted(lambda s=stranger, p=page, w=password: s.log_in(p, "ann", w))
        seen.append((answer.status, "not right" in answer.dom.text, sql, provider.services.passwords.hashes - before))
    assert seen[0] == seen[1]
    assert seen[0][3] == 1
    assert not any("password_history" in text for text in seen[0][2])


def test_L6_nothing_is_told_before_the_throttle_is_asked(provider: Provider, ann: Person) -> None:
    browser = signed_in(provider)
    assert change(browser, NEW).is_redirect
    browser.submit(browser.get("logout"), "confirm")
    for n in range(5):
        browser.log_in(browser.get(""), "ann", f"wrong {n}")
    before = provider.services.passwords.hashes
    page = browser.log_in(browser.get(""), "ann", PASSWORD)
    assert page.dom.find("div", id="pause")
    assert "it was changed on" not in page.dom.text
    assert provider.services.passwords.hashes == before


def test_L6_only_the_one_before_counts(provider: Provider, ann: Person, clock: Clock) -> None:
    browser = signed_in(provider)
    assert change(browser, NEW).is_redirect
    clock.advance(5)
    assert change(browser, NEW + " again", NEW).is_redirect
    browser.submit(browser.get("logout"), "confirm")
    assert "it was changed on" not in browser.log_in(browser.get(""), "ann", PASSWORD).dom.text
    assert "it was changed on" in browser.log_in(browser.get(""), "ann", NEW).dom.text
