"""After a form was sent, the next page says what was done: one mechanism, told once. N33."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp import flash
from idp.accounts.person import Person
from idp.accounts.recovery import contacts
from tests.backends import Clock
from tests.phone import Phone
from tests.provider import PASSWORD, Answer, Browser, Provider


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person("ann", email_verified=True)


def form_with(page: Answer, *, field: str = "", button: str = "") -> int:
    """The number of the form with that field or button."""
    return next(
        at
        for at, form in enumerate(page.dom.forms)
        if (field and field in form.names()) or (button and any(button in one for one in form.buttons))
    )


def told(page: Answer) -> str:
    """The message of a page, '' for none."""
    _, found, after = page.text.partition('id="changed"')
    return after.partition("<p>")[2].partition("</p>")[0] if found else ""


def save_profile(provider: Provider, browser: Browser, clock: Clock) -> Answer:
    page = browser.get("profile")
    return browser.submit(page, form=form_with(page, field="nickname"), nickname="Annie")


def set_up_an_app(provider: Provider, browser: Browser, clock: Clock) -> Answer:
    page = browser.get("security/totp")
    code = Phone.scan(page, clock).code
    return browser.submit(page, form=form_with(page, field="code"), code=code)


def change_the_password(provider: Provider, browser: Browser, clock: Clock) -> Answer:
    page = browser.get("password")
    new = "another horse battery staple"
    at = form_with(page, field="current")
    return browser.submit(page, form=at, current=PASSWORD, password=new, confirm=new)


def end_the_others(provider: Provider, browser: Browser, clock: Clock) -> Answer:
    other = provider.browser("198.51.100.9")
    other.log_in(other.get(""))
    page = browser.get("sessions")
    return browser.submit(page, "all", form=form_with(page, button="all"))


def end_one(provider: Provider, browser: Browser, clock: Clock) -> Answer:
    other = provider.browser("198.51.100.9")
    other.log_in(other.get(""))
    page = browser.get("sessions")
    return browser.submit(page, form=form_with(page, field="session"))


def say_that_it_was_me(provider: Provider, browser: Browser, clock: Clock) -> Answer:
    page = browser.get("activity")
    return browser.submit(page, "me", form=form_with(page, field="event"))


def remove_a_recovery_address(provider: Provider, browser: Browser, clock: Clock) -> Answer:
    person = provider.services.directory.list()[0]
    contacts.change(provider.services, person, "email", "ann@home.example", {})
    page = browser.get("security/recovery")
    return browser.submit(page, "remove", form=form_with(page, button="remove"))


def review_the_recovery(provider: Provider, browser: Browser, clock: Clock) -> Answer:
    person = provider.services.directory.list()[0]
    contacts.change(provider.services, person, "email", "ann@home.example", {})
    page = browser.get("recovery/review")
    return browser.submit(page, "right", form=form_with(page, button="right"))


def take_back_a_permission(provider: Provider, browser: Browser, clock: Clock) -> Answer:
    app = provider.add_client("CRM", consent="explicit")
    browser.submit(provider.authorize(browser, app), "allow")
    page = browser.get("access")
    return browser.submit(page, form=form_with(page, field="client_id"))


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (save_profile, "saved"),
        (set_up_an_app, "set up"),
        (change_the_password, "signed out everywhere else"),
        (end_the_others, "signed out everywhere else"),
        (end_one, "has ended"),
        (say_that_it_was_me, "this was you"),
        (remove_a_recovery_address, "removed"),
        (review_the_recovery, "Thank you"),
        (take_back_a_permission, "ask you again"),
    ],
)
def test_N33_the_next_page_says_what_was_done_and_the_one_after_it_does_not(
    provider: Provider, browser: Browser, ann: Person, clock: Clock,
    act: Callable[[Provider, Browser, Clock], Answer], words: str,
) -> None:  # fmt: skip
    browser.log_in(browser.get(""))
    clock.advance(1)
    answer = act(provider, browser, clock)
    page = browser.follow(answer) if answer.is_redirect else answer
    assert words in told(page), page.dom.text
    assert page.dom.find("div", id="changed", role="status")
    assert told(browser.get("security")) == ""


def test_N33_the_language_of_the_message_is_that_of_the_page(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann", claims={"locale": "de"})
    browser.log_in(browser.get(""))
    done = save_profile(provider, browser, lambda: 0.0)  # type: ignore[arg-type]
    assert "gespeichert" in told(browser.follow(done))


@pytest.mark.parametrize("name", ["", "nobody-wrote-this", "<b>x</b>", "x" * 4000])
def test_N33_a_cookie_of_somebody_elses_puts_no_words_into_our_mouth(
    provider: Provider, browser: Browser, ann: Person, name: str
) -> None:
    browser.log_in(browser.get(""))
    browser.cookies["__Host-doorward_done"] = name
    page = browser.get("security")
    assert page.status == 200
    assert told(page) == ""
    assert browser.cookie("done") == ""


def test_N33_nothing_is_said_of_what_did_not_happen(provider: Provider, browser: Browser, ann: Person) -> None:
    browser.log_in(browser.get(""))
    page = browser.get("profile")
    refused = browser.submit(page, form=form_with(page, field="website"), website="nonsense")
    assert told(refused) == ""
    assert told(browser.get("security?changed=removed")) == ""
    key = dict(page.form.fields)["form_key"]
    assert told(browser.follow(browser.post("sessions", {"form_key": key, "session": "nobody's"}))) == ""


def test_N33_each_message_has_its_text() -> None:
    assert all(text[0].isupper() and text.endswith(".") for text in flash.TEXTS.values())
