""" "This was not me". A3, S58."""

from __future__ import annotations

import threading

import pytest

from idp.accounts import cases, links, not_me
from idp.accounts.factors import admin_codes
from idp.accounts.person import Person
from idp.login import signout
from idp.login.browser import sessions, starting
from idp.login.browser.starting import Start
from idp.wire import Request
from tests.backends import Clock
from tests.login.passkeys import add_passkey, is_added, is_in, sign_in, sit_down
from tests.provider import PASSWORD, Browser, Provider

NEW = "a brand new pass phrase"


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person(email_verified=True)


@pytest.fixture
def link(provider: Provider, ann: Person, clock: Clock) -> str:
    """As it stands in a security mail."""
    return "not-me/" + not_me.make(provider.services.sealer, ann.id, "new_device", clock())


def is_out(provider: Provider, browser: Browser) -> bool:
    return browser.get("activity").is_login_page


def test_A3_a_link_in_a_mail_works_signed_out_and_looking_at_it_changes_nothing(
    provider: Provider, browser: Browser, ann: Person, link: str
) -> None:
    browser.log_in(browser.get(""))
    scanner = provider.browser("192.0.2.99")
    for method in ("GET", "HEAD", "GET"):
        assert scanner.open(method, link).status == 200
    assert "ann" not in scanner.get(link).dom.text.lower().replace("cannot", "")
    assert not is_out(provider, browser)
    assert provider.services.directory.get(ann.id).has_password


def test_A3_pressing_ends_sessions_and_tokens_and_takes_the_password_away(
    provider: Provider, browser: Browser, ann: Person, link: str
) -> None:
    crm = provider.add_client("CRM")
    tokens = provider.tokens(crm, browser, scope="openid offline_access", prompt="consent")
    reader = provider.browser("192.0.2.99")
    done = reader.submit(reader.get(link), "secure")
    assert done.status == 200
    assert is_out(provider, browser)
    assert provider.userinfo(tokens["access_token"]).status == 401
    assert provider.refresh(crm, tokens["refresh_token"]).error == "invalid_grant"
    again = provider.browser("192.0.2.5")
    assert "not right" in again.log_in(again.get(""), "ann", PASSWORD).dom.text
    (event,) = provider.events("person:secured")
    assert (event.person_id, event.address) == (ann.id, "192.0.2.99")
    (case,) = cases.list_of(provider.services.db)
    assert (case.person_id, case.kind) == (ann.id, cases.NOT_ME)
    assert case.id in done.dom.text
    assert "new_device" in case.text
    assert [e.detail["case"] for e in provider.events("case:opened")] == [case.id]


def test_A3_no_other_way_lets_anybody_in_until_there_is_a_new_password(
    provider: Provider, browser: Browser, clock: Clock
) -> None:
    """A passkey that an attacker enrolled opens nothing: every proof ends at the same check."""
    desk = sit_down(provider)
    assert is_added(add_passkey(desk.browser, desk.device))
    assert is_in(sign_in(provider.browser(), desk.device))
    clock.advance(8 * 86400)  # one of the last week would need the new password from then on
    token = not_me.make(provider.services.sealer, desk.person.id, "factor_added", clock())
    browser.submit(browser.get(f"not-me/{token}"), "secure")
    person = provider.services.directory.get(desk.person.id)
    assert (person.must_reset, person.has_password) == (True, False)
    attacker = provider.browser("198.51.100.6")
    refused = sign_in(attacker, desk.device)
    assert not is_in(refused)
    assert "This account was locked" in refused.dom.text
    assert is_out(provider, attacker)
    link = links.make(provider.services.state, person, "reset")
    browser.submit(browser.get(f"setup/{link}"), None, password=NEW, confirm=NEW)
    assert is_in(sign_in(provider.browser(), desk.device))  # nothing was taken from the person but time


@pytest.mark.parametrize("methods", [("pwd",), ("passkey",), ("pwd", "totp"), ("admin",), ("backup",)])
def test_A3_no_session_begins_for_a_locked_account_whatever_was_shown(
    provider: Provider, browser: Browser, ann: Person, link: str, methods: tuple[str, ...]
) -> None:
    browser.submit(browser.get(link), "secure")
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/login", "REMOTE_ADDR": "192.0.2.1"}
    with pytest.raises(sessions.Changed):
        starting.start(
            provider.services, Request(environ), provider.services.directory.get(ann.id), methods, Start(stay=False)
        )


def test_A3_a_code_that_the_help_desk_issued_before_is_void(
    provider: Provider, browser: Browser, ann: Person, link: str, clock: Clock
) -> None:
    admin_codes.issue(provider.services, ann.id, "lost phone", "cli:mallory")
    assert admin_codes.find_open(provider.services.db, ann.id, clock())
    browser.submit(browser.get(link), "secure")
    assert admin_codes.find_open(provider.services.db, ann.id, clock()) is None


def test_A3_the_way_back_is_a_new_password_by_a_link_made_afterwards(
    provider: Provider, browser: Browser, ann: Person, link: str
) -> None:
    before = links.make(provider.services.state, ann, "reset")
    browser.submit(browser.get(link), "secure")
    assert browser.get(f"setup/{before}").status == 404  # whoever held it
    person = provider.services.directory.get(ann.id)
    after = links.make(provider.services.state, person, "reset")
    old = browser.submit(browser.get(f"setup/{after}"), None, password=PASSWORD, confirm=PASSWORD)
    assert old.dom.find("div", id="problems")  # somebody else knows that one
    assert browser.submit(browser.get(f"setup/{after}"), None, password=NEW, confirm=NEW).is_redirect
    assert not is_out(provider, browser)
    assert provider.services.directory.get(ann.id).has_password


