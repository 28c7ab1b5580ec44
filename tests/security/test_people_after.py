"""What a stranger who was inside once keeps of it, what a mailbox opens, and what anybody may make us do.

A3, P4, W4, F3, F9, S55, S56 V6.4.3, S68.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import pytest

from idp.accounts import cases, links, not_me
from idp.accounts.person import Person
from idp.accounts.recovery import contacts
from idp.login import requirements
from idp.login.browser import robots
from tests.authenticator import Authenticator
from tests.backends import Clock
from tests.login.passkeys import (
    ORIGIN,
    add_passkey,
    is_added,
    is_in,
    options_of,
    press,
    sign_in,
    sit_down,
)
from tests.provider import Answer, Browser, Provider
from tests.recovery.post import MAIL, collect
from tests.security.test_people_proof import NEW, enrol, is_second_step

DAY = 86400.0


def not_mine(provider: Provider, person: Person, clock: Clock) -> None:
    """Somebody presses the link of a mail."""
    reader = provider.browser("192.0.2.99")
    token = not_me.make(provider.services.sealer, person.id, "factor_added", clock())
    assert reader.submit(reader.get(f"not-me/{token}"), "secure").status == 200


def new_password(provider: Provider, person: Person) -> Answer:
    """The person's own way back, by a link."""
    person, browser = provider.services.directory.get(person.id), provider.browser()
    token = links.make(provider.services.state, person, "reset")
    return browser.submit(browser.get(f"setup/{token}"), password=NEW, confirm=NEW)


# -- "This was not me" -------------------------------------------------------------------------------------------------


def test_A3_a_passkey_that_the_stranger_added_opens_nothing_after_the_way_back(
    provider: Provider, clock: Clock
) -> None:
    thief = sit_down(provider)
    assert is_added(add_passkey(thief.browser, thief.device, "Mine now"))
    clock.advance(6 * DAY)
    not_mine(provider, thief.person, clock)
    assert is_second_step_or_passkey(new_password(provider, thief.person))
    assert not is_in(sign_in(provider.browser(), thief.device))
    (case,) = cases.list_of(provider.services.db)
    assert "webauthn “Mine now”" in case.text


def is_second_step_or_passkey(page: Answer) -> bool:
    return page.status == 200 and "/login/factor" in page.text


def test_A3_a_passkey_of_long_ago_goes_on_after_the_way_back(provider: Provider, clock: Clock) -> None:
    desk = sit_down(provider)
    assert is_added(add_passkey(desk.browser, desk.device))
    clock.advance(8 * DAY)
    not_mine(provider, desk.person, clock)
    new_password(provider, desk.person)
    assert is_in(sign_in(provider.browser(), desk.device))


@pytest.mark.parametrize(("days", "stays"), [(6, False), (8, True)])
def test_A3_a_recovery_address_that_the_stranger_added_gets_no_link(
    open_provider: Callable[..., Provider], clock: Clock, days: int, stays: bool
) -> None:
    provider = open_provider(mail=MAIL)
    person, browser = provider.add_person(email_verified=True), provider.browser()
    contacts.change(provider.services, person, "email", "mallory@evil.example", {})
    clock.advance(days * DAY)
    not_mine(provider, person, clock)
    collect(provider)
    browser.submit(browser.get("help/password"), login="ann")
    sent = {one.to for one in collect(provider, "reset_password")}
    assert sent == {"ann@example.com"}  # N6: one that stays helps nobody until the owner confirms it anew
    assert len(provider.events("recovery:removed")) == (not stays)


# -- a mailbox, or a phone, is one factor ------------------------------------------------------------------------------


