"""Where a person is signed in, and ending it. A4, A7, S58."""

from __future__ import annotations

import pytest

from idp.accounts.person import Person
from idp.login import signout
from tests.backends import Clock
from tests.provider import Answer, Browser, Provider


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person()


@pytest.fixture
def phone(provider: Provider, ann: Person) -> Browser:
    """Ann's other device, signed in."""
    phone = provider.browser("198.51.100.4")
    phone.headers["User-Agent"] = "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537"
    phone.log_in(phone.get(""))
    return phone


def is_out(browser: Browser) -> bool:
    return browser.get("profile").is_login_page


def press(browser: Browser, page: Answer, field: str) -> Answer:
    """Press the first form's button that sends this field."""
    at = next(n for n, form in enumerate(page.dom.forms) if field in form.names())
    form = page.dom.forms[at]
    return browser.submit(page, field if field not in dict(form.fields) else form.buttons[0][0], form=at)


def test_A4_each_session_is_listed_with_device_place_times_and_the_apps_that_share_it(
    provider: Provider, browser: Browser, ann: Person, phone: Browser, clock: Clock
) -> None:
    crm, wiki = provider.add_client("CRM"), provider.add_client("Wiki")
    provider.tokens(crm, phone)
    provider.tokens(wiki, phone)
    clock.advance(600)
    browser.log_in(browser.get(""))
    page = browser.get("sessions")
    mine, _, elsewhere = page.dom.text.partition("Elsewhere")
    assert "Firefox on Linux" in mine
    assert "CRM" not in mine
    for told in ("Chrome on Android", "198.51.100.x", "CRM", "Wiki", "signed in", "last seen"):
        assert told in elsewhere
    assert str(int(clock() - 600)) in {about.get("data-epoch") for about in page.dom.find("time")}


def test_A4_ending_one_ends_it_with_its_tokens_and_tells_its_apps(
    provider: Provider, browser: Browser, ann: Person, phone: Browser
) -> None:
    crm = provider.add_client("CRM", backchannel_logout_uri="https://crm.example/logout")
    tokens = provider.tokens(crm, phone, scope="openid offline_access", prompt="consent")
    third = provider.browser("192.0.2.4")
    third.log_in(third.get(""))
    provider.tokens(crm, browser)
    phones = next(e.session_id or "" for e in provider.events("session:started") if e.address == phone.address)
    page = browser.get("sessions")
    at = next(n for n, form in enumerate(page.dom.forms) if ("session", phones) in form.fields)
    assert browser.submit(page, form=at).location == provider.issuer + "/sessions"
    assert is_out(phone)
    assert provider.userinfo(tokens["access_token"]).status == 401
    assert provider.refresh(crm, tokens["refresh_token"]).error == "invalid_grant"  # the phone may be stolen
    assert not is_out(third)
    assert not is_out(browser)
    (event,) = provider.events("session:ended")
    assert (event.person_id, event.session_id) == (ann.id, phones)
    assert signout.tell_ended(provider.services) == 1
    assert [job.name for job in provider.services.jobs.pending() if job.name == "oidc.logout"] == ["oidc.logout"]


def test_A4_ending_all_others_leaves_this_one(
    provider: Provider, browser: Browser, ann: Person, phone: Browser
) -> None:
    crm = provider.add_client("CRM")
    old = provider.tokens(crm, phone)
    third = provider.browser("192.0.2.4")
    third.log_in(third.get(""))
    mine = provider.tokens(crm, browser)
    assert press(browser, browser.get("sessions"), "all").location == provider.issuer + "/sessions"
    assert [is_out(phone), is_out(third), is_out(browser)] == [True, True, False]
    assert provider.userinfo(old["access_token"]).status == 401
    assert provider.userinfo(mine["access_token"]).status == 200
    assert "nowhere else" in browser.get("sessions").dom.text
    (event,) = provider.events("session:ended_others")
    assert event.detail["sessions"] == 2


@pytest.mark.parametrize("session", ["", "x", "0" * 26, "'", "\x00", "é"])
def test_A4_a_made_up_session_ends_nothing(
    provider: Provider, browser: Browser, ann: Person, phone: Browser, session: str
) -> None:
    browser.log_in(browser.get(""))
    key = dict(browser.get("sessions").dom.forms[0].fields)["form_key"]
    browser.post("sessions", {"form_key": key, "session": session})
    assert not is_out(phone)
    assert not is_out(browser)


def test_A4_this_browsers_own_session_is_ended_by_signing_out_alone(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    browser.log_in(browser.get(""))
    own = provider.events("session:started")[-1].session_id or ""
    key = dict(browser.get("sessions").dom.forms[0].fields)["form_key"]
    browser.post("sessions", {"form_key": key, "session": own})
    assert not is_out(browser)


OWN_PAGES = ["", "apps", "activity", "sessions", "profile", "access", "security", "not-me", "password"]


@pytest.mark.parametrize("path", OWN_PAGES)
def test_A7_sign_out_stands_on_every_page_of_a_person(
    provider: Provider, browser: Browser, ann: Person, path: str
) -> None:
    browser.log_in(browser.get(""))
    page = browser.get(path)
    header = page.text.partition("<header")[2].partition("</header>")[0]
    assert 'form="leave"' in header


@pytest.mark.parametrize("path", ["help", "no/such/page", "not-me/x", "help/password"])
def test_A7_sign_out_stands_on_help_and_error_pages_too_for_whoever_is_signed_in(
    provider: Provider, browser: Browser, ann: Person, path: str
) -> None:
    assert 'form="leave"' not in browser.get(path).text
    assert 'form="leave"' not in browser.get("").text
    browser.log_in(browser.get(""))
    assert 'form="leave"' in browser.get(path).text.partition("</header>")[0]
