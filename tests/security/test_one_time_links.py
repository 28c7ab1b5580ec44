"""One-time links are secrets, work once, and never open what somebody closed meanwhile. S56, S58."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp.accounts import links
from idp.accounts.person import Person
from tests.backends import Clock
from tests.provider import PASSWORD, Answer, Browser, Provider

NEW = "a brand new pass phrase"


def make_link(provider: Provider, person: Person, purpose: str = "reset") -> str:
    return links.make(provider.services.state, provider.services.directory.get(person.id), purpose)


def set_by(browser: Browser, token: str, password: str = NEW) -> Answer:
    return browser.submit(browser.get(f"setup/{token}"), None, password=password, confirm=password)


def can_sign_in(provider: Provider, password: str, login: str = "ann") -> bool:
    browser = provider.browser()
    return browser.log_in(browser.get(""), login, password).is_redirect


# -- secrecy ---------------------------------------------------------------------------------------------------------


def _post_without_cookie(provider: Provider, browser: Browser, token: str) -> int:
    return browser.post(f"setup/{token}", {"password": NEW, "confirm": NEW}, cookies=False).status


def _with_a_slash_too_many(provider: Provider, browser: Browser, token: str) -> int:
    return max(browser.get(f"{path}").status for path in (f"setup/{token}/", f"//setup/{token}", f"setup/{token}/x"))


def _broken_directory(provider: Provider, browser: Browser, token: str) -> int:
    def broken(person_id: str) -> Person:
        raise ZeroDivisionError(f"never shown: {token}")

    provider.services.directory.find = broken  # type: ignore[method-assign]
    return browser.get(f"setup/{token}").status


def _silent_database(provider: Provider, browser: Browser, token: str) -> int:
    with sqlite3.connect(_path(provider)) as connection:
        connection.execute("ALTER TABLE state RENAME TO away")
    status = browser.get(f"setup/{token}").status
    with sqlite3.connect(_path(provider)) as connection:
        connection.execute("ALTER TABLE away RENAME TO state")
    return status


def _body_too_large(provider: Provider, browser: Browser, token: str) -> int:
    return browser.post(f"setup/{token}", b"x" * 200_000).status


@pytest.mark.parametrize(
    ("way", "status"),
    [
        (_post_without_cookie, 403), (_with_a_slash_too_many, 404), (_broken_directory, 500), (_silent_database, 503),
        (_body_too_large, 413),
    ],
)  # fmt: skip
def test_S56_a_link_that_ends_in_an_error_stands_in_no_event_and_no_log_line(
    open_provider: Callable[..., Provider],
    capfd: pytest.CaptureFixture[str],
    way: Callable[[Provider, Browser, str], int],
    status: int,
) -> None:
    provider = open_provider(log={"level": "debug", "format": "json"})
    token = make_link(provider, provider.add_person(password=None))
    browser = provider.browser()
    assert way(provider, browser, token) == status
    dumped = "\n".join(sqlite3.connect(_path(provider)).iterdump())
    assert "error:" in dumped  # something was recorded
    assert token not in dumped
    assert token not in "".join(capfd.readouterr())
    assert all("location" not in answer.headers for answer in browser.answers)


def _path(provider: Provider) -> Path:
    return Path(provider.settings.database_url.removeprefix("sqlite:///"))


# -- races: whoever asks is held at the hash, and the world goes on --------------------------------------------------


class Gate:
    """Holds the next password hash until told to go on; the hash itself is the real one."""

    def __init__(self, provider: Provider) -> None:
        self._passwords, self._real = provider.services.passwords, provider.services.passwords.hash
        self._reached, self._go = threading.Event(), threading.Event()
        provider.services.passwords.hash = self._hash  # type: ignore[method-assign]

    def _hash(self, password: str) -> str:
        self._passwords.hash = self._real  # type: ignore[method-assign]
        hashed = self._real(password)
        self._reached.set()
        assert self._go.wait(10)
        return hashed

    def during(self, ask: Callable[[], Answer], meanwhile: Callable[[], Any]) -> Answer:
        """The answer of `ask`, with `meanwhile` done while it hashes."""
        answers: list[Answer] = []
        asking = threading.Thread(target=lambda: answers.append(ask()))
        asking.start()
        assert self._reached.wait(10)
        meanwhile()
        self._go.set()
        asking.join()
        return answers[0]


def test_S58_a_password_change_that_races_with_a_reset_loses(provider: Provider, clock: Clock) -> None:
    ann, thief = provider.add_person(), provider.browser()
    thief.log_in(thief.get(""))
    page = thief.get("password")
    clock.advance(1)
    owner, token, choice = provider.browser(), make_link(provider, ann), "the thief's own choice"
    answer = Gate(provider).during(
        lambda: thief.submit(page, None, current=PASSWORD, password=choice, confirm=choice),
        lambda: (set_by(owner, token), clock.advance(1)),
    )
    assert answer.is_login_page
    assert thief.get("").is_login_page
    assert [can_sign_in(provider, p) for p in (NEW, choice, PASSWORD)] == [True, False, False]
    assert len(provider.events("password:set")) == 1


def test_S56_of_two_links_for_one_person_the_slower_sets_nothing(provider: Provider, clock: Clock) -> None:
    ann = provider.add_person(password=None)
    first, second = make_link(provider, ann), make_link(provider, ann)
    slow, fast = provider.browser(), provider.browser()
    answer = Gate(provider).during(lambda: set_by(slow, first, "the slower one's choice"), lambda: set_by(fast, second))
    assert (answer.status, answer.is_redirect) == (404, False)
    assert slow.cookie("session") == ""
    assert can_sign_in(provider, NEW)
    assert not can_sign_in(provider, "the slower one's choice")


@pytest.mark.parametrize("again", [False, True])
def test_S58_a_link_used_while_the_account_is_being_disabled_sets_nothing(
    provider: Provider, clock: Clock, again: bool
) -> None:
    ann, browser = provider.add_person(), provider.browser()
    token = make_link(provider, ann)
    answer = Gate(provider).during(lambda: set_by(browser, token), lambda: provider.services.directory.disable(ann.id))
    assert answer.status == 404
    assert browser.cookie("session") == ""
    if again:
        provider.services.directory.enable(ann.id)
        assert not can_sign_in(provider, NEW)


def test_S58_a_password_change_while_the_account_is_being_disabled_changes_nothing(provider: Provider) -> None:
    ann, browser = provider.add_person(), provider.browser()
    browser.log_in(browser.get(""))
    page = browser.get("password")
    answer = Gate(provider).during(
        lambda: browser.submit(page, None, current=PASSWORD, password=NEW, confirm=NEW),
        lambda: provider.services.directory.disable(ann.id),
    )
    assert answer.is_login_page
    provider.services.directory.enable(ann.id)
    assert (can_sign_in(provider, NEW), can_sign_in(provider, PASSWORD)) == (False, True)
    assert browser.get("").is_login_page


def test_P1_a_password_change_in_a_busy_moment_is_asked_to_wait(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(passwords={"threads": 1, "queue": 1})
    provider.add_person()
    browser = provider.browser()
    browser.log_in(browser.get(""))
    page = browser.get("password")
    hold, go = threading.Event(), threading.Event()
    passwords = provider.services.passwords
    waiting = [threading.Thread(target=lambda: passwords._run(lambda: (hold.set(), go.wait(10)))) for _ in range(2)]
    for thread in waiting:
        thread.start()
    assert hold.wait(10)
    while passwords._room.acquire(blocking=False):  # until both have their place in the queue
        passwords._room.release()
    answer = browser.submit(page, None, current=PASSWORD, password=NEW, confirm=NEW)
    go.set()
    for thread in waiting:
        thread.join()
    assert (answer.status, bool(answer.headers["Retry-After"])) == (503, True)
    assert can_sign_in(provider, PASSWORD)


def test_S58_a_sign_in_that_races_with_a_reset_opens_no_session(provider: Provider, clock: Clock) -> None:
    ann, thief, owner = provider.add_person(), provider.browser(), provider.browser()
    page, passwords = thief.get(""), provider.services.passwords
    verified, go = threading.Event(), threading.Event()
    real = passwords.verify

    def verify(stored: str | None, password: str) -> Any:
        verdict = real(stored, password)
        verified.set()
        assert go.wait(10)
        return verdict

    passwords.verify = verify  # type: ignore[method-assign]
    answers: list[Answer] = []
    asking = threading.Thread(target=lambda: answers.append(thief.log_in(page)))
    asking.start()
    assert verified.wait(10)
    passwords.verify = real  # type: ignore[method-assign]
    clock.advance(1)
    assert set_by(owner, make_link(provider, ann)).is_redirect
    go.set()
    asking.join()
    assert answers[0].is_login_page
    assert "not right" in answers[0].dom.text
    assert thief.cookie("session") == ""
