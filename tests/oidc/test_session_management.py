"""OpenID Connect Session Management 1.0, in process; `tests/browser/test_session_management.py` has it in a browser."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256

import pytest

from idp.accounts.person import Person
from tests.backends import Clock
from tests.oidc.logging_out import log_out
from tests.provider import App, Browser, Provider

COOKIE = "__Host-doorward_state"
DISCOVERY = ".well-known/openid-configuration"


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    return open_provider(oauth={"session_management": True})


def is_unchanged(browser: Browser, app: App, state: str, origin: str = "https://crm.example") -> bool:
    """What the frame works out (§3.2)."""
    made, _, salt = state.partition(".")
    raw = sha256(f"{app.id} {origin} {browser.cookies[COOKIE]} {salt}".encode()).digest()
    return urlsafe_b64encode(raw).rstrip(b"=").decode() == made


@pytest.mark.spec("Session Management 2, 3.2")
def test_S52_an_answer_says_the_state_and_a_sign_out_changes_it(
    provider: Provider, browser: Browser, ann: Person, crm: App
) -> None:
    first = provider.sign_in(browser, crm).sent["session_state"]
    assert is_unchanged(browser, crm, first)
    assert not is_unchanged(browser, crm, first, "https://evil.example")
    again = provider.authorize(browser, crm, prompt="none").sent["session_state"]
    assert again != first  # its salt is new
    assert is_unchanged(browser, crm, again)
    browser.submit(log_out(browser), "confirm")
    assert not is_unchanged(browser, crm, first)


def test_another_person_changes_it_and_a_new_proof_of_the_same_does_not(
    provider: Provider, browser: Browser, clock: Clock, ann: Person, crm: App
) -> None:
    provider.add_person("bob")
    first = provider.sign_in(browser, crm).sent["session_state"]
    clock.advance(5)
    again = provider.sign_in(browser, crm, prompt="login").sent["session_state"]
    assert is_unchanged(browser, crm, first)
    assert is_unchanged(browser, crm, again)
    clock.advance(5)
    other = provider.sign_in(browser, crm, "bob", prompt="login").sent["session_state"]
    assert is_unchanged(browser, crm, other)
    assert not is_unchanged(browser, crm, first)


def test_the_cookie_can_be_read_by_our_frame_alone_and_says_nothing(
    provider: Provider, browser: Browser, ann: Person, crm: App
) -> None:
    provider.sign_in(browser, crm)
    (line,) = [line for line in browser.set_cookies if line.startswith(COOKIE)]
    assert line.endswith("; Path=/; SameSite=None; Secure")
    session = browser.cookies["__Host-doorward_session"]
    assert browser.cookies[COOKIE] not in session
    assert not any(part in browser.cookies[COOKIE] for part in (*session.split("."), ann.id, "ann"))


def test_it_is_set_where_the_session_began_before_the_setting(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    crm = provider.add_client("CRM")
    provider.sign_in(browser, crm)
    del browser.cookies[COOKIE]
    assert is_unchanged(browser, crm, provider.authorize(browser, crm).sent["session_state"])


@pytest.mark.parametrize("mode", ["fragment", "form_post"])
def test_it_comes_by_every_mode_and_not_without_openid(
    provider: Provider, browser: Browser, ann: Person, crm: App, mode: str
) -> None:
    assert "session_state" in provider.sign_in(browser, crm, response_mode=mode).sent
    assert "session_state" not in provider.sign_in(browser, crm, response_mode=mode, scope="profile").sent


@pytest.mark.spec("Session Management 3.3")
def test_S22_the_frame_has_a_policy_of_its_own(provider: Provider, browser: Browser) -> None:
    document = browser.get(DISCOVERY).json
    page = browser.get(document["check_session_iframe"])
    policy = page.headers["Content-Security-Policy"]
    assert policy == (
        "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors https:"
    )
    assert "X-Frame-Options" not in page.headers
    assert not page.headers.getlist("Set-Cookie")
    assert browser.get(page.dom.find("script")[0]["src"]).status == 200


def test_it_is_off_unless_it_is_switched_on(open_provider: Callable[..., Provider], clock: object) -> None:
    provider = open_provider()
    provider.add_person("ann")
    browser, crm = provider.browser(), provider.add_client("CRM")
    assert "check_session_iframe" not in browser.get(DISCOVERY).json
    assert browser.get("oauth/session").status == 404
    assert "session_state" not in provider.sign_in(browser, crm).sent
    assert COOKIE not in browser.cookies
