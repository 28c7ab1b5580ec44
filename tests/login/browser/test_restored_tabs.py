"""N17, N28, L8: tabs that a browser restores at sign-in pages, side by side, or long after they were opened."""

from __future__ import annotations

import re

import pytest

from clients.client import Client
from idp.accounts.person import Person
from tests.backends import Clock
from tests.provider import Answer, App, Browser, Provider
from tests.saml.asking import authn_request, by_redirect
from tests.saml.conftest import *  # noqa: F403  the service provider "wiki" and its people
from tests.saml.relying import register, status

WINDOW = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Dest": "document"}
OWN = {"Sec-Fetch-Site": "same-origin"}
START = "https://crm.example/login"
HOUR = 3600


@pytest.fixture
def crm(provider: Provider) -> App:
    return provider.add_client("CRM", initiate_login_uri=START)


@pytest.fixture
def person(browser: Browser, ann: Person) -> Browser:
    """Ann at her browser."""
    browser.headers |= WINDOW
    return browser


def side_by_side(provider: Provider, person: Browser, app: App, many: int = 9) -> list[Answer]:
    """Pages that were asked for at once: none was sent the cookies of another, and all answers set theirs."""
    before, pages = dict(person.cookies), []
    for number in range(many):
        tab = Browser(person.app, person.issuer, person.address)
        tab.headers, tab.cookies = person.headers, dict(before)
        pages.append(provider.authorize(tab, app, state=f"tab {number}"))
        person.cookies |= tab.cookies
    return pages


def evening(person: Browser) -> None:
    """The browser was closed: it has its lasting cookies alone."""
    person.forget("session")
    person.forget("browser")


def asked(answer: Answer) -> dict[str, str]:
    """What the page that asks the tab tells its script."""
    (about,) = [attributes for _, attributes in answer.dom.elements if "data-tab" in attributes]
    return about


def get_in(person: Browser, answer: Answer) -> bool:
    """As a tab's script goes on that was not here before."""
    return bool((answer if answer.is_redirect else person.get(asked(answer)["data-on"])).code)


def led_on(answer: Answer) -> bool:
    return answer.location.startswith(START)


# -- side by side ------------------------------------------------------------------------------------------------------


def test_n17_whichever_of_nine_new_tabs_signs_in_is_signed_in(provider: Provider, person: Browser, crm: App) -> None:
    """Each answer had a browser's id of its own, and the browser keeps the last."""
    pages = side_by_side(provider, person, crm)
    person.headers |= OWN
    assert person.log_in(pages[4]).code
    for number in (0, 8, 5):  # and whoever types it into another one as well
        assert person.log_in(pages[number]).code
    assert all(get_in(person, person.get(pages[number].url)) for number in (1, 2, 3, 6, 7))  # a reload is enough


def test_n17_a_wrong_password_in_such_a_tab_is_a_wrong_password(provider: Provider, person: Browser, crm: App) -> None:
    pages = side_by_side(provider, person, crm)
    person.headers |= OWN
    again = person.log_in(pages[2], password="not the right one")
    assert again.is_login_page
    assert again.dom.find("div", id="error")
    assert person.log_in(again).code


def test_n17_a_second_step_goes_on_in_such_a_tab(provider: Provider, person: Browser, crm: App) -> None:
    app = provider.add_client("Tool", consent="explicit")
    pages = side_by_side(provider, person, app)
    person.headers |= OWN
    page = person.log_in(pages[0])
    assert page.is_consent_page
    assert person.submit(page, "allow").code


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
def test_x24_a_flow_of_another_browser_proves_nothing_unless_the_browser_says_it_is_our_page(
    provider: Provider, person: Browser, crm: App, site: str
) -> None:
    theirs = side_by_side(provider, person, crm, 2)[0]
    person.headers |= {"Sec-Fetch-Site": site} if site else {}
    answer = person.log_in(theirs)
    assert not answer.is_redirect
    assert not person.cookie("session")


def test_l10_a_browser_without_cookies_is_told_so_although_the_page_is_ours(
    provider: Provider, person: Browser, crm: App
) -> None:
    page = provider.authorize(person, crm)
    person.cookies.clear()
    person.headers |= OWN
    answer = person.log_in(page)
    assert (answer.status, "cookies" in answer.dom.text) == (400, True)
    assert not person.cookie("session")


