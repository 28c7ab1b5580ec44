"""N5, W2, W4: what is known to be wrong is answered without a hash, counts towards the check, and is one row."""

from __future__ import annotations

from base64 import b64encode

import pytest
from sqlalchemy import select

from idp.state.sql import state
from tests.backends import Clock
from tests.provider import PASSWORD, Answer, Browser, Provider

WRONG = "The name or the password is not right."
TYPED = "Sommer2025! in Berlin"
_ALL = select(state.c.key, state.c.value)


def type_it(browser: Browser, times: int, login: str = "ann", password: str = TYPED) -> Answer:
    """The same wrong password, again and again; answers the last page."""
    page = browser.get("")
    for _ in range(times):
        page = browser.log_in(page, login, password)
    return page


def failed(provider: Provider) -> list[dict[str, object]]:
    return [dict(event.detail) for event in provider.events("session:failed")]


@pytest.mark.parametrize("login", ["ann", "nobody-of-that-name", "ann@example.com"])
def test_n5_w2_a_wrong_password_typed_again_costs_no_hash_and_no_row(
    provider: Provider, browser: Browser, login: str
) -> None:
    provider.add_person("ann")
    type_it(browser, 1, login)
    before = provider.services.passwords.hashes
    page = type_it(browser, 30, login)
    assert WRONG in page.dom.text
    assert provider.services.passwords.hashes == before
    (row,) = failed(provider)
    assert row["repeated"] == 30


def test_n5_the_row_is_written_ever_more_seldom(provider: Provider, browser: Browser, clock: Clock) -> None:
    provider.add_person("ann")

    def go_on() -> None:
        for _ in range(4):
            type_it(browser, 40)
            clock.advance(11)

    sql, _, _ = provider.counted(go_on)
    assert len([text for text in sql if text.startswith("UPDATE events")]) <= 20
    assert failed(provider)[0]["repeated"] == 100  # as of the hundredth; the next one is told at two hundred


