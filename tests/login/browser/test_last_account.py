"""Whoever signed in last on a device that is not shared is greeted by name there. T3, L7, L11."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.authenticator import Authenticator
from tests.backends import Clock
from tests.login.passkeys import add_passkey, sign_in
from tests.provider import PASSWORD, Answer, Browser, Provider
from tests.readable import readable


def name_field(page: Answer) -> str:
    (field,) = page.dom.find("input", id="login")
    return field.get("value", "")


def is_greeted(page: Answer, name: str = "Ann Example") -> bool:
    return name in page.dom.text and bool(page.dom.find("button", id="not-you"))


def come_back(browser: Browser) -> Answer:
    """The sign-in page after signing out."""
    browser.submit(browser.get("logout"), "confirm")
    return browser.get("")


def visited(provider: Provider, **values: str) -> Browser:
    """A browser in which Ann has signed in."""
    browser = provider.browser()
    browser.log_in(browser.get(""), **values)
    return browser


@pytest.fixture(autouse=True)
def ann(provider: Provider) -> None:
    provider.add_person("ann", employee_number="4711")


def test_t3_the_last_account_is_remembered_and_only_the_password_is_missing(provider: Provider) -> None:
    browser = visited(provider)
    page = come_back(browser)
    assert is_greeted(page)
    assert name_field(page) == "ann"
    assert "autofocus" in page.dom.find("input", id="password")[0]
    assert browser.submit(page, password=PASSWORD).location == provider.issuer + "/"


@pytest.mark.parametrize("typed", ["ann@example.com", "4711", " ANN "])
def test_t3_the_name_is_the_one_that_they_typed(provider: Provider, typed: str) -> None:
    page = come_back(visited(provider, login=typed))
    assert is_greeted(page)
    assert name_field(page) == typed.strip()


def test_t3_not_you_forgets(provider: Provider) -> None:
    browser = visited(provider)
    page = come_back(browser)
    (other,) = [form for form in page.dom.forms if form.action.endswith("/login") and not form.buttons]
    empty = browser.post("login", [*other.fields, ("action", "other")])
    for page in (empty, browser.get("")):
        assert page.is_login_page
        assert not is_greeted(page)
        assert name_field(page) == ""
    provider.add_person("bob")
    assert browser.log_in(empty, "bob").location == provider.issuer + "/"
    assert is_greeted(come_back(browser), "Bob Example")


def test_t3_enter_never_presses_not_you(provider: Provider) -> None:
    """Enter in a field presses the first button of its form: the one that signs in."""
    page = come_back(visited(provider))
    (button,) = page.dom.find("button", id="not-you")
    assert button["form"] == "other"
    assert page.dom.find("form", id="other")


def test_l11_a_shared_computer_remembers_nobody_and_forgets_who_was_there(provider: Provider) -> None:
    browser = visited(provider, shared="1")
    assert not browser.cookie("last")
    assert not is_greeted(come_back(browser))
    browser = visited(provider)
    provider.add_person("bob")
    browser.log_in(come_back(browser), "bob", shared="1")
    page = come_back(browser)
    assert not is_greeted(page)
    assert "Example" not in page.dom.text


def test_t3_the_cookie_tells_nobody_who_it_is(provider: Provider, browser: Browser) -> None:
    person = provider.add_person("annegret", email="annegret@beispiel.example", employee_number="0815-4711-42")
    browser.log_in(browser.get(""), "annegret@beispiel.example")
    value = readable(browser.cookie("last"))
    assert value
    assert not any(part in value for part in ("annegret", "beispiel", "0815-4711", person.id.lower(), "person_id"))
    (line,) = [one for one in browser.set_cookies if "doorward_last=" in one]
    assert all(part in line for part in ("__Host-", "Secure", "HttpOnly", "SameSite=Lax", f"Max-Age={90 * 86400}"))


@pytest.mark.parametrize("bent", ["", "x", "a" * 5000, "{}", "W10"])
def test_t3_a_cookie_that_is_not_ours_greets_nobody(provider: Provider, browser: Browser, bent: str) -> None:
    browser.cookies["__Host-doorward_last"] = bent
    page = browser.get("")
    assert page.is_login_page
    assert name_field(page) == ""


def test_t3_a_seal_of_another_purpose_greets_nobody(provider: Provider) -> None:
    browser = visited(provider)
    browser.cookies["__Host-doorward_last"] = browser.cookie("device")
    assert not is_greeted(come_back(browser))


def test_t3_it_ages_from_the_last_sign_in(provider: Provider, clock: Clock) -> None:
    browser = visited(provider)
    clock.advance(60 * 86400)
    browser.log_in(browser.get(""))
    clock.advance(60 * 86400)
    assert is_greeted(browser.get(""))
    clock.advance(31 * 86400)
    assert not is_greeted(browser.get(""))


@pytest.mark.parametrize("days", [0, 7])
def test_t3_the_days_are_a_setting(open_provider: Callable[..., Provider], clock: Clock, days: int) -> None:
    provider = open_provider(session={"remember_account_days": days})
    provider.add_person("ann")
    browser = visited(provider)
    assert is_greeted(come_back(browser)) is bool(days)
    clock.advance(8 * 86400)
    assert not is_greeted(browser.get(""))


def test_t3_what_the_application_says_beats_it(provider: Provider) -> None:
    crm, browser = provider.add_client(), visited(provider)
    come_back(browser)
    page = provider.authorize(browser, crm, login_hint="bob@example.com")
    assert name_field(page) == "bob@example.com"
    assert not is_greeted(page)
    assert is_greeted(provider.authorize(browser, crm, login_hint="ann"))
    assert is_greeted(provider.authorize(browser, crm))


def test_t3_another_account_and_somebody_else_by_name_are_not_filled_in(provider: Provider, clock: Clock) -> None:
    bob, crm, browser = provider.add_person("bob"), provider.add_client(consent="explicit"), visited(provider)
    assert name_field(browser.get("accounts?add=1")) == ""
    page = provider.authorize(browser, crm)
    assert page.is_consent_page
    at = next(n for n, form in enumerate(page.dom.forms) if "/login/consent" in form.action)
    assert name_field(browser.submit(page, "switch", form=at)) == ""
    clock.advance(1)
    page = provider.authorize(browser, crm, claims=f'{{"id_token":{{"sub":{{"value":"{bob.id}"}}}}}}')
    assert page.is_login_page
    assert name_field(page) == ""


def test_l7_whether_the_account_is_there_still_changes_nothing(provider: Provider) -> None:
    """Greeted from the cookie alone: an account that was removed or turned off looks like every other."""
    browser = visited(provider)
    before = come_back(browser)
    ann = provider.services.directory.find_by_login("ann")
    assert ann is not None
    provider.services.directory.disable(ann.id)
    off = browser.get("")
    provider.services.directory.remove(ann.id)
    gone = browser.get("")
    assert before.dom.text == off.dom.text == gone.dom.text


def test_t3_a_wrong_password_keeps_the_greeting_and_a_wrong_name_does_not(provider: Provider) -> None:
    browser = visited(provider)
    page = browser.log_in(come_back(browser), "ann", "wrong")
    assert is_greeted(page)
    page = browser.log_in(page, "nobody", "wrong")
    assert not is_greeted(page)
    assert name_field(page) == "nobody"


def test_t3_who_came_by_a_passkey_finds_it_first(provider: Provider) -> None:
    browser, device = visited(provider), Authenticator()
    add_passkey(browser, device)
    page = come_back(browser)
    assert "main" not in page.dom.find("button", id="passkey")[0]["class"]
    assert sign_in(browser, device, page).location == provider.issuer + "/"
    page = come_back(browser)
    assert is_greeted(page)
    assert "main" in page.dom.find("button", id="passkey")[0]["class"]
    assert browser.log_in(page).status == 200  # the password is a way still, with the passkey as its second step


def test_l5_resetting_the_browser_forgets(provider: Provider) -> None:
    browser = visited(provider)
    page = browser.get("help")
    at = next(n for n, form in enumerate(page.dom.forms) if "reset-browser" in form.action)
    browser.submit(page, form=at)
    assert not browser.cookie("last")


# -- the name first ----------------------------------------------------------------------------------------------------


@pytest.fixture
def name_first(open_provider: Callable[..., Provider]) -> Provider:
    provider = open_provider(session={"name_first": True})
    provider.add_person("ann")
    return provider


def asks_name_alone(page: Answer) -> bool:
    return bool(page.dom.find("input", id="login")) and not page.dom.find("input", id="password")


def test_t3_the_name_comes_first_where_the_operator_says_so(name_first: Provider) -> None:
    browser, crm = name_first.browser(), name_first.add_client()
    page = name_first.authorize(browser, crm)
    assert asks_name_alone(page)
    assert page.dom.find("button", id="passkey")
    page = browser.submit(page, "next", login="ann", stay="1")
    assert page.is_login_page
    assert name_field(page) == "ann"
    assert "checked" in page.dom.find("input", id="stay")[0]  # what was ticked stays so
    assert browser.submit(page, password=PASSWORD).code
    # The next time the name is known.
    assert is_greeted(come_back(browser))


@pytest.mark.parametrize("named", ["ann", "nobody", "ANN@example.com", "a" * 5000, "<b>"])
def test_l7_the_page_for_the_password_is_the_same_for_every_name(name_first: Provider, named: str) -> None:
    def page_for(name: str) -> tuple[int, Any]:
        browser = name_first.browser()
        page = browser.submit(browser.get(""), "next", login=name)
        assert page.is_login_page
        return page.status, [tag for tag, _ in page.dom.elements]

    assert page_for(named) == page_for("somebody")


def test_t3_a_hint_skips_the_page_for_the_name_and_not_you_leads_back(name_first: Provider) -> None:
    browser, crm = name_first.browser(), name_first.add_client()
    page = name_first.authorize(browser, crm, login_hint="ann")
    assert page.is_login_page
    assert page.dom.find("button", id="not-you")
    assert asks_name_alone(browser.post("login", [*page.form.fields, ("action", "other")]))


def test_t3_both_in_one_post_sign_in_as_ever(name_first: Provider) -> None:
    """What fills in both at once, such as a password manager, needs no second page."""
    browser = name_first.browser()
    page = browser.get("")
    assert browser.submit(page, login="ann", password=PASSWORD).location == name_first.issuer + "/"


def test_t3_an_empty_name_is_asked_for_again(name_first: Provider) -> None:
    browser = name_first.browser()
    assert asks_name_alone(browser.submit(browser.get(""), "next", login="  "))