def test_n17_pages_of_help_in_such_a_tab_take_their_forms(provider: Provider, person: Browser) -> None:
    pages = []
    for _ in range(3):
        tab = Browser(person.app, person.issuer, person.address)
        tab.headers = person.headers
        pages.append(tab.get("/help/password"))
        person.cookies |= tab.cookies
    refused = person.submit(pages[0], login="ann")
    assert refused.is_error_page
    person.headers |= OWN
    assert not person.submit(pages[0], login="ann").is_error_page


# -- long after --------------------------------------------------------------------------------------------------------


def test_n17_a_tab_that_is_restored_days_later_begins_at_its_application(
    provider: Provider, person: Browser, crm: App, clock: Clock
) -> None:
    pages = side_by_side(provider, person, crm)
    clock.advance(3 * 24 * HOUR)
    evening(person)
    assert all(led_on(person.get(page.url)) for page in pages)  # their states ran out long ago
    fresh = provider.authorize(person, crm, state="new")
    assert person.log_in(fresh).code


def test_n17_within_the_hour_a_restored_tab_is_answered(
    provider: Provider, person: Browser, crm: App, clock: Clock
) -> None:
    page = provider.authorize(person, crm, state="young")
    clock.advance(HOUR - 60)
    evening(person)
    assert person.log_in(person.get(page.url)).code


def test_n17_without_a_start_an_old_tab_is_answered_all_the_same(
    provider: Provider, person: Browser, clock: Clock
) -> None:
    app = provider.add_client("Wiki")
    page = provider.authorize(person, app, state="old")
    clock.advance(24 * HOUR)
    assert person.log_in(person.get(page.url)).code


def test_l8_a_page_that_lay_open_over_lunch_signs_in_and_begins_at_the_application(
    provider: Provider, person: Browser, crm: App, clock: Clock
) -> None:
    page = provider.authorize(person, crm, state="before lunch")
    clock.advance(2 * HOUR)
    assert led_on(person.log_in(page))
    assert person.cookie("session")
    assert provider.authorize(person, crm, state="after lunch").code


def test_n17_who_cancels_on_an_old_page_is_back_at_the_application(
    provider: Provider, person: Browser, crm: App, clock: Clock
) -> None:
    page = provider.authorize(person, crm, state="old")
    clock.advance(2 * HOUR)
    assert person.submit(page, "cancel").error == "access_denied"


def test_n17_what_was_answered_after_a_reload_is_not_answered_again(
    provider: Provider, person: Browser, crm: App
) -> None:
    """Signed in in another tab, then this one reloaded: its address may come back, too."""
    first, second = side_by_side(provider, person, crm, 2)
    person.headers |= OWN
    assert person.log_in(first).code
    assert person.get(second.url).code
    assert led_on(person.get(second.url))
    assert led_on(person.get(first.url))


def test_n17_an_application_that_sends_one_state_for_ever_is_answered_next(
    provider: Provider, person: Browser, crm: App, clock: Clock
) -> None:
    assert person.log_in(provider.authorize(person, crm, state="always")).code
    for _ in range(3):
        clock.advance(24 * HOUR)
        person.forget("session")
        assert led_on(provider.authorize(person, crm, state="always"))
        assert person.log_in(provider.authorize(person, crm, state="always")).code


def test_n17_the_cookies_of_many_requests_stay_few_and_the_latest_count(
    provider: Provider, person: Browser, crm: App, clock: Clock
) -> None:
    pages = []
    for number in range(40):
        pages.append(provider.authorize(person, crm, state=f"number {number}"))
        clock.advance(1)
    kept = [name for name in person.cookies if "answered" in name]
    assert len(kept) == 24
    clock.advance(2 * HOUR)
    assert led_on(person.get(pages[-1].url))
    assert person.get(pages[0].url).is_login_page  # forgotten


@pytest.mark.parametrize("junk", ["", "a", "s", "x1", "a-1", "a" + "9" * 12, "s٣", "a1.5"])
def test_n17_made_up_marks_stop_nobody(provider: Provider, person: Browser, crm: App, junk: str) -> None:
    page = provider.authorize(person, crm, state="mine")
    (name,) = [name for name in person.cookies if "answered" in name]
    person.cookies[name] = junk
    assert person.log_in(person.get(page.url)).code


def test_l5_resetting_this_browsers_sign_in_takes_these_cookies_too(
    provider: Provider, person: Browser, crm: App
) -> None:
    person.log_in(provider.authorize(person, crm, state="one"))
    provider.authorize(person, crm, state="another")
    page = person.get("/help")
    at = next(n for n, form in enumerate(page.dom.forms) if form.action.endswith("/help/reset-browser"))
    person.submit(page, form=at)
    assert person.cookies == {}


