"""Setting a first or forgotten password by a link. S54, S56, S62."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from idp.accounts import links
from idp.accounts.person import Person
from tests.backends import Clock
from tests.provider import Browser, Provider

NEW = "a brand new pass phrase"


@pytest.fixture
def ann(provider: Provider) -> Person:
    """Somebody who has no password yet."""
    return provider.add_person("ann", password=None)


@pytest.fixture
def token(provider: Provider, ann: Person) -> str:
    return links.make(provider.services.state, ann, "invite")


def test_S56_a_link_opened_by_a_mail_scanner_still_works_and_signs_in_once(
    provider: Provider, browser: Browser, ann: Person, token: str
) -> None:
    for _ in range(3):
        assert provider.browser().get(f"setup/{token}").status == 200
        assert provider.browser().open("HEAD", f"setup/{token}").status == 200
    done = browser.submit(browser.get(f"setup/{token}"), None, password=NEW, confirm=NEW)
    assert done.location == provider.issuer + "/"
    assert "Ann Example" in browser.follow(done).text
    for who in (browser, provider.browser()):
        assert who.get(f"setup/{token}").status == 404
    (event,) = provider.events("password:set")
    assert (event.person_id, event.detail["purpose"]) == (ann.id, "invite")


@pytest.mark.parametrize(
    ("password", "confirm"), [("short", "short"), (NEW, NEW + "x"), ("", ""), ("ann ann ann ann", "ann ann ann ann")]
)
def test_S54_a_password_that_is_refused_uses_the_link_not_up(
    provider: Provider, browser: Browser, token: str, password: str, confirm: str
) -> None:
    page = browser.submit(browser.get(f"setup/{token}"), None, password=password, confirm=confirm)
    assert page.status == 200
    assert "session" not in "".join(browser.cookies)
    assert password not in dict(page.form.fields).values() or not password
    assert browser.submit(page, None, password=NEW, confirm=NEW).is_redirect


def test_S56_a_link_ends_after_its_hour_and_with_any_new_password(
    provider: Provider, browser: Browser, ann: Person, token: str, clock: Clock
) -> None:
    services = provider.services
    other = links.make(services.state, ann, "reset")
    assert browser.submit(browser.get(f"setup/{other}"), None, password=NEW, confirm=NEW).is_redirect
    assert browser.get(f"setup/{token}").status == 404
    late = links.make(services.state, services.directory.get(ann.id), "reset")
    assert browser.get(f"setup/{late}").status == 200
    clock.advance(links.TTL + 1)
    assert browser.get(f"setup/{late}").status == 404


def test_S56_a_link_of_somebody_who_was_disabled_opens_nothing(
    provider: Provider, browser: Browser, ann: Person, token: str
) -> None:
    page = browser.get(f"setup/{token}")
    provider.services.directory.disable(ann.id)
    assert browser.get(f"setup/{token}").status == 404
    assert browser.submit(page, None, password=NEW, confirm=NEW).status == 404


def test_S56_a_reset_ends_the_sessions_and_tokens_of_before_and_lifts_the_pause(
    provider: Provider, browser: Browser
) -> None:
    bob, crm = provider.add_person("bob"), provider.add_client()
    tokens = provider.tokens(crm, browser, login="bob")
    stranger = provider.browser("198.51.100.9")
    page = stranger.get("")
    for number in range(6):
        page = stranger.log_in(page, "bob", f"wrong {number}")
    link = links.make(provider.services.state, bob, "reset")
    owner = provider.browser("192.0.2.20")
    assert owner.submit(owner.get(f"setup/{link}"), None, password=NEW, confirm=NEW).is_redirect
    assert browser.get("").is_login_page
    assert provider.refresh(crm, tokens["refresh_token"]).error == "invalid_grant"
    somewhere = provider.browser("192.0.2.21")
    assert somewhere.log_in(somewhere.get(""), "bob", NEW).is_redirect


def test_P1_a_busy_moment_costs_nobody_their_link(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(passwords={"threads": 1, "queue": 1})
    token = links.make(provider.services.state, provider.add_person(password=None), "invite")
    browser = provider.browser()
    page = browser.get(f"setup/{token}")
    hold, go = threading.Event(), threading.Event()
    passwords = provider.services.passwords
    waiting = [threading.Thread(target=lambda: passwords._run(lambda: (hold.set(), go.wait(10)))) for _ in range(2)]
    for thread in waiting:
        thread.start()
    assert hold.wait(10)
    while passwords._room.acquire(blocking=False):  # until both have their place in the queue
        passwords._room.release()
    answer = browser.submit(page, None, password=NEW, confirm=NEW)
    go.set()
    for thread in waiting:
        thread.join()
    assert (answer.status, "Retry-After" in answer.headers) == (503, True)
    assert browser.submit(page, None, password=NEW, confirm=NEW).is_redirect
