"""The menu behind the name at the top right: who, switch, add, sign out of one or of all. N34, A9, A7."""

from __future__ import annotations

import pytest

from tests.provider import Answer, Browser, Provider

OWN_PAGES = ["", "apps", "activity", "sessions", "profile", "access", "security", "security/recovery", "password"]


@pytest.fixture
def two(provider: Provider, browser: Browser) -> Browser:
    """Ann signed in, then Bob beside her, by the menu."""
    provider.add_person("ann", name="Ann Example")
    provider.add_person("bob", name="Bob Other")
    browser.log_in(browser.get(""))
    browser.log_in(browser.get("accounts?add=1"), "bob")
    return browser


def menu(page: Answer) -> str:
    """The menu's markup."""
    return page.text.partition('<details class="menu who">')[2].partition("</details>")[0]


def act(browser: Browser, page: Answer, path: str, **values: str) -> Answer:
    """Press one of the menu's buttons, which belong to a form at the foot of the page."""
    form = next(form for form in page.dom.forms if form.action == path)
    return browser.post(path.lstrip("/"), [*form.fields, *values.items()])


@pytest.mark.parametrize("path", OWN_PAGES)
def test_N34_every_page_of_a_person_has_the_menu_and_needs_no_javascript(two: Browser, path: str) -> None:
    page = two.get(path)
    for words in ("Bob Other", "Ann Example", "Add another account", "Sign out of this account", "of all accounts"):
        assert words in menu(page), words
    assert {"leave", "switch"} <= {form.get("id") for form in page.dom.find("form")}


def test_N34_a_press_switches_to_the_other_account(two: Browser) -> None:
    page = two.get("security")
    other = menu(page).partition('name="account" value="')[2].partition('"')[0]
    home = two.follow(act(two, page, "/accounts", account=other))
    assert "Hello, Ann Example" in home.dom.text
    assert "You have switched accounts." in home.dom.text


def test_N34_signing_out_of_one_leaves_the_other_signed_in(provider: Provider, two: Browser) -> None:
    page = two.get("profile")
    own = menu(page).partition('name="only" value="')[2].partition('"')[0]
    done = act(two, page, "/logout", only=own)
    assert "Bob Other is signed out" in done.dom.text
    assert "You are signed out" not in done.dom.text
    assert "Ann Example" in two.get("").dom.text  # she is offered
    ended = [event.person_id for event in provider.events("session:ended")]
    assert ended == [provider.services.directory.find_by_login("bob").id]  # type: ignore[union-attr]


def test_N34_signing_out_of_all_asks_nothing_more_and_ends_both(provider: Provider, two: Browser) -> None:
    done = act(two, two.get("profile"), "/logout")
    assert done.status == 200
    assert "You are signed out" in done.dom.text
    assert len(provider.events("session:ended")) == 2
    assert two.get("").is_login_page


@pytest.mark.parametrize("only", ["", "x", "0" * 26, "'"])
def test_N34_a_made_up_account_to_leave_signs_out_of_all_rather_than_of_none(two: Browser, only: str) -> None:
    act(two, two.get(""), "/logout", only=only)
    assert two.get("").is_login_page


@pytest.mark.parametrize("account", ["", "x", "0" * 26, "'", "\x00"])
def test_N34_a_made_up_account_is_not_switched_to(two: Browser, account: str) -> None:
    page = two.get("security")
    assert "Hello, Bob Other" in two.follow(act(two, page, "/accounts", account=account)).dom.text


def test_N34_another_browser_s_account_is_not_switched_to(provider: Provider, two: Browser) -> None:
    provider.add_person("eve", name="Eve Evil")
    evil = provider.browser("198.51.100.4")
    evil.log_in(evil.get(""), "eve")
    ann = menu(two.get("")).partition('name="account" value="')[2].partition('"')[0]
    key = dict(evil.get("profile").form.fields)["form_key"]
    assert "Eve Evil" in evil.follow(evil.post("accounts", {"form_key": key, "account": ann})).dom.text


def test_N34_who_is_alone_is_offered_another_account_and_one_way_out(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann", name="Ann Example")
    browser.log_in(browser.get(""))
    shown = menu(browser.get(""))
    assert "Add another account" in shown
    assert "Sign out of all" not in shown


def test_N34_only_an_address_that_was_opened_is_asked(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann")
    browser.log_in(browser.get(""))
    assert "Sign out?" in browser.get("logout").dom.text
    assert "You are signed out" in act(browser, browser.get(""), "/logout").dom.text
