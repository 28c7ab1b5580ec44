"""N28, L8: Back after signing in leads on to the application's start, never to its "state" error."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clients.client import Client
from idp.accounts.person import Person
from tests.backends import Clock
from tests.login.second_step import enrol
from tests.provider import Answer, App, Browser, Provider
from tests.saml.asking import authn_request, by_post, by_redirect
from tests.saml.conftest import *  # noqa: F403  the service provider "wiki" and its people
from tests.saml.relying import register, status

HTML = "text/html,application/xhtml+xml"
START = "https://crm.example/login"


@pytest.fixture
def person(browser: Browser, ann: Person) -> Browser:
    """Ann at her browser."""
    browser.headers |= {"Accept": HTML, "Sec-Fetch-Dest": "document"}
    return browser


@pytest.fixture
def crm(provider: Provider) -> App:
    return provider.add_client("CRM", initiate_login_uri=START)


def test_n28_back_after_signing_in_begins_at_the_application(provider: Provider, person: Browser, crm: App) -> None:
    page = provider.authorize(person, crm, state="used once")
    assert person.log_in(page).code
    back = person.get(page.url)
    assert back.location == f"{START}?iss=https%3A%2F%2Flogin.example"  # Core §4
    assert provider.authorize(person, crm, state="a new one").code


def test_n28_also_when_nobody_is_signed_in_any_more(provider: Provider, person: Browser, crm: App) -> None:
    page = provider.authorize(person, crm, state="used once")
    person.log_in(page)
    person.submit(person.get("logout"), "confirm")
    assert person.get(page.url).location.startswith(START)


def test_n28_the_page_that_lay_in_the_browsers_memory_is_sent_again(
    provider: Provider, person: Browser, crm: App
) -> None:
    page = provider.authorize(person, crm, state="used once")
    assert person.log_in(page).code
    assert person.log_in(page).location.startswith(START)


def test_n28_after_a_second_step_and_a_consent(open_provider: Callable[..., Provider], clock: Clock) -> None:
    provider = open_provider()
    phone = enrol(provider, clock)
    app = provider.add_client("CRM", initiate_login_uri=START, consent="explicit")
    browser = provider.browser()
    browser.headers |= {"Accept": HTML, "Sec-Fetch-Dest": "document"}
    first = provider.authorize(browser, app, state="used once")
    page = browser.submit(browser.log_in(first), code=phone.code)
    assert page.is_consent_page
    assert browser.submit(page, "allow").code
    assert browser.get(first.url).location.startswith(START)


def test_n28_a_cancelled_request_was_answered_too(provider: Provider, person: Browser, crm: App) -> None:
    page = provider.authorize(person, crm, state="used once")
    assert person.submit(page, "cancel").error == "access_denied"
    assert person.get(page.url).location.startswith(START)


def test_n28_without_a_start_a_page_says_so_and_leads_to_the_applications_host(
    provider: Provider, person: Browser
) -> None:
    app = provider.add_client("Wiki")
    page = provider.authorize(person, app, state="used once")
    person.log_in(page)
    back = person.get(page.url)
    assert "Wiki has had the answer to this sign-in" in back.dom.text
    assert [a["href"] for a in back.dom.find("a") if "main" in a.get("class", "")] == ["https://wiki.example/"]
    assert not back.is_redirect


def test_n28_an_application_without_a_state_of_its_own_is_answered_again(provider: Provider, person: Browser) -> None:
    """It sends the same request each time: at worst it begins once more, then it has its answer."""
    app = provider.add_client("Old", "legacy", require_pkce=False)
    plain = {"state": None, "nonce": None, "code_challenge": None, "code_challenge_method": None}
    provider.sign_in(person, app, **plain)
    assert all(provider.authorize(person, app, **plain).code for _ in range(3))
    static = {**plain, "state": "always this"}
    browser = provider.browser()
    browser.headers |= {"Accept": HTML, "Sec-Fetch-Dest": "document"}
    provider.sign_in(browser, app, **static)
    provider.authorize(browser, app, **static)
    assert all(provider.authorize(browser, app, **static).code for _ in range(3))


def test_n28_another_browser_and_silent_requests_are_answered(provider: Provider, person: Browser, crm: App) -> None:
    page = provider.authorize(person, crm, state="used once")
    person.log_in(page)
    other = provider.browser()
    other.headers |= {"Accept": HTML, "Sec-Fetch-Dest": "document"}
    assert other.get(page.url).is_login_page
    assert provider.authorize(person, crm, state="used once", prompt="none").code


@pytest.mark.parametrize("start", [START, None])
@pytest.mark.parametrize("sends", ["everything", "nonce", "challenge"])
@pytest.mark.parametrize("fetch_metadata", [True, False])
def test_n28_each_repetition_leads_there_not_the_first_alone(
    provider: Provider, person: Browser, start: str | None, sends: str, fetch_metadata: bool
) -> None:
    app = provider.add_client("Shop", "legacy", require_pkce=False, **({"initiate_login_uri": start} if start else {}))
    if not fetch_metadata:
        del person.headers["Sec-Fetch-Dest"]
    without = {
        "everything": {}, "challenge": {"nonce": None},
        "nonce": {"code_challenge": None, "code_challenge_method": None},
    }[sends]  # fmt: skip
    page = provider.authorize(person, app, state="used once", **without)
    assert person.log_in(page).code
    for time in range(4):
        for again in (person.get(page.url), person.log_in(page)):
            assert not again.sent.get("code"), time
            if again.is_redirect:
                assert start
                assert again.location.startswith(start)
            else:
                assert "has had the answer to this sign-in" in again.dom.text
                (way_on,) = [a["href"] for a in again.dom.find("a") if "main" in a.get("class", "")]
                assert way_on.startswith(start or "https://shop.example/")
    assert provider.authorize(person, app, state="a new one").code


def test_n28_a_start_that_sends_the_same_request_again_is_no_circle(
    provider: Provider, person: Browser, crm: App
) -> None:
    page = provider.authorize(person, crm, state="for ever", nonce="for ever")
    person.log_in(page)
    assert person.get(page.url).location.startswith(START)
    assert all(person.get(page.url).status == 200 for _ in range(3))


# -- SAML --------------------------------------------------------------------------------------------------------------


def led_on(provider: Provider, answer: Answer, client: Client) -> bool:
    return answer.location == f"{provider.issuer}/saml/start/{client.id}"


def test_n28_saml_by_redirect(provider: Provider, wiki: Client, person: Browser) -> None:
    page = by_redirect(person, authn_request(provider))
    assert status(person.log_in(page))[0] == "Success"
    assert led_on(provider, person.get(page.url), wiki)
    person.submit(person.get("logout"), "confirm")
    assert by_redirect(person, authn_request(provider)).is_login_page


def test_n28_saml_by_post_and_after_signing_out(provider: Provider, wiki: Client, person: Browser) -> None:
    page = person.follow(by_post(person, authn_request(provider)))
    assert status(person.log_in(page))[0] == "Success"
    person.submit(person.get("logout"), "confirm")
    assert led_on(provider, person.get(page.url), wiki)


def test_n28_saml_the_page_that_posts_by_itself_stands_in_the_history(
    provider: Provider, wiki: Client, signed_in: Browser
) -> None:
    signed_in.headers["Accept"] = HTML
    answer = by_redirect(signed_in, authn_request(provider))
    assert status(answer)[0] == "Success"
    assert led_on(provider, signed_in.get(answer.url), wiki)


@pytest.mark.parametrize("accept", [HTML, "*/*"])
def test_n28_saml_each_repetition_leads_on(provider: Provider, wiki: Client, person: Browser, accept: str) -> None:
    """Also where nothing says that a window is on its way: it is the same session that had the answer."""
    person.headers["Accept"] = accept
    if accept != HTML:
        del person.headers["Sec-Fetch-Dest"]
    page = by_redirect(person, authn_request(provider))
    assert status(person.log_in(page))[0] == "Success"
    for _ in range(3):
        for again in (person.get(page.url), person.log_in(page)):
            assert not again.sent
            assert led_on(provider, again, wiki) or "has had the answer to this sign-in" in again.dom.text


def test_n28_saml_where_it_must_begin_there_a_page_says_so(provider: Provider, person: Browser) -> None:
    register(provider, allow_idp_initiated=False)
    page = by_redirect(person, authn_request(provider))
    person.log_in(page)
    assert "has had the answer to this sign-in" in person.get(page.url).dom.text
