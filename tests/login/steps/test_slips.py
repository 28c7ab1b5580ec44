"""L8: without JavaScript, Back onto the answer to a wrong password or code is a page, no question of the browser."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from idp.accounts.person import Person
from tests.backends import Clock
from tests.login.second_step import enrol, is_second_step
from tests.provider import PASSWORD, Answer, App, Browser, Provider

START = "https://crm.example/login"
WRONG = "not the password that it is"


@pytest.fixture
def crm(provider: Provider) -> App:
    return provider.add_client("CRM", initiate_login_uri=START)


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person("ann")


@pytest.fixture
def plain(browser: Browser) -> Browser:
    """A browser without JavaScript: what stands in <noscript> is of the form."""
    browser.headers |= {"Accept": "text/html", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"}
    return browser


def shown(browser: Browser, answer: Answer) -> Answer:
    """The page that a redirect leads to."""
    assert (answer.status, urlsplit(answer.location).path) == (303, "/login/slip")
    page = browser.follow(answer)
    assert page.status == 200
    return page


def slip(browser: Browser, answer: Answer) -> Answer:
    """The same, with its error."""
    page = shown(browser, answer)
    assert page.dom.find("div", id="error")
    return page


def test_l8_a_wrong_password_has_an_address_that_back_and_reload_may_load(
    provider: Provider, plain: Browser, ann: Person, crm: App
) -> None:
    answer = plain.log_in(provider.authorize(plain, crm), password=WRONG)
    for secret in ("ann", WRONG, WRONG.replace(" ", "+"), crm.id):
        assert secret not in answer.location
    first = slip(plain, answer)
    (login,) = first.dom.find("input", id="login")
    assert login["value"] == "ann"
    assert slip(plain, answer).dom.find("div", id="error") == first.dom.find("div", id="error")
    assert slip(plain, plain.log_in(first, password="wrong in another way")).is_login_page
    assert plain.log_in(first).code


def test_l8_back_onto_it_after_signing_in_leads_on_as_every_page_does(
    provider: Provider, plain: Browser, ann: Person, crm: App
) -> None:
    answer = plain.log_in(provider.authorize(plain, crm), password=WRONG)
    assert plain.log_in(slip(plain, answer)).code
    back = plain.get(answer.location)
    assert plain.follow(back).location.startswith(START)


def test_l8_a_wrong_code_has_an_address_too(provider: Provider, plain: Browser, crm: App, clock: Clock) -> None:
    phone = enrol(provider, clock)
    asked = plain.log_in(provider.authorize(plain, crm))
    assert is_second_step(shown(plain, asked))
    answer = plain.submit(shown(plain, asked), code=phone.wrong)
    assert is_second_step(slip(plain, answer))
    others = shown(plain, plain.submit(shown(plain, answer), "other", form=1))
    assert "Choose another way" in others.dom.text
    assert is_second_step(shown(plain, asked))  # Back
    clock.advance(30)
    assert plain.submit(slip(plain, answer), code=phone.code).code
    assert plain.follow(plain.get(asked.location)).location.startswith(START)


def test_l8_a_pause_is_told_at_its_address_until_it_is_over(
    provider: Provider, plain: Browser, ann: Person, crm: App, clock: Clock
) -> None:
    page = provider.authorize(plain, crm)
    for number in range(5):
        answer = plain.log_in(page, password=f"wrong number {number}")
        page = plain.follow(answer) if answer.is_redirect else answer
    assert 0 < int(page.headers["Retry-After"]) <= 60
    assert page.dom.find("div", id="pause")
    clock.advance(61)
    assert not plain.get(answer.location).dom.find("div", id="pause")


@pytest.mark.parametrize("missing", ["javascript is on", "of another site", "an old browser"])
def test_l8_others_have_the_page_itself(
    provider: Provider, plain: Browser, ann: Person, crm: App, missing: str
) -> None:
    page = provider.authorize(plain, crm)
    if missing == "of another site":
        plain.headers["Sec-Fetch-Site"] = "cross-site"
    elif missing == "an old browser":
        del plain.headers["Sec-Fetch-Dest"], plain.headers["Sec-Fetch-Site"]
    pairs = page.form.filled(None, {"login": "ann", "password": WRONG})
    answer = plain.post("login", [pair for pair in pairs if pair[0] != "plain" or missing != "javascript is on"])
    assert (answer.status, answer.is_login_page) == (200, True)


def test_x24_the_address_is_of_one_browser_and_of_ten_minutes(
    provider: Provider, plain: Browser, ann: Person, crm: App, clock: Clock
) -> None:
    answer = plain.log_in(provider.authorize(plain, crm), password=WRONG)
    other = provider.browser()
    other.headers |= plain.headers
    other.get("")
    told = other.get(answer.location)
    assert (told.status, told.location) == (303, provider.issuer + "/")
    sealed = parse_qs(urlsplit(answer.location).query)["said"][0]
    for made_up in ("", "x", sealed[:-2], sealed + "x"):
        assert plain.get(f"login/slip?said={made_up}").location == provider.issuer + "/"
    clock.advance(601)
    anew = plain.follow(plain.get(answer.location))
    assert anew.is_login_page
    assert not anew.dom.find("div", id="error")


def test_l8_a_page_of_our_own_comes_back_as_well(provider: Provider, plain: Browser, ann: Person) -> None:
    answer = plain.log_in(plain.get("security"), password=WRONG)
    assert plain.log_in(slip(plain, answer)).location == provider.issuer + "/security"
    assert plain.get(answer.location).location == provider.issuer + "/security"


def test_w4_a_password_that_is_kept_stands_in_no_address(
    provider: Provider, plain: Browser, ann: Person, crm: App
) -> None:
    page = provider.authorize(plain, crm)
    for number in range(3):
        answer = plain.log_in(page, password=f"wrong number {number}")
        page = plain.follow(answer) if answer.is_redirect else answer
    pairs = page.form.filled(None, {"login": "ann", "password": PASSWORD, "digits": "000000", "work": ""})
    kept = plain.post("login", pairs)
    assert kept.status == 200
    assert kept.dom.find("input", name="held")