# -- many at once ------------------------------------------------------------------------------------------------------


def test_n17_thirty_tabs_that_wait_for_one_another_all_get_in(
    provider: Provider, person: Browser, crm: App, clock: Clock
) -> None:
    person.log_in(provider.authorize(person, crm, state="first"))
    clock.advance(60)
    for number in range(30):
        assert get_in(person, provider.authorize(person, crm, state=f"tab {number}"))
        clock.advance(0.3)
    assert provider.events("error:sign_in_loop") == []


def test_l9_without_storage_or_scripts_a_loop_ends(provider: Provider, person: Browser, crm: App, clock: Clock) -> None:
    person.log_in(provider.authorize(person, crm, state="first"))
    clock.advance(60)
    for number in range(12):
        answer = provider.authorize(person, crm, state=f"round {number}")
        if answer.status == 200:
            refresh = answer.dom.find("meta", **{"http-equiv": "refresh"})[0]["content"]
            answer = person.get(refresh.partition("url=")[2])
        if answer.status == 429:
            break
        clock.advance(0.3)
    assert (answer.status, number) == (429, 11)
    (event,) = provider.events("error:sign_in_loop")
    assert event.client_id == crm.id


def test_l9_no_application_can_say_that_a_tab_was_asked(
    provider: Provider, person: Browser, crm: App, clock: Clock
) -> None:
    person.log_in(provider.authorize(person, crm, state="first"))
    clock.advance(60)
    for number in range(5):
        page = provider.authorize(person, crm, state=f"round {number}")
    good = re.search(r"doorward_tab=([0-9]+\.[0-9a-f]+)", asked(page)["data-on"])
    assert good
    forged = (good[1][:-1] + ("0" if good[1][-1] != "0" else "1"), "1.", ".", good[1].split(".")[1], good[1] + "0")
    for said in forged:
        assert not provider.authorize(person, crm, state="again", doorward_tab=said).is_redirect
    other = provider.add_client("Other")
    for number in range(5):
        provider.authorize(person, other, state=f"round {number}")
    assert not provider.authorize(person, other, state="again", doorward_tab=good[1]).is_redirect
    assert provider.authorize(person, crm, state="again", doorward_tab=good[1]).code
    clock.advance(61)
    for number in range(5):
        provider.authorize(person, crm, state=f"later {number}")
    assert not provider.authorize(person, crm, state="again", doorward_tab=good[1]).is_redirect


# -- SAML --------------------------------------------------------------------------------------------------------------


def test_n17_saml_a_tab_that_is_restored_after_its_request_ran_out(
    provider: Provider, wiki: Client, person: Browser, clock: Clock
) -> None:
    page = by_redirect(person, authn_request(provider))
    assert page.is_login_page
    clock.advance(600)
    evening(person)
    answer = person.get(page.url)
    assert answer.location == f"{provider.issuer}/saml/start/{wiki.id}"
    assert provider.events("error:saml_requestdenied") == []


def test_n28_saml_back_ten_minutes_after_signing_in(
    provider: Provider, wiki: Client, person: Browser, clock: Clock
) -> None:
    page = by_redirect(person, authn_request(provider))
    assert status(person.log_in(page))[0] == "Success"
    clock.advance(600)
    assert person.get(page.url).location == f"{provider.issuer}/saml/start/{wiki.id}"


def test_n17_saml_where_it_must_begin_there_an_old_tab_has_a_page_with_a_way_on(
    provider: Provider, person: Browser, clock: Clock
) -> None:
    register(provider, allow_idp_initiated=False)
    page = by_redirect(person, authn_request(provider))
    clock.advance(600)
    answer = person.get(page.url)
    assert answer.status == 200
    assert "Let us start this again" in answer.dom.text
    (on,) = [a["href"] for a in answer.dom.find("a") if "main" in a.get("class", "")]
    assert on.startswith("https://")
    assert not on.startswith(provider.issuer)


def test_n17_saml_an_old_request_that_was_never_here_is_the_applications_fault(
    provider: Provider, wiki: Client, person: Browser, clock: Clock
) -> None:
    """Its clock is slow: leading it on would go round for ever."""
    request = authn_request(provider)
    clock.advance(600)
    assert "too old" in str(status(by_redirect(person, request)))
