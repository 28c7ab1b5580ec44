"""N11, S56: a right code that is sent twice signs in once, and is no guess; the same for what is wrong twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.accounts.factors import admin_codes, backup_codes
from tests.backends import Clock
from tests.login.second_step import enrol, is_second_step, person_id, wrong
from tests.login.typing_codes import typed
from tests.provider import Answer, Browser, Provider
from tests.server import race

TABS = 8


def no_record(*_: object) -> None:
    """For tests that look at no events of this kind."""


def _totp(provider: Provider, clock: Clock) -> str:
    return enrol(provider, clock).code


def _backup(provider: Provider, clock: Clock) -> str:
    enrol(provider, clock)
    batch = backup_codes.make(provider.services)
    with provider.services.db.transaction() as tx:
        backup_codes.keep(tx, clock(), person_id(provider), batch, no_record)
    return batch.shown[3]


def _admin(provider: Provider, clock: Clock) -> str:
    enrol(provider, clock)
    return admin_codes.issue(provider.services, person_id(provider), "lost it", "root").code


KINDS: dict[str, Callable[[Provider, Clock], str]] = {"totp": _totp, "backup": _backup, admin_codes.KIND: _admin}


def at(browser: Browser, way: str) -> Answer:
    """The page of this way, after the password."""
    page = browser.log_in(browser.get(""))
    return browser.submit(page, way=way, action="show", code="")


@pytest.mark.parametrize("way", KINDS)
@pytest.mark.parametrize("at_once", [True, False])
def test_n11_a_right_code_from_many_tabs_signs_in_once_and_counts_as_no_failure(
    provider: Provider, clock: Clock, way: str, at_once: bool
) -> None:
    code = KINDS[way](provider, clock)
    browsers = [provider.browser() for _ in range(TABS)]
    pages = [at(browser, way) for browser in browsers]
    calls = [lambda n=n: typed(browsers[n], pages[n], code) for n in range(TABS)]
    answers = race(calls) if at_once else [call() for call in calls]  # type: ignore[arg-type]
    assert [bool(browser.cookie("session")) for browser in browsers].count(True) == 1
    assert not any("Retry-After" in answer.headers for answer in answers)
    assert provider.events("factor:failed") == []
    again = provider.browser()
    page = at(again, "totp")
    assert is_second_step(page)
    assert "You can go on at" not in page.dom.text  # nobody is paused


@pytest.mark.parametrize("way", ["backup", admin_codes.KIND])
def test_n5_a_wrong_code_typed_again_costs_no_hash_and_no_row(provider: Provider, clock: Clock, way: str) -> None:
    code = KINDS[way](provider, clock)
    browser, bad = provider.browser(), code[:-1] + ("0" if code[-1] != "0" else "1")
    page = typed(browser, at(browser, way), bad)
    before = provider.services.passwords.hashes
    for _ in range(12):
        page = typed(browser, page, bad)
    assert provider.services.passwords.hashes == before
    (row,) = provider.events("factor:failed")
    assert row.detail["repeated"] == 10
    typed(browser, page, code)
    assert browser.cookie("session")


def test_n5_a_wrong_code_of_the_app_from_many_sign_ins_is_one_guess_in_its_step(
    provider: Provider, clock: Clock
) -> None:
    phone = enrol(provider, clock)
    for _ in range(6):
        browser = provider.browser()
        page = browser.submit(browser.log_in(browser.get("")), code=wrong(phone))
    assert [event.detail["repeated"] for event in provider.events("factor:failed")] == [5]
    assert browser.submit(page, code=phone.code).is_redirect
    clock.advance(30)  # and in the next step it is another guess
    other = provider.browser()
    other.submit(other.log_in(other.get("")), code=wrong(phone))
    assert len(provider.events("factor:failed")) == 2


def test_n5_a_code_that_waits_for_approval_works_once_it_is_approved(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    """It was refused a moment ago; that must not stick."""
    provider = open_provider(admin_codes={"second_approver": True})
    code = _admin(provider, clock)
    browser = provider.browser()
    page = at(browser, admin_codes.KIND)
    if is_second_step(page):
        page = browser.submit(page, way=admin_codes.KIND, code=code)
    admin_codes.approve(provider.services, person_id(provider), "second admin")
    page = at(browser, admin_codes.KIND)
    typed(browser, page, code)
    assert browser.cookie("session")