def test_A3_a_link_works_once_for_seven_days_and_says_so_afterwards(
    provider: Provider, browser: Browser, ann: Person, link: str, clock: Clock
) -> None:
    first = browser.submit(browser.get(link), "secure")
    case = cases.list_of(provider.services.db)[0].id
    after = links.make(provider.services.state, provider.services.directory.get(ann.id), "reset")
    browser.submit(browser.get(f"setup/{after}"), None, password=NEW, confirm=NEW)
    again = browser.get(link)
    assert case in first.dom.text
    assert case in again.dom.text
    assert not again.dom.find("button", id="secure")
    data = [("form_key", dict(browser.get("activity").dom.forms[0].fields)["form_key"])]
    browser.post(link, data)
    assert not is_out(provider, browser)  # an old mail in somebody's hands locks nobody out twice


def test_A3_a_link_ends_after_seven_days(provider: Provider, browser: Browser, link: str, clock: Clock) -> None:
    clock.advance(not_me.TTL - 1)
    assert browser.get(link).status == 200
    clock.advance(2)
    assert browser.get(link).status == 404


@pytest.mark.parametrize("token", ["x", "%00", "%ff", "A" * 4000, "dwl_x"])
def test_A3_a_made_up_link_opens_nothing(provider: Provider, browser: Browser, ann: Person, token: str) -> None:
    assert browser.get(f"not-me/{token}").status == 404
    assert provider.services.directory.get(ann.id).has_password


def test_A3_a_tampered_link_or_one_of_another_purpose_opens_nothing(
    provider: Provider, browser: Browser, ann: Person, link: str
) -> None:
    sealed = provider.services.sealer.seal("device", b'["x","new_device",1.0,"y"]')
    for token in (link[:-4] + "AAAA", "not-me/" + sealed):
        assert browser.get(token).status == 404


def test_A3_another_site_cannot_press_it(provider: Provider, browser: Browser, ann: Person, link: str) -> None:
    browser.log_in(browser.get(""))
    for path in (link, "not-me"):
        assert browser.post(path, {"event": ""}).status == 403
        assert browser.post(path, {"form_key": "made up"}).status == 403
    assert not is_out(provider, browser)


def test_A3_from_the_list_of_activity_it_ends_this_session_too(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    browser.log_in(browser.get(""))
    other = provider.browser("192.0.2.7")
    other.log_in(other.get(""))
    (event,) = [event for event in provider.events("session:started") if event.address == "192.0.2.7"]
    page = browser.get(f"not-me?event={event.id}")
    assert "192.0.2.x" in page.dom.text
    done = browser.submit(page, "secure")
    assert not browser.cookie("session")
    assert is_out(provider, other)
    assert event.id in cases.list_of(provider.services.db)[0].text
    assert cases.list_of(provider.services.db)[0].id in done.dom.text


def test_A3_the_applications_are_told(provider: Provider, browser: Browser, ann: Person, link: str) -> None:
    """Back-channel logout is queued with the end itself."""
    crm = provider.add_client("CRM", backchannel_logout_uri="https://crm.example/logout")
    provider.tokens(crm, browser)
    browser.submit(browser.get(link), "secure")
    assert signout.tell_ended(provider.services) == 1
    assert [job.name for job in provider.services.jobs.pending() if job.name == "oidc.logout"] == ["oidc.logout"]


def test_A3_reported_again_within_a_day_it_is_the_same_case(
    provider: Provider, browser: Browser, ann: Person, clock: Clock
) -> None:
    for number in range(3):
        token = not_me.make(provider.services.sealer, ann.id, "new_device", clock())
        reader = provider.browser(f"192.0.2.{number}")
        reader.submit(reader.get(f"not-me/{token}"), "secure")
    (case,) = cases.list_of(provider.services.db)
    assert len(cases.notes_of(provider.services.db, case.id)) == 2


def test_A3_many_presses_at_once_are_one(provider: Provider, ann: Person, link: str) -> None:
    readers = [provider.browser(f"192.0.2.{n}") for n in range(8)]
    pages = [reader.get(link) for reader in readers]
    threads = [
        threading.Thread(target=lambda r=r, p=p: r.submit(p, "secure")) for r, p in zip(readers, pages, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(reader.answers[-1].status == 200 for reader in readers)
    assert len(cases.list_of(provider.services.db)) == 1
    assert not provider.services.directory.get(ann.id).has_password


def test_A3_the_token_stands_in_no_event_and_no_log(
    provider: Provider, browser: Browser, link: str, capfd: pytest.CaptureFixture[str]
) -> None:
    browser.submit(browser.get(link), "secure")
    browser.post(link, {"form_key": "made up"})
    token = link.removeprefix("not-me/")
    assert not [event for event in provider.events() if token in str(event)]
    assert token not in "".join(capfd.readouterr())


def test_A3_the_last_owner_is_let_back_in_by_the_installations_own_command(
    provider: Provider, browser: Browser, clock: Clock
) -> None:
    owner = provider.add_person("olga", roles=("owner",))
    token = not_me.make(provider.services.sealer, owner.id, "new_device", clock())
    browser.submit(browser.get(f"not-me/{token}"), "secure")
    assert not provider.services.directory.has_owner()  # so `doorward init` gives out a link again
    assert [person.username for person in provider.services.directory.owners() if not person.has_password] == ["olga"]


def test_A3_applications_keep_working_for_everybody_else(
    provider: Provider, browser: Browser, ann: Person, link: str
) -> None:
    provider.add_person("bob")
    bob, crm = provider.browser("192.0.2.50"), provider.add_client("CRM")
    tokens = provider.tokens(crm, bob, login="bob")
    browser.submit(browser.get(link), "secure")
    assert provider.userinfo(tokens["access_token"]).status == 200
    assert not is_out(provider, bob)
