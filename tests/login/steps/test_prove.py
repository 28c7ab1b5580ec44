"""The second step of a sign-in over HTTP: who is asked, by what, and that nobody gets round it.

F6, F7, F8, F9, P7, S56, S58, S64, X21, X24, X27.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts.factors import admin_codes
from idp.login import holding
from idp.login.authn import MFA, PHISHING_RESISTANT, SUPPORTED_ACR
from idp.login.browser import sessions
from tests.backends import Clock
from tests.login.second_step import claims, enrol, is_second_step, person_id, wrong
from tests.phone import Phone, set_up
from tests.provider import PASSWORD, Browser, Provider

RULE = {"need": "second", "groups": ["finance"], "why": "Finance handles payments."}


@pytest.fixture
def ann(provider: Provider, clock: Clock) -> Phone:
    """Ann has an authenticator app."""
    return enrol(provider, clock)


# -- asked, and answered -------------------------------------------------------------------------------------------


def test_F9_who_set_up_a_second_factor_is_asked_for_it_and_the_application_hears_of_both(
    provider: Provider, browser: Browser, ann: Phone
) -> None:
    app = provider.add_client()
    page = browser.log_in(provider.authorize(browser, app))
    assert is_second_step(page)
    told = claims(provider, app, browser.submit(page, code=ann.code))
    assert (told["amr"], told["acr"]) == (["pwd", "otp", "mfa"], MFA)


def test_S58_half_a_proof_is_no_session(provider: Provider, browser: Browser, ann: Phone) -> None:
    browser.log_in(browser.get(""))
    assert not browser.cookie("session")
    assert sessions.open_of(provider.services, person_id(provider)) == ()
    assert browser.get("security").is_login_page


def test_F9_a_wrong_code_is_told_and_the_right_one_still_works(
    provider: Provider, browser: Browser, ann: Phone
) -> None:
    page = browser.log_in(browser.get(""))
    page = browser.submit(page, code=wrong(ann))
    assert is_second_step(page)
    assert page.dom.find("div", id="error")
    assert browser.submit(page, code=ann.code).location == provider.issuer + "/"
    assert [event.detail["kind"] for event in provider.events("factor:failed")] == ["totp"]


def test_S58_the_session_gets_a_new_id_only_after_both(provider: Provider, browser: Browser, ann: Phone) -> None:
    page = browser.log_in(browser.get(""))
    browser.submit(page, code=ann.code)
    assert [one.id for one in sessions.open_of(provider.services, person_id(provider))] == [
        browser.cookie("session").partition(".")[0]
    ]


def test_L8_a_second_step_left_open_for_an_hour_begins_again_and_forgets_no_application(
    provider: Provider, browser: Browser, ann: Phone, clock: Clock
) -> None:
    app = provider.add_client()
    page = browser.log_in(provider.authorize(browser, app))
    clock.advance(3600)
    again = browser.submit(page, code=ann.code)
    assert again.is_login_page
    assert "quarter of an hour" in again.dom.text
    page = browser.log_in(again)
    assert browser.submit(page, code=ann.code).code


def test_cancel_goes_back_to_the_application_and_keeps_nothing(
    provider: Provider, browser: Browser, ann: Phone
) -> None:
    app = provider.add_client()
    page = browser.log_in(provider.authorize(browser, app))
    assert browser.submit(page, "cancel", form=1).error == "access_denied"
    assert browser.submit(page, code=ann.code).is_login_page  # the half of before is gone


# -- nobody gets round it --------------------------------------------------------------------------------------------


def test_X24_another_browser_cannot_finish_what_this_one_began(
    provider: Provider, browser: Browser, ann: Phone
) -> None:
    page = browser.log_in(browser.get(""))
    other = provider.browser()
    other.get("")
    other.submit(page, code=ann.code)
    assert not other.cookie("session")


def test_X24_another_persons_conversation_takes_no_code_of_mine(
    provider: Provider, browser: Browser, ann: Phone, clock: Clock
) -> None:
    bob = enrol(provider, clock, "bob")
    page = browser.log_in(browser.get(""), "ann")
    assert is_second_step(browser.submit(page, code=bob.code))
    assert not browser.cookie("session")


def test_X21_a_new_password_meanwhile_ends_the_conversation(provider: Provider, browser: Browser, ann: Phone) -> None:
    page = browser.log_in(browser.get(""))
    provider.services.directory.store_password(
        person_id(provider), provider.services.passwords.hash("x" * 20), detail={"purpose": "test"}
    )
    assert browser.submit(page, code=ann.code).is_login_page
    assert not browser.cookie("session")


def test_S58_a_disabled_person_gets_no_further(provider: Provider, browser: Browser, ann: Phone) -> None:
    page = browser.log_in(browser.get(""))
    provider.services.directory.disable(person_id(provider))
    assert browser.submit(page, code=ann.code).is_login_page
    assert not browser.cookie("session")


def test_X27_wrong_codes_are_counted_over_all_sign_ins(provider: Provider, ann: Phone) -> None:
    for n in range(5):
        browser = provider.browser()
        page = browser.log_in(browser.get(""))
        assert is_second_step(page)
        page = browser.submit(page, code=wrong(ann, n + 1))
    browser = provider.browser()
    page = browser.log_in(browser.get(""))
    page = browser.submit(page, code=ann.code)  # right, and too late
    assert is_second_step(page)
    assert page.headers["Retry-After"]
    assert not browser.cookie("session")
    holding.lift_second(provider.services, person_id(provider))
    assert browser.submit(page, code=ann.code).is_redirect


def test_S56_a_password_link_does_not_lift_the_pause_of_codes(provider: Provider, ann: Phone, clock: Clock) -> None:
    browser = provider.browser()
    page = browser.log_in(browser.get(""))
    for n in range(5):
        page = browser.submit(page, code=wrong(ann, n + 1))
    provider.services.throttle.lift(person_id(provider), clock())
    assert is_second_step(browser.submit(page, code=ann.code))


def test_F9_a_way_that_is_not_offered_is_not_taken(provider: Provider, browser: Browser, ann: Phone) -> None:
    page = browser.log_in(browser.get(""))
    for way in ("password", "email", "sms", "nonsense"):
        answer = browser.submit(page, way=way, code=ann.code, password=PASSWORD)
        assert answer.status == 200
        assert not browser.cookie("session")


def test_P7_fresh_means_both_again(provider: Provider, browser: Browser, ann: Phone, clock: Clock) -> None:
    page = browser.log_in(browser.get(""))
    browser.submit(page, code=ann.code)
    clock.advance(400)
    page = browser.get("security/totp")
    assert page.is_login_page
    page = browser.log_in(page)
    assert is_second_step(page)
    assert browser.follow(browser.submit(page, code=ann.code)).status == 200


# -- the phone is lost -------------------------------------------------------------------------------------------------


def test_F7_the_list_has_what_this_person_has_and_ends_at_the_help_desk(
    provider: Provider, browser: Browser, ann: Phone
) -> None:
    page = browser.log_in(browser.get(""))
    page = browser.submit(page, "other", form=1)
    assert [value for form in page.dom.forms for _, name, value in form.buttons if name == "way"] == ["totp"]
    page = browser.submit(page, "stuck", form=1)
    case = page.dom.text.split("Your case: ")[1].split()[0]
    assert case.startswith("C-")
    assert provider.events("case:opened")


def test_F6_a_code_of_the_help_desk_lets_in_once_claims_nothing_and_asks_to_set_up_anew(
    provider: Provider, browser: Browser, ann: Phone
) -> None:
    app = provider.add_client()
    issued = admin_codes.issue(provider.services, person_id(provider), "lost the phone", "desk")
    page = browser.log_in(provider.authorize(browser, app))
    page = browser.submit(browser.submit(page, "other", form=1), "admin")
    page = browser.submit(page, code=issued.code)
    assert "Set up a second step" in page.dom.text
    assert browser.cookie("session")
    told = claims(provider, app, browser.submit(page, "later"))
    assert (told["amr"], told["acr"]) == (["pwd", "otp"], SUPPORTED_ACR[1])
    again = provider.browser()
    page = again.log_in(provider.authorize(again, app))
    assert [v for f in again.submit(page, "other", form=1).dom.forms for _, n, v in f.buttons if n == "way"] == ["totp"]


# -- policy -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def strict(open_provider: Callable[..., Provider]) -> Provider:
    """Finance needs a second factor."""
    return open_provider(factors={"rules": [RULE]})


def test_F8_who_must_and_has_none_is_told_why_and_sets_it_up_on_the_way(strict: Provider, clock: Clock) -> None:
    strict.add_person("ann", groups=["finance"])
    app, browser = strict.add_client(), strict.browser()
    page = browser.log_in(strict.authorize(browser, app))
    assert "Finance handles payments." in page.dom.text
    assert not page.dom.find("button", id="later")
    _, page = set_up(browser, clock)
    while page.is_redirect:
        page = browser.follow(page)
    assert page.dom.find("a", href="/login/continue"), page.dom.text
    told = claims(strict, app, browser.get("login/continue"))
    assert told["acr"] == MFA


def test_F8_days_of_grace_and_not_one_more(open_provider: Callable[..., Provider], clock: Clock) -> None:
    provider = open_provider(factors={"rules": [{**RULE, "grace_days": 14}]})
    provider.add_person("ann", groups=["finance"])
    app, browser = provider.add_client(), provider.browser()
    page = browser.log_in(provider.authorize(browser, app))
    assert "14" in page.dom.text
    assert browser.submit(page, "later").code
    assert provider.authorize(browser, app).code  # asked once in a sign-in, not at every application
    clock.advance(15 * 86400)
    browser = provider.browser()
    page = browser.log_in(provider.authorize(browser, app))
    assert not page.dom.find("button", id="later")
    assert provider.authorize(browser, app, prompt="none").error == "login_required"


def test_F9_nobody_else_is_asked(strict: Provider) -> None:
    strict.add_person("bob", groups=["sales"])
    browser = strict.browser()
    assert strict.sign_in(browser, strict.add_client(), "bob").code


def test_F9_a_rule_for_one_application_steps_up_a_live_session(
    open_provider: Callable[..., Provider], template: Any, clock: Clock
) -> None:
    provider = open_provider(factors={"personal": "never"})
    app, bank = provider.add_client("CRM"), provider.add_client("Bank")
    provider.add_rule(need="second", apps=[bank.id])
    phone, browser = enrol(provider, clock), provider.browser()
    assert claims(provider, app, provider.sign_in(browser, app))["amr"] == ["pwd"]
    before = browser.cookie("session").partition(".")[0]
    page = provider.authorize(browser, bank)
    assert is_second_step(page)
    assert claims(provider, bank, browser.submit(page, code=phone.code))["amr"] == ["pwd", "otp", "mfa"]
    assert browser.cookie("session").partition(".")[0] == before  # the same sign-in, stronger
    assert provider.authorize(browser, bank).code


def test_S58_a_step_up_ends_with_the_session_that_it_began_in(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(factors={"personal": "never"})
    phone, app, browser = enrol(provider, clock), provider.add_client(), provider.browser()
    wanted = '{"id_token":{"acr":{"essential":true,"values":["%s"]}}}'
    provider.sign_in(browser, app)
    page = provider.authorize(browser, app, claims=wanted % MFA)
    browser.submit(browser.get("logout"), "confirm")
    assert browser.submit(page, code=phone.code).is_login_page  # the password was shown in a session that is no more
    assert not browser.cookie("session")
    assert sessions.open_of(provider.services, person_id(provider)) == ()


@pytest.mark.spec("OIDC-Core 5.5.1.1")
def test_F9_an_essential_acr_steps_up_and_what_cannot_be_reached_is_refused(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(factors={"personal": "never"})
    phone, app, browser = enrol(provider, clock), provider.add_client(), provider.browser()
    wanted = '{"id_token":{"acr":{"essential":true,"values":["%s"]}}}'
    provider.sign_in(browser, app)
    assert provider.authorize(browser, app, claims=wanted % MFA, prompt="none").error == "login_required"
    page = provider.authorize(browser, app, claims=wanted % MFA)
    assert is_second_step(page)
    assert claims(provider, app, browser.submit(page, code=phone.code))["acr"] == MFA
    answer = provider.authorize(browser, app, claims=wanted % PHISHING_RESISTANT)
    assert answer.dom.find("a", href="/security/passkeys"), answer.dom.text  # can be set up, so it is offered


def test_F9_a_known_device_is_let_off_where_the_person_may(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(factors={"personal": "unknown-device"})
    phone, app, browser = enrol(provider, clock), provider.add_client(), provider.browser()
    browser.submit(browser.log_in(provider.authorize(browser, app)), code=phone.code)
    browser.submit(browser.get("logout"), "confirm")
    assert browser.log_in(provider.authorize(browser, app)).code
    stranger = provider.browser()
    assert is_second_step(stranger.log_in(provider.authorize(stranger, app)))
