"""N11, ASVS 3.5.1: a form acts for the session that it was made in, and for no other; and no dead ends by that (L8)."""

from __future__ import annotations

import re

import pytest

from idp.login.authn import PASSWORD as BY_PASSWORD
from idp.login.browser import sessions
from tests.backends import Clock
from tests.provider import PASSWORD, Answer, Browser, Provider

PATHS = ("profile", "sessions", "logout", "security/others", "apps", "password", "access", "not-me")


@pytest.fixture
def ann(provider: Provider, browser: Browser) -> Browser:
    provider.add_person("ann")
    provider.add_person("bob")
    browser.log_in(browser.get(""))
    return browser


def key_of(page: Answer, action: str = "", field: str = "form_key") -> str:
    """The key of the form that posts to `action`; where nobody is signed in both are the browser's."""
    for form in page.dom.forms:
        if action in form.action and "form_key" in form.names():
            fields = dict(form.filled(None, {}))
            return fields.get(field, fields["form_key"])
    raise AssertionError(f"no form for {action}")


def refused(answer: Answer) -> bool:
    return answer.status == 403 and answer.is_error_page


@pytest.mark.parametrize("path", PATHS)
def test_n11_a_form_of_one_person_acts_for_no_other_in_the_same_browser(
    provider: Provider, ann: Browser, path: str
) -> None:
    anns = key_of(ann.get("profile"), "profile")
    ann.submit(ann.get("logout"), "confirm")
    ann.log_in(ann.get(""), "bob")
    assert refused(ann.post(path, {"form_key": anns, "all": "1", "confirm": "1"}))
    assert ann.get("profile").status == 200  # bob is signed in still
    assert key_of(ann.get("profile"), "profile") != anns


@pytest.mark.parametrize("path", PATHS)
def test_n11_a_key_from_before_the_sign_in_acts_for_nobody(provider: Provider, browser: Browser, path: str) -> None:
    """As of somebody who planted the browser's id and knows the key that belongs to it."""
    provider.add_person("ann")
    before = key_of(browser.get("help"), "language")
    browser.log_in(browser.get(""))
    assert refused(browser.post(path, {"form_key": before, "all": "1"}))


def test_n11_a_made_up_session_cookie_tells_no_key_of_a_session(provider: Provider, ann: Browser) -> None:
    """Its id is no secret: applications have it as `sid`."""
    anns, sid = key_of(ann.get("profile"), "profile"), ann.cookie("session").partition(".")[0]
    thief = provider.browser()
    thief.cookies = {"__Host-doorward_browser": ann.cookie("browser")}
    for secret in ("x", "A" * 43, "A" * 65):
        thief.cookies["__Host-doorward_session"] = f"{sid}.{secret}"
        assert anns not in thief.get("help").text


def test_l8_forms_in_other_tabs_outlast_a_new_proof_by_the_same_person(
    provider: Provider, ann: Browser, clock: Clock
) -> None:
    """The session's secret is new then, its forms are not."""
    page, secret = ann.get("sessions"), ann.cookie("session")
    clock.advance(5)
    ann.log_in(provider.authorize(ann, provider.add_client(), prompt="login"))
    assert ann.cookie("session") != secret
    assert ann.post("sessions", {"form_key": key_of(page, "logout"), "all": "1"}).is_redirect


def test_l8_forms_outlast_the_browsers_own_cookie(provider: Provider, ann: Browser) -> None:
    """A restored window: the sign-in that lasts is there, the cookie of before is not."""
    page = ann.get("sessions")
    ann.forget("browser")
    assert not refused(ann.post("sessions", {"form_key": key_of(page, "logout"), "all": "1"}))


@pytest.mark.parametrize("path", ["help/password", "help/username"])
def test_l8_pages_that_work_signed_out_are_taken_after_a_sign_in_in_another_tab(
    provider: Provider, browser: Browser, path: str
) -> None:
    provider.add_person("ann")
    page = browser.get(path)
    key = key_of(page, "language", "browser_key")
    browser.log_in(browser.get(""))
    assert not refused(browser.post(path, {"browser_key": key, "login": "ann", "email": "ann@example.com"}))
    assert browser.post("language", {"browser_key": key, "language": "de", "back": "/help"}).is_redirect


def test_l8_the_language_of_an_old_tab_can_be_chosen_whoever_is_signed_in(provider: Provider, ann: Browser) -> None:
    page = ann.get("profile")
    ann.submit(ann.get("logout"), "confirm")
    ann.log_in(ann.get(""), "bob")
    keys = {name: key_of(page, "language", name) for name in ("form_key", "browser_key")}
    assert ann.post("language", {**keys, "language": "fr", "back": "/profile"}).is_redirect


def test_l8_a_sign_in_page_of_before_signs_in_after_another_tab_did(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann")
    app = provider.add_client()
    first, second = provider.authorize(browser, app, state="one"), provider.authorize(browser, app, state="two")
    assert browser.log_in(first).code
    assert browser.log_in(second).code


def test_n11_a_session_of_before_the_upgrade_has_a_key_of_its_own(provider: Provider, ann: Browser) -> None:
    """Its cookie has no mark: the whole of it stands for the session, until the next proof."""
    services = provider.services
    person = services.directory.find_by_login("ann")
    assert person is not None
    assert re.fullmatch(r"[0-9a-v]{26}\.[\w-]{65}", ann.cookie("session"))
    from idp.ids import digest, new_secret
    from idp.login import store

    sid, old = ann.cookie("session").partition(".")[0], new_secret()
    found = sessions.find_open(services, sid)
    assert found is not None
    services.db.run(
        store.RENEW, session_id=sid, now=services.clock(), auth_time=found.auth_time, secret_hash=digest(old),
        methods=BY_PASSWORD, idle_seconds=3600, expires_at=found.expires_at, address="", browser="", beside="",
    )  # fmt: skip
    ann.cookies["__Host-doorward_session"] = f"{sid}.{old}"
    page = ann.get("sessions")
    assert not refused(ann.post("sessions", {"form_key": key_of(page, "logout"), "all": "1"}))
    assert refused(ann.post("sessions", {"form_key": key_of(page, "language", "browser_key"), "all": "1"}))
    assert PASSWORD not in page.text
