"""Signing out is true: nobody is told so while something lives, and nothing lives on after it. S51, S58, S61."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from idp.accounts.person import Person
from tests.backends import Clock
from tests.provider import PASSWORD, Answer, App, Browser, Provider

BYE = "https://crm.example/bye"
IDLE = 61 * 60.0  # seconds: past the idle end of a session, long before its absolute one


def cross_site_post(browser: Browser, **params: Any) -> Answer:
    """A form of another site: the browser keeps our Lax cookies to itself, and takes those that we set."""
    return browser.post("oauth/logout", [(k, str(v)) for k, v in params.items()], cookies=False)


def is_signed_in(provider: Provider, browser: Browser, app: App) -> bool:
    return "code" in provider.authorize(browser, app, prompt="none").sent


# -- a POST without cookies ------------------------------------------------------------------------------------------


@pytest.mark.spec("RPI 2")
def test_S51_a_cross_site_post_leads_on_by_get_and_signs_out(provider: Provider, browser: Browser, crm: App) -> None:
    tokens = provider.tokens(crm, browser)
    answer = cross_site_post(
        browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE, state="a&b", client_id=crm.id
    )
    assert answer.status == 303
    assert answer.location.startswith(f"{provider.issuer}/oauth/logout?")
    done = browser.follow(answer)
    assert (done.location, is_signed_in(provider, browser, crm)) == (BYE + "?state=a%26b", False)
    assert provider.refresh(crm, tokens["refresh_token"]).error == "invalid_grant"


def test_S61_a_cross_site_post_without_a_hint_asks_first(provider: Provider, browser: Browser, crm: App) -> None:
    provider.sign_in(browser, crm)
    page = browser.follow(cross_site_post(browser, client_id=crm.id))
    assert page.dom.find("button", id="confirm")
    assert is_signed_in(provider, browser, crm)


@pytest.mark.parametrize("hinted", [True, False])
def test_S51_n18_a_cross_site_post_too_long_for_a_url_comes_again_from_here_by_a_form(
    provider: Provider, browser: Browser, crm: App, hinted: bool
) -> None:
    tokens = provider.tokens(crm, browser)
    hint = {"id_token_hint": tokens["id_token"]} if hinted else {"client_id": crm.id}
    again = cross_site_post(browser, **hint, post_logout_redirect_uri=BYE, state="s" * 9000, made_up="x" * 8000)
    assert again.dom.find("form", id="auto-post")[0]["action"] == f"{provider.issuer}/oauth/logout"
    assert "x" * 8000 not in again.text  # what nobody knows stays behind
    assert is_signed_in(provider, browser, crm)
    done = browser.submit(again)
    if not hinted:
        assert done.dom.find("button", id="confirm")
        assert is_signed_in(provider, browser, crm)
        done = browser.submit(done, "confirm")
    assert done.location == BYE + "?state=" + "s" * 9000
    assert not is_signed_in(provider, browser, crm)


def test_S51_a_post_from_our_own_site_needs_no_detour(provider: Provider, browser: Browser, crm: App) -> None:
    tokens = provider.tokens(crm, browser)
    assert browser.post("oauth/logout", {"id_token_hint": tokens["id_token"]}).status == 200
    assert not is_signed_in(provider, browser, crm)


# -- a session that was idle for too long: its tokens are still alive ------------------------------------------------


def test_S58_signing_in_again_after_an_idle_end_goes_on_with_the_session_and_one_sign_out_ends_all(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    first = provider.tokens(crm, browser)
    clock.advance(IDLE)
    assert not is_signed_in(provider, browser, crm)
    provider.tokens(crm, browser)
    browser.submit(browser.get("logout"), "confirm")
    assert provider.refresh(crm, first["refresh_token"]).error == "invalid_grant"


@pytest.mark.parametrize("other", [False, True])
def test_S58_somebody_else_signing_in_after_an_idle_end_ends_the_session_before(
    provider: Provider, browser: Browser, crm: App, clock: Clock, other: bool
) -> None:
    provider.add_person("bob")
    anns = provider.tokens(crm, browser)
    clock.advance(IDLE)
    provider.tokens(crm, browser, login="bob" if other else "ann")
    assert (provider.refresh(crm, anns["refresh_token"]).error == "invalid_grant") is other


@pytest.mark.parametrize("way", ["application", "application without hint", "portal", "reset-browser"])
def test_S58_signing_out_after_an_idle_end_still_ends_the_tokens(
    provider: Provider, browser: Browser, crm: App, clock: Clock, way: str
) -> None:
    notes = provider.add_client("Notes")
    tokens, others = provider.tokens(crm, browser), provider.tokens(notes, browser)
    clock.advance(IDLE)
    if way == "application":
        done = browser.get("oauth/logout?" + urlencode({"id_token_hint": tokens["id_token"]}))
    elif way == "application without hint":
        done = browser.submit(browser.get("oauth/logout?client_id=" + crm.id), "confirm")
    elif way == "portal":
        done = browser.submit(browser.get("logout"), "confirm")
    else:
        done = browser.submit(browser.get("help"), None, form=_reset_form(browser.get("help")))
    assert done.status in (200, 303)
    for app, held in ((crm, tokens), (notes, others)):
        assert provider.refresh(app, held["refresh_token"]).error == "invalid_grant"
        assert not provider.introspect(app, held["access_token"])["active"]


def test_S61_no_page_of_another_site_ends_an_idle_session_either(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    tokens = provider.tokens(crm, browser)
    clock.advance(IDLE)
    for url in ("oauth/logout", "logout", "oauth/logout?client_id=" + crm.id):
        assert browser.get(url).dom.find("button", id="confirm")
    assert provider.refresh(crm, tokens["refresh_token"]).status == 200


def test_S58_resetting_the_browser_ends_its_session_on_the_server(
    provider: Provider, browser: Browser, crm: App
) -> None:
    tokens = provider.tokens(crm, browser)
    kept = dict(browser.cookies)
    page = browser.get("help")
    browser.submit(page, None, form=_reset_form(page))
    assert browser.cookies == {}
    browser.cookies = kept  # somebody had a copy
    assert not is_signed_in(provider, browser, crm)
    assert provider.refresh(crm, tokens["refresh_token"]).error == "invalid_grant"
    assert [event.detail["why"] for event in provider.events("session:ended")] == ["this browser's sign-in was reset"]


# -- what changed while the question stood ---------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["unregistered", "removed"])
def test_S51_the_confirmation_goes_only_where_it_is_registered_by_then(
    provider: Provider, browser: Browser, crm: App, change: str
) -> None:
    provider.sign_in(browser, crm)
    query = urlencode({"client_id": crm.id, "post_logout_redirect_uri": BYE})
    page = browser.get("oauth/logout?" + query)
    if change == "removed":
        provider.services.registry.remove(crm.id)
    else:
        provider.services.registry.update(crm.id, {"post_logout_redirect_uris": ["https://crm.example/other"]})
    done = browser.submit(page, "confirm")
    assert not done.is_redirect
    assert "signed out" in done.dom.text


# -- changing the password -------------------------------------------------------------------------------------------


def test_S58_changing_the_password_ends_the_other_sessions_with_their_tokens_offline_ones_too(
    provider: Provider, browser: Browser, ann: Person, clock: Clock
) -> None:
    crm = provider.add_client("CRM", scope="openid offline_access")
    elsewhere = provider.browser()
    scope = "openid offline_access"
    here, there = provider.tokens(crm, browser, scope=scope), provider.tokens(crm, elsewhere, scope=scope)
    plain = provider.tokens(provider.add_client("Notes"), elsewhere)
    clock.advance(1)
    new = "a new long password"
    changed = browser.submit(browser.get("password"), None, current=PASSWORD, password=new, confirm=new)
    assert changed.is_redirect
    assert provider.refresh(crm, there["refresh_token"]).error == "invalid_grant"
    assert not provider.introspect(crm, there["access_token"])["active"]
    assert provider.userinfo(plain["access_token"]).status == 401
    assert not is_signed_in(provider, elsewhere, crm)
    assert is_signed_in(provider, browser, crm)
    assert provider.refresh(crm, here["refresh_token"]).status == 200


def _reset_form(page: Answer) -> int:
    return next(i for i, form in enumerate(page.dom.forms) if form.action.endswith("/help/reset-browser"))
