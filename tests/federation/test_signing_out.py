"""I9: signing out here goes on at the provider, where its row says so, and nobody is bounced in again."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from idp.federation import checking
from tests.federation.test_which_way import window
from tests.federation.visiting import Office
from tests.provider import Answer, App, Browser

HOME = "https://crm.example/bye"


def sign_out(browser: Browser) -> Answer:
    """By the button of our own pages, up to the page that leads on."""
    page = browser.get("/logout")
    answer = browser.submit(page)
    return browser.follow(answer) if answer.is_redirect else answer


def away(page: Answer) -> str:
    """The address at the provider that a page leads to."""
    (link,) = [one for one in page.dom.find("a") if "/logout?" in one.get("href", "") and "chain" not in one["href"]]
    return str(link["href"])


def come(office: Office, app: App, **said: object) -> Browser:
    company, browser = office.add(create=True, **said), office.provider.browser()
    assert office.come(browser, app, company, sid="s1").code
    return browser


@pytest.mark.spec("OpenID RPI 2")
def test_i9_it_goes_on_there_with_the_id_token_and_a_state_and_comes_back(office: Office, crm: App) -> None:
    browser = come(office, crm, sign_out="always")
    page = sign_out(browser)
    assert "Company" in page.dom.text
    location = away(page)
    asked = dict(parse_qsl(urlsplit(location).query))
    assert location.startswith(office.there.issuer + "/logout?")
    assert asked["id_token_hint"].count(".") == 2
    assert asked["post_logout_redirect_uri"] == "https://login.example/upstream/signed-out"
    assert asked["client_id"]
    assert office.provider.events("session:ended")  # before they have left
    end = browser.follow(browser.get("upstream/signed-out?state=" + asked["state"]))
    assert "You are signed out" in end.dom.text
    assert "It has confirmed that you are signed out" in end.dom.text


def test_i9_an_application_that_asked_is_answered_after_that(office: Office) -> None:
    crm = office.provider.add_client("CRM", post_logout_redirect_uris=[HOME])
    company, browser = office.add(create=True, sign_out="always"), office.provider.browser()
    tokens = office.provider.redeem(crm, office.come(browser, crm, company).code).json
    url = f"oauth/logout?id_token_hint={tokens['id_token']}&post_logout_redirect_uri={HOME}&state=x"
    page = browser.follow(browser.get(url))
    state = dict(parse_qsl(urlsplit(away(page)).query))["state"]
    end = browser.follow(browser.get("upstream/signed-out?state=" + state))
    assert end.location == HOME + "?state=x"


def test_i9_asked_they_may_stay_signed_in_there(office: Office, crm: App) -> None:
    browser = come(office, crm, sign_out="ask")
    page = sign_out(browser)
    assert "At Company you may still be signed in" in page.dom.text
    assert "sign_out.js" not in page.text  # nothing leads on by itself
    assert away(page)
    stay = next(one for one in page.dom.find("a") if "logout/next" in one.get("href", ""))
    end = browser.get(stay["href"])
    assert "You are signed out" in end.dom.text
    assert "Not confirmed" not in end.dom.text


def test_i9_without_a_word_it_does_not_go_on(office: Office, crm: App) -> None:
    browser = come(office, crm)
    assert "You are signed out" in sign_out(browser).dom.text


def test_i9_whoever_signed_in_here_is_not_sent_there(office: Office, crm: App) -> None:
    office.add(create=True, sign_out="always")
    office.provider.add_person("bob")
    browser = office.provider.browser()
    office.provider.sign_in(browser, crm, login="bob")
    sql, _, page = office.provider.counted(lambda: sign_out(browser))
    assert "You are signed out" in page.dom.text
    assert sum("sessions_elsewhere" in one for one in sql) == 1


def test_i9_a_sign_out_reads_nothing_more_where_no_provider_goes_on(office: Office, crm: App) -> None:
    browser = come(office, crm)
    sql, _, _ = office.provider.counted(lambda: sign_out(browser))
    assert not [one for one in sql if "sessions_elsewhere" in one]


@pytest.mark.parametrize("endpoint", ["", "javascript:alert(1)", "not an address"], ids=["none", "script", "odd"])
def test_i9_where_it_cannot_be_asked_the_sign_out_here_stands(office: Office, crm: App, endpoint: str) -> None:
    office.there.said["end_session_endpoint"] = endpoint
    page = sign_out(come(office, crm, sign_out="always"))
    assert "You are signed out" in page.dom.text
    assert "Not confirmed" in page.dom.text


def test_i9_a_provider_that_is_removed_meanwhile_is_asked_nothing(office: Office, crm: App) -> None:
    company, browser = office.add(create=True, sign_out="always"), office.provider.browser()
    assert office.come(browser, crm, company).code
    leading = browser.submit(browser.get("/logout"))
    office.remove(company)
    assert "Not confirmed" in browser.follow(leading).dom.text


def test_i9_nobody_is_bounced_in_again(office: Office, crm: App) -> None:
    company, browser = office.add(create=True, sign_out="always", at_once=True), window(office)
    leaving = office.provider.authorize(browser, crm)
    assert leaving.location.startswith(office.there.issuer)
    assert browser.get(office.there.authorize(leaving.location)).code
    page = sign_out(browser)
    state = dict(parse_qsl(urlsplit(away(page)).query))["state"]
    browser.follow(browser.get("upstream/signed-out?state=" + state))
    page = office.provider.authorize(browser, crm, state="another")
    assert page.is_login_page, page.dom.text
    assert company.at_once


def test_i9_a_made_up_way_back_leads_nowhere(office: Office, crm: App) -> None:
    browser = come(office, crm, sign_out="always")
    page = sign_out(browser)
    state = dict(parse_qsl(urlsplit(away(page)).query))["state"]
    stranger = office.provider.browser()
    for value in ("", "x", "a" * 43 + ".0", state):
        answer = stranger.get("upstream/signed-out?state=" + value)
        assert (answer.status, "You are signed out" in answer.dom.text) == (200, True)
    assert re.fullmatch(r"\S{43}\.0", state)
    other = browser.get("upstream/signed-out?state=" + state.replace(".0", ".7"))  # no hop of the provider's
    assert "logout/next" in other.location
    assert "Not confirmed" in browser.follow(other).dom.text


def test_i9_what_the_field_may_say() -> None:
    said = {"name": "Company", "issuer": "https://login.example.com", "client_id": "doorward", "sign_out": "perhaps"}
    with pytest.raises(checking.InvalidProvider, match="sign_out: expected never, ask, always"):
        checking.checked(said)


def test_i9_an_id_token_that_no_url_holds_is_left_out(office: Office, crm: App) -> None:
    company, browser = office.add(create=True, sign_out="always"), office.provider.browser()
    assert office.come(browser, crm, company, groups=["g" * 90] * 60).code
    asked = dict(parse_qsl(urlsplit(away(sign_out(browser))).query))
    assert "id_token_hint" not in asked
    assert asked["client_id"]
