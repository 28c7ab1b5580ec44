"""L8, L9: old pages and loops, where the application speaks SAML."""

from __future__ import annotations

from clients.client import Client
from idp.accounts.person import Person
from tests.backends import Clock
from tests.provider import Browser, Provider
from tests.saml.asking import authn_request, by_post, by_redirect
from tests.saml.relying import message, register, status

DAY = 86400


def test_L8_a_sign_in_page_left_open_for_a_day_goes_on_to_the_application(
    provider: Provider, wiki: Client, browser: Browser, clock: Clock
) -> None:
    page = by_redirect(browser, authn_request(provider), relay_state="where I was")
    assert page.is_login_page
    clock.advance(DAY + 60)
    stale = browser.log_in(page)
    assert not stale.is_redirect
    (again,) = [a["href"] for a in stale.dom.find("a") if "main" in a.get("class", "").split()]
    begun_anew = browser.follow(browser.get(again))  # the old request has no answer that its application would take
    answer = browser.log_in(browser.submit(begun_anew, "open"))
    assert status(answer)[0] == "Success"
    assert message(answer).get("InResponseTo") is None


def test_L8_where_it_must_begin_at_the_application_the_page_says_so(
    provider: Provider, ann: Person, browser: Browser, clock: Clock
) -> None:
    register(provider, allow_idp_initiated=False)
    page = by_redirect(browser, authn_request(provider))
    clock.advance(DAY + 60)
    stale = browser.log_in(page)
    (again,) = [a["href"] for a in stale.dom.find("a") if "main" in a.get("class", "").split()]
    gone = browser.get(again)
    assert gone.is_error_page
    assert "Go back to the application and sign in from there." in gone.dom.text


def test_L8_two_tabs_of_one_sign_in_both_arrive(provider: Provider, wiki: Client, browser: Browser) -> None:
    first, second = (by_redirect(browser, authn_request(provider), relay_state=name) for name in ("one", "two"))
    assert browser.log_in(first).sent["RelayState"] == "one"
    assert browser.log_in(second).sent["RelayState"] == "two"


def test_L9_a_service_provider_that_keeps_sending_people_back_is_stopped_and_named(
    provider: Provider, wiki: Client, ann: Person, signed_in: Browser, clock: Clock
) -> None:
    signed_in.headers["Accept"] = "text/html,application/xhtml+xml"
    clock.advance(60)
    for _ in range(4):
        assert message(by_redirect(signed_in, authn_request(provider))) is not None
        clock.advance(1)
    loop = by_redirect(signed_in, authn_request(provider))
    assert loop.status == 429
    assert "Wiki keeps sending you back" in loop.dom.text
    (event,) = provider.events("error:sign_in_loop")
    assert (event.error_id, event.client_id, event.detail["side"]) == (loop.error_id, wiki.id, "application")


def test_L9_a_loop_by_post_is_stopped_too(provider: Provider, wiki: Client, signed_in: Browser, clock: Clock) -> None:
    signed_in.headers["Accept"] = "text/html"
    clock.advance(60)
    statuses = []
    for _ in range(5):
        statuses.append(signed_in.follow(by_post(signed_in, authn_request(provider))).status)
        clock.advance(1)
    assert statuses == [200, 200, 200, 200, 429]