def test_n5_w4_repeats_count_towards_the_check_for_programs(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann")
    assert "data-work" not in type_it(browser, 1).text
    assert "data-work" in type_it(browser, 3).text
    other = provider.browser()
    before = provider.services.passwords.hashes
    page = other.log_in(other.get(""), "ann", "something new", work="")  # the same network, no work done
    assert provider.services.passwords.hashes == before
    assert "data-work" in page.text


def test_n5_w2_on_a_known_device_no_hash_either_and_no_check(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann")
    browser.log_in(browser.get(""))
    browser.submit(browser.get("logout"), "confirm")
    type_it(browser, 1)
    before = provider.services.passwords.hashes
    page = type_it(browser, 20)
    assert provider.services.passwords.hashes == before
    assert "data-work" not in page.text
    assert browser.log_in(page, "ann", PASSWORD).is_redirect


def test_n5_spaces_around_it_buy_few_hashes(provider: Provider, browser: Browser) -> None:
    """Each way to put them has to be looked at once; past a few ways they count as guesses."""
    provider.add_person("ann")
    type_it(browser, 1)
    before = provider.services.passwords.hashes
    page = browser.get("")
    for n in range(1, 40):
        page = browser.log_in(page, "ann", TYPED + " " * n)
        if "pause" in page.text and "Too many wrong passwords" in page.text:
            break
    assert "Too many wrong passwords" in page.dom.text
    assert provider.services.passwords.hashes - before <= 20


@pytest.mark.parametrize("padded", [False, True])
def test_n5_a_password_that_was_wrong_and_is_right_now_signs_in(
    provider: Provider, browser: Browser, padded: bool
) -> None:
    """Set by an admin meanwhile, within the same second; the spaces are a part of one of them."""
    person = provider.add_person("ann")
    page = type_it(browser, 4)
    new = f" {TYPED} " if padded else TYPED
    services = provider.services
    services.directory.store_password(person.id, services.passwords.hash(new), detail={"purpose": "test"})
    assert browser.log_in(page, "ann", new).is_redirect


def test_n5_an_account_that_is_turned_on_again_takes_what_was_refused(provider: Provider, browser: Browser) -> None:
    person = provider.add_person("ann")
    provider.services.directory.disable(person.id)
    page = type_it(browser, 2, password=PASSWORD)
    provider.services.directory.enable(person.id)
    assert browser.log_in(page, "ann", PASSWORD).is_redirect


def test_n5_other_names_and_other_networks_are_not_touched(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann")
    provider.add_person("bob", password=TYPED + " of Bob")
    type_it(browser, 25)
    neighbour, elsewhere = provider.browser(), provider.browser("198.51.100.4")
    assert neighbour.log_in(neighbour.get(""), "bob", TYPED + " of Bob", work="").is_redirect
    assert elsewhere.log_in(elsewhere.get(""), "ann", PASSWORD, work="").is_redirect


def test_n5_after_an_hour_it_is_looked_at_and_told_anew(provider: Provider, browser: Browser, clock: Clock) -> None:
    provider.add_person("ann")
    type_it(browser, 3)
    clock.advance(3601)
    before = provider.services.passwords.hashes
    page = browser.log_in(browser.get(""), "ann", TYPED)
    assert provider.services.passwords.hashes > before
    assert WRONG in page.dom.text
    assert len(failed(provider)) == 2


def test_n5_who_reads_state_cannot_try_passwords_on_it(provider: Provider, browser: Browser) -> None:
    """What is kept of a wrong password is a digest under a key that State does not hold."""
    from hashlib import md5, sha1, sha256

    provider.add_person("ann")
    type_it(browser, 2)
    kept = " ".join(str(tuple(row)) for row in provider.services.db.all(_ALL))
    assert "throttle:typed" in kept
    for plain in (TYPED, f"ann{TYPED}", TYPED.lower()):
        for made in (plain, *(h(plain.encode()).hexdigest()[:32] for h in (md5, sha1, sha256))):
            assert made not in kept
        assert b64encode(sha256(plain.encode()).digest()).decode()[:20] not in kept


def test_n5_the_earlier_password_is_told_each_time_and_hashed_once(
    provider: Provider, browser: Browser, clock: Clock
) -> None:
    """L6 on a known device: the same sentence, without its two hashes."""
    person = provider.add_person("ann")
    browser.log_in(browser.get(""))
    browser.submit(browser.get("logout"), "confirm")
    clock.advance(60)
    services = provider.services
    services.directory.store_password(
        person.id, services.passwords.hash("entirely another one"), detail={"purpose": "x"}
    )
    page = type_it(browser, 1, password=PASSWORD)
    assert "This is your earlier password" in page.dom.text
    before = services.passwords.hashes
    assert "This is your earlier password" in type_it(browser, 2, password=PASSWORD).dom.text
    assert services.passwords.hashes == before


def test_n5_the_right_password_of_an_account_that_is_off_is_hashed_and_recorded_once(
    provider: Provider, browser: Browser
) -> None:
    person = provider.add_person("ann")
    provider.services.directory.disable(person.id)
    page = type_it(browser, 1, password=PASSWORD)
    assert "turned off" in page.dom.text
    before = provider.services.passwords.hashes
    assert "turned off" in type_it(browser, 20, password=PASSWORD).dom.text
    assert provider.services.passwords.hashes == before
    assert len(failed(provider)) == 1
    provider.services.directory.enable(person.id)
    assert browser.submit(browser.log_in(page, "ann", PASSWORD, work="")).is_redirect


def test_n5_a_program_that_goes_on_is_answered_without_a_look_at_any_store(
    provider: Provider, browser: Browser, clock: Clock
) -> None:
    """It is told to wait, and nobody else is: not another name, password or network; and it is looked at again."""
    provider.add_person("ann")
    page = type_it(browser, 50)
    login = browser.get("")
    sql, verbs, answer = provider.counted(lambda: browser.log_in(login, "ann", TYPED))
    assert (sql, verbs, answer.status, answer.headers["Retry-After"]) == ([], [], 429, "10")
    assert "The name or the password" not in answer.dom.text
    assert browser.submit(browser.log_in(login, "ann", PASSWORD, work="")).is_redirect
    assert page.is_login_page
    clock.advance(11)
    browser.cookies = {}
    assert browser.log_in(browser.get(""), "ann", TYPED).is_login_page
