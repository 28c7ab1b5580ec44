"""W4: after three wrong passwords from a device that is not known, a browser shows that it is no program."""

from __future__ import annotations

import io
import wave
from base64 import b64decode, b64encode

import pytest
from PIL import Image

from tests.backends import Clock
from tests.provider import PASSWORD, Answer, Browser, Provider, solved


def fail(browser: Browser, times: int, login: str = "ann") -> Answer:
    """That many wrong passwords; answers the last page."""
    page = browser.get("")
    for n in range(times):
        page = browser.log_in(page, login, f"wrong number {n} {id(browser)}")  # the same one again would not count
    return page


def has_check(page: Answer) -> bool:
    return "data-work" in page.text


@pytest.mark.parametrize("login", ["ann", "nobody-of-that-name"])
def test_W4_from_the_third_failure_on_a_check_is_asked_of_names_that_exist_and_of_others(
    provider: Provider, browser: Browser, login: str
) -> None:
    provider.add_person("ann")
    assert not has_check(fail(browser, 2, login))
    page = fail(provider.browser("203.0.113.9"), 1, login)  # the same network
    assert has_check(page)
    assert "data:" not in page.text.split("data-work")[1].split("<noscript>")[0]


def test_W4_without_the_work_the_right_password_is_not_even_looked_at(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann")
    page = fail(browser, 3)
    hashes = provider.services.passwords.hashes
    answer = browser.log_in(page, work="")
    assert answer.is_login_page
    assert has_check(answer)
    assert provider.services.passwords.hashes == hashes
    assert browser.log_in(answer).is_redirect  # with it, it is


def test_W4_work_is_done_once_for_one_browser_and_while_it_is_young(
    provider: Provider, browser: Browser, clock: Clock
) -> None:
    provider.add_person("ann")
    page = fail(browser, 3)
    done = solved(page)
    again = browser.log_in(page, "ann", "wrong once more", **done)
    assert not browser.log_in(again, **done).is_redirect  # used
    other = provider.browser()
    mine = other.log_in(other.get(""), "ann", "wrong in another browser")
    assert not other.log_in(mine, **solved(again)).is_redirect  # another browser's
    late = browser.log_in(again, work="")
    clock.advance(1801)
    assert not browser.log_in(late, **solved(late)).is_redirect


@pytest.mark.parametrize(
    "made_up", ["", "x", "e30=", b64encode(b"[]").decode(), b64encode(b'{"salt": 5}').decode(), "A" * 3000]
)
def test_W4_a_made_up_solution_is_none(provider: Provider, browser: Browser, made_up: str) -> None:
    provider.add_person("ann")
    assert browser.log_in(fail(browser, 3), work=made_up).is_login_page


def test_W4_a_solution_for_another_challenge_is_none(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann")
    done = b64decode(solved(fail(browser, 3))["work"]).decode()
    forged = b64encode(done.replace('"signature": "', '"signature": "00').encode()).decode()
    assert browser.log_in(browser.get(""), work=forged).is_login_page


def test_W4_without_javascript_a_picture_or_a_sound_does(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann")
    page = fail(browser, 3)
    source = page.text.split('<img src="')[1].split('"')[0]
    picture = browser.get(source)
    assert Image.open(io.BytesIO(picture.body)).format == "PNG"
    sound = browser.get(source.replace("picture", "sound"))
    with wave.open(io.BytesIO(sound.body)) as heard:
        assert heard.getnframes() > 8000
    assert provider.browser().get(source).status == 404  # another browser's
    number = digits_of(provider, browser, source)
    assert number not in page.text
    right = {"picture": source.rpartition("/")[2], "digits": f"{number[:3]} {number[3:]}", "work": ""}
    assert browser.log_in(page, **right).is_redirect


def digits_of(provider: Provider, browser: Browser, source: str) -> str:
    """What somebody reads in the picture: opened with the provider's own key."""
    import json

    value, _ = json.loads(provider.services.sealer.open("robot-check", source.rpartition("/")[2]))
    return str(value[1])


def test_W4_a_picture_is_guessed_at_once(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann")
    page = fail(browser, 3)
    source = page.text.split('<img src="')[1].split('"')[0]
    number = digits_of(provider, browser, source)
    token = source.rpartition("/")[2]
    assert browser.log_in(page, picture=token, digits="000000", work="").is_login_page
    assert browser.log_in(page, picture=token, digits=number, work="").is_login_page


def test_W4_never_of_a_known_device(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann")
    browser.log_in(browser.get(""))
    browser.submit(browser.get("logout"), "confirm")
    page = fail(browser, 4)
    assert not has_check(page)
    assert browser.log_in(page, "ann", PASSWORD).is_redirect


# -- N31: what was typed is kept -----------------------------------------------------------------------------------


def asked_first(provider: Provider, password: str = PASSWORD, login: str = "ann") -> tuple[Browser, Answer]:
    """An innocent in an office where somebody else mistyped that name three times: their own page had no check."""
    provider.add_person("ann")
    innocent = provider.browser()
    page = innocent.get("")
    fail(provider.browser("203.0.113.9"), 3, login)
    assert not has_check(page)
    return innocent, innocent.log_in(page, login, password)


def hidden(page: Answer, name: str) -> str:
    (field,) = page.dom.find("input", name=name)
    return field.get("value", "")


def test_n31_a_right_password_is_kept_while_the_browser_does_the_work(provider: Provider) -> None:
    innocent, page = asked_first(provider)
    assert "What you typed is kept" in page.dom.text
    assert "say bad" not in page.text  # nobody is blamed
    assert "aria-invalid" not in page.text
    assert hidden(page, "login") == "ann"
    assert PASSWORD not in page.text
    assert "data-send" in page.text  # and goes by itself
    assert innocent.submit(page).is_redirect  # nothing typed again


def test_n31_without_javascript_only_the_picture_is_left_to_answer(provider: Provider) -> None:
    innocent, page = asked_first(provider)
    source = page.text.split('<img src="')[1].split('"')[0]
    token = source.rpartition("/")[2]
    misread = innocent.submit(page, work="", picture=token, digits="000000")
    assert "Here is another one; your password is kept" in misread.dom.text
    source = misread.text.split('<img src="')[1].split('"')[0]
    number, token = digits_of(provider, innocent, source), source.rpartition("/")[2]
    assert innocent.submit(misread, work="", picture=token, digits=number).is_redirect


def test_n31_what_is_kept_was_not_looked_at_and_a_wrong_one_is_told_after_the_work(provider: Provider) -> None:
    innocent, page = asked_first(provider, "not the password")
    before = provider.services.passwords.hashes
    after = innocent.submit(page)
    assert provider.services.passwords.hashes > before
    assert "The name or the password is not right." in after.dom.text
    _, right = innocent, innocent.log_in(after, "ann", PASSWORD)
    assert right.is_redirect


def test_n31_the_choices_of_the_form_are_kept_too(provider: Provider) -> None:
    provider.add_person("ann")
    innocent = provider.browser()
    page = innocent.get("")
    fail(provider.browser("203.0.113.9"), 3)
    page = innocent.log_in(page, stay="1")
    innocent.submit(page)
    assert [line for line in innocent.set_cookies if "doorward_session" in line and "Max-Age" in line]


def test_n31_it_is_kept_for_this_browser_this_name_and_ten_minutes(provider: Provider, clock: Clock) -> None:
    innocent, page = asked_first(provider)
    thief = provider.browser()
    mine = thief.log_in(thief.get(""), "ann", "x y z", work="")
    assert not thief.submit(mine, held=hidden(page, "held")).is_redirect
    assert not innocent.submit(page, login="bob").is_redirect
    clock.advance(601)
    late = innocent.submit(page)
    assert "Please type your password once more" in late.dom.text
    assert "say bad" not in late.text
    assert innocent.log_in(late).is_redirect


def test_n31_a_full_queue_does_not_throw_it_away_either(provider: Provider, browser: Browser) -> None:
    """The same kind: the page that asks to wait sends it again."""
    provider.add_person("ann")
    page = browser.get("")
    room = provider.services.passwords._room
    taken = 0
    while room.acquire(blocking=False):
        taken += 1
    busy = browser.log_in(page)
    assert busy.status == 503
    assert PASSWORD not in busy.text
    room.release(taken)
    assert browser.submit(busy).is_redirect
