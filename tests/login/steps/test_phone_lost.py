"""F7: whatever the second factor is, losing it is no dead end: another way, a backup code, a case and the help desk."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from idp.accounts.factors import admin_codes, backup_codes
from tests.authenticator import Authenticator
from tests.backends import Clock
from tests.login.passkeys import add_passkey
from tests.login.second_step import enrol, person_id
from tests.login.typing_codes import typed
from tests.provider import Answer, Browser, Provider

SMS = {"sender": "webhook", "url": "https://sms.example/send"}
LOST = ("totp", "webauthn", "sms")
RULE = {"need": "second"}


def somebody(provider: Provider, clock: Clock, factor: str) -> str:
    """Ann with this one second factor and ten backup codes; her id."""
    if factor == "totp":
        enrol(provider, clock)
    else:
        verified = {"phone_number": "+4917012345678", "phone_number_verified": True}
        provider.add_person("ann", claims=verified if factor == "sms" else {})
    if factor == "webauthn":
        browser = provider.browser()
        browser.log_in(browser.get(""))
        add_passkey(browser, Authenticator())
    return person_id(provider)


@pytest.fixture(params=LOST)
def lost(request: pytest.FixtureRequest, open_provider: Callable[..., Provider], clock: Clock) -> tuple[Provider, str]:
    factor = str(request.param)
    provider = open_provider(sms=SMS, factors={"rules": [RULE] if factor == "sms" else []})
    somebody(provider, clock, factor)
    return provider, factor


def ways(page: Answer) -> list[str]:
    return [value for form in page.dom.forms for _, name, value in form.buttons if name == "way"]


def at_the_list(browser: Browser) -> Answer:
    page = browser.log_in(browser.get(""))
    form = next(n for n, form in enumerate(page.dom.forms) if any(b[0] == "other" for b in form.buttons))
    return browser.submit(page, "other", form=form)


def test_F7_a_backup_code_lets_in_from_each_factor(lost: tuple[Provider, str]) -> None:
    provider, factor = lost
    batch = backup_codes.make(provider.services)
    with provider.services.db.transaction() as tx:
        backup_codes.keep(tx, provider.clock(), person_id(provider), batch, lambda *_: None)
    browser = provider.browser()
    page = at_the_list(browser)
    assert ways(page) == [factor, "backup"]
    answer = typed(browser, browser.submit(page, "backup"), batch.codes[3])
    assert answer.location == provider.issuer + "/"
    assert browser.cookie("session")


def test_F7_with_nothing_left_the_help_desk_lets_in_from_each_factor(lost: tuple[Provider, str]) -> None:
    provider, factor = lost
    if factor == "webauthn":  # the codes that came with it are lost, too
        with provider.services.db.transaction() as tx:
            backup_codes.drop(tx, person_id(provider))
    browser = provider.browser()
    page = at_the_list(browser)
    assert ways(page) == [factor]
    form = next(n for n, form in enumerate(page.dom.forms) if any(b[0] == "stuck" for b in form.buttons))
    page = browser.submit(page, "stuck", form=form)
    assert re.search(r"Your case: C-", page.dom.text)
    assert not browser.cookie("session")
    code = admin_codes.issue(provider.services, person_id(provider), "lost it", "desk").code
    page = typed(browser, browser.submit(page, "admin"), code)
    assert browser.cookie("session")
    assert "Set up a second step" in page.dom.text


def test_F7_a_list_never_names_what_somebody_has_not(lost: tuple[Provider, str]) -> None:
    provider, factor = lost
    page = at_the_list(provider.browser())
    assert set(ways(page)) <= {factor, "backup"}


def test_F7_the_person_is_told_of_the_case(lost: tuple[Provider, str]) -> None:
    """By an event that their pages show and, where they have an address, by mail."""
    provider, _ = lost
    browser = provider.browser()
    page = at_the_list(browser)
    form = next(n for n, form in enumerate(page.dom.forms) if any(b[0] == "stuck" for b in form.buttons))
    browser.submit(page, "stuck", form=form)
    (event,) = provider.events("case:opened")
    assert event.person_id == person_id(provider)


def test_n27_the_field_for_the_help_desks_code_is_there_before_there_is_one(lost: tuple[Provider, str]) -> None:
    provider, _ = lost
    browser = provider.browser()
    page = browser.submit(at_the_list(browser), "stuck", form=1)
    button = next(n for n, form in enumerate(page.dom.forms) if any(b[2] == "admin" for b in form.buttons))
    page = browser.submit(page, "admin", form=button)  # they are on the phone; nobody has issued it yet
    assert "code" in {name for form in page.dom.forms for name in form.names()}
    wrong = typed(browser, page, "4K7QPM2XT9")
    assert "This is not the code" in wrong.dom.text
    issued = admin_codes.issue(provider.services, person_id(provider), "lost the phone", "cli:test")
    assert "Set up a second step" in typed(browser, wrong, issued.code).dom.text


@pytest.mark.parametrize("minutes", [1, 60])
def test_n27_the_field_stays_after_the_first_code_ran_out_and_takes_the_next_one(
    lost: tuple[Provider, str], clock: Clock, minutes: int
) -> None:
    provider, _ = lost
    browser = provider.browser()
    first = admin_codes.issue(provider.services, person_id(provider), "lost the phone", "cli:test", minutes=minutes)
    page = browser.submit(at_the_list(browser), "admin", form=0)
    clock.advance(60 * min(minutes, 5) + 1)
    if minutes == 1:  # it ran out while they were reading it out
        page = typed(browser, page, first.code)
        assert "This is not the code" in page.dom.text
    page = browser.submit(at_the_list(browser), "admin", form=0) if minutes == 60 else page
    assert "code" in {name for form in page.dom.forms for name in form.names()}
    later = admin_codes.issue(provider.services, person_id(provider), "the first ran out", "cli:test")
    assert "Set up a second step" in typed(browser, page, later.code).dom.text


def test_n27_a_right_code_that_waits_for_its_approval_is_not_called_wrong(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    """It works once a second person has agreed, without a new one; and tries meanwhile are no guesses."""
    provider = open_provider(admin_codes={"second_approver": True}, throttle={"failures": 3})
    boss = provider.add_person("boss", roles=("admin",))
    somebody(provider, clock, "totp")
    issued = admin_codes.issue(provider.services, person_id(provider), "lost the phone", "cli:test")
    browser = provider.browser()
    page = browser.submit(at_the_list(browser), "stuck", form=1)
    button = next(n for n, form in enumerate(page.dom.forms) if any(b[2] == "admin" for b in form.buttons))
    page = browser.submit(page, "admin", form=button)
    for _ in range(4):
        page = typed(browser, page, issued.code)
        assert "somebody else at the help desk must approve it first" in page.dom.text
    assert provider.events("factor:failed") == []
    assert "This is not the code" in typed(browser, page, "4K7QPM2XT9").dom.text  # a stranger's is told nothing
    admin_codes.approve(provider.services, person_id(provider), boss.id)
    assert "Set up a second step" in typed(browser, page, issued.code).dom.text


def test_n33_after_the_help_desks_code_the_reason_is_true_and_the_start_page_reminds(
    lost: tuple[Provider, str],
) -> None:
    provider, _ = lost
    issued = admin_codes.issue(provider.services, person_id(provider), "lost the phone", "cli:test")
    browser = provider.browser()
    page = browser.submit(at_the_list(browser), "admin", form=0)
    page = typed(browser, page, issued.code)
    assert "You came in by a code from the help desk" in page.dom.text
    assert not re.search(r"asks for more than a password|put it off until|1 more day", page.dom.text)
    later = browser.submit(page, "later")
    start = browser.follow(later) if later.is_redirect else later
    assert "A code from the help desk let you in." in start.dom.text