def test_S56_a_mailbox_is_not_the_link_and_the_second_step_where_there_is_something_better(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(mail=MAIL, factors={"email_is_second": True, "rules": [{"need": "second"}]})
    enrol(provider, clock, email_verified=True)
    person = provider.services.directory.find_by_login("ann")
    assert person is not None
    thief = provider.browser()
    thief.submit(thief.get("help/password"), login="ann")
    (mail,) = collect(provider, "reset_password")
    page = thief.submit(thief.get(mail.link), password=NEW, confirm=NEW)
    for browser in (thief, provider.browser()):
        page = page if browser is thief else browser.log_in(browser.get(""), "ann", NEW)
        assert is_second_step(page)
        browser.submit(page, way="email", action="show")
        assert not collect(provider, "sign_in_code")


def test_S56_the_number_of_the_second_step_is_no_number_for_recovery_however_it_is_written(
    open_provider: Callable[..., Provider],
) -> None:
    provider = open_provider(mail=MAIL, sms={"sender": "webhook", "url": "https://sms.example/"})
    person = provider.add_person(claims={"phone_number": "0049 170 1234567", "phone_number_verified": True})
    contacts.change(provider.services, person, "phone", "+491701234567", {})
    assert contacts.number(provider.services, person) == ""


# -- guesses, and work for nothing -------------------------------------------------------------------------------------


def test_S55_a_link_is_no_place_to_find_out_which_passwords_somebody_had(
    open_provider: Callable[..., Provider], browser: Browser
) -> None:
    provider = open_provider(passwords={"history": 3})
    person, browser = provider.add_person(), provider.browser()
    path = "setup/" + links.make(provider.services.state, person, "reset")
    page = browser.get(path)
    for guess in range(30):
        assert browser.submit(page, password=f"guess number {guess}", confirm="another").status == 200
    before = provider.services.passwords.hashes
    assert browser.submit(page, password=NEW, confirm=NEW).status == 404
    assert provider.services.passwords.hashes == before


def test_L7_a_failure_under_one_name_is_not_seen_in_the_work_for_another_name_of_the_same_person(
    provider: Provider,
) -> None:
    provider.add_person()
    work = {}
    for name in ("ann", "ann@example.com", "zoe", "zoe@example.com"):
        browser = provider.browser()
        sql, verbs, _ = provider.counted(partial(browser.submit, browser.get(""), login=name, password="wrong"))
        work[name] = (len(sql), verbs)
    assert work["ann@example.com"] == work["zoe@example.com"]
    assert work["ann"] == work["zoe"]


def test_F5_what_cannot_be_an_answer_costs_no_backup_codes(provider: Provider) -> None:
    desk = sit_down(provider)
    page, before = desk.browser.get("security/passkeys"), provider.services.passwords.hashes
    made_up = Authenticator().create({**options_of(page), "challenge": "AAAA"}, ORIGIN)
    for answer in (made_up, {}):
        assert not is_added(press(desk.browser, page, answer))
    assert provider.services.passwords.hashes == before


def test_W4_one_network_has_no_more_than_a_hundred_pictures_made(
    provider: Provider, browser: Browser, clock: Clock
) -> None:
    browser.cookies["__Host-doorward_check"] = "1"
    assert "/check/picture/" in browser.get("").text
    for _ in range(10):
        source = browser.get("").text.split('<img src="')[1].split('"')[0]
        for _ in range(10):
            assert browser.get(source).status == 200
    source = browser.get("").text.split('<img src="')[1].split('"')[0]
    assert browser.get(source).status == 429
    clock.advance(601)
    assert browser.get(source).status == 200


def test_W4_sounds_are_made_one_by_one(provider: Provider, browser: Browser) -> None:
    browser.cookies["__Host-doorward_check"] = "1"
    source = browser.get("").text.split("/check/sound/")[1].split('"')[0]
    with provider.services.part(robots.Sounding).lock:
        assert browser.get(f"check/sound/{source}").status == 503
    assert browser.get(f"check/sound/{source}").status == 200


def test_S68_answers_that_are_refused_fill_no_store(provider: Provider) -> None:
    desk = sit_down(provider)
    assert is_added(add_passkey(desk.browser, desk.device))
    thief = provider.browser()
    page = thief.get("")
    answer = desk.device.get(options_of(page), ORIGIN)
    answer["response"]["signature"] = "AAAA"
    for _ in range(55):
        assert not is_in(press(thief, page, json.loads(json.dumps(answer))))
    assert len(provider.events("session:failed")) == 50


def test_P1_a_busy_moment_at_the_second_step_is_no_crash(provider: Provider, clock: Clock) -> None:
    from idp.login.authn import SUPPORTED_ACR

    desk = sit_down(provider)
    assert is_added(add_passkey(desk.browser, desk.device))
    browser, app = provider.browser(), provider.add_client()
    assert is_in(sign_in(browser, desk.device))
    wanted = json.dumps({"id_token": {"acr": {"essential": True, "values": [SUPPORTED_ACR[1]]}}})
    page = provider.authorize(browser, app, claims=wanted)
    room, held = provider.services.passwords._room, 0
    while room.acquire(blocking=False):
        held += 1
    assert browser.submit(page, password="whatever it is", way="password").status == 503
    for _ in range(held):
        room.release()


# -- rules -------------------------------------------------------------------------------------------------------------


def test_F9_a_rule_holds_for_its_group_in_any_spelling(open_provider: Callable[..., Provider], clock: Clock) -> None:
    provider = open_provider(factors={"rules": [{"need": "second", "groups": ["Finance "]}], "personal": "never"})
    enrol(provider, clock, groups=("finance",))
    browser = provider.browser()
    assert is_second_step(browser.log_in(browser.get("")))
    rule = provider.settings.factors.rules[0]
    assert requirements.concerns(rule, ["FINANCE"], clock())
    assert not requirements.concerns(rule, ["desk"], clock())
