"""Nobody gets round the second step, or changes a way in with half a proof: what an attacker with a part would try.

P3, P7, F9, S55 V6.3.4, S56 V6.4.3, S58 V7.5.1, L5.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts import expiry
from idp.login.authn import MFA
from tests.backends import Clock
from tests.phone import Phone
from tests.provider import PASSWORD, Answer, App, Browser, Provider
from tests.recovery.post import MAIL, collect

NEW = "a brand new pass phrase"
DAY = 86400.0
ESSENTIAL = json.dumps({"id_token": {"acr": {"essential": True, "values": [MFA]}}})


def enrol(provider: Provider, clock: Clock, name: str = "ann", **about: Any) -> Phone:
    """Somebody new, with an authenticator app."""
    from idp.accounts.factors import totp

    clock.now = clock.now // 30 * 30 + 5
    person = provider.add_person(name, **about)
    enrolment = totp.begin(provider.services, person, "test")
    phone = Phone(enrolment.uri, clock)
    with provider.services.db.transaction() as tx:
        totp.keep(tx, provider.services, person, enrolment, phone.code, "Phone", lambda *_: None)
    clock.advance(30)
    return phone


def is_second_step(page: Answer) -> bool:
    return page.status == 200 and any("way" in form.names() and "code" in form.names() for form in page.dom.forms)


def flow_of(page: Answer) -> str:
    """The sealed conversation of a page."""
    return next(dict(form.fields)["flow"] for form in page.dom.forms if "flow" in form.names())


def password_of(provider: Provider, name: str = "ann") -> float | None:
    found = provider.services.directory.find_by_login(name)
    assert found is not None
    return found.password_changed_at


# -- a stolen password sets no new one ---------------------------------------------------------------------------------


def test_P7_a_stolen_password_is_not_renewed_from_the_page_of_the_second_step(provider: Provider, clock: Clock) -> None:
    enrol(provider, clock)
    before, thief = password_of(provider), provider.browser()
    page = thief.log_in(thief.get(""))
    assert is_second_step(page)
    thief.post("login/renew", {"flow": flow_of(page), "password": NEW, "confirm": NEW})
    assert password_of(provider) == before


def test_P3_P7_a_password_that_ran_out_is_renewed_after_the_second_step_and_not_before(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(passwords={"expire_days": {"*": 90}}, factors={"personal": "never"})
    phone, browser = enrol(provider, clock), provider.browser()
    clock.advance(91 * DAY)
    before = password_of(provider)
    page = browser.log_in(browser.get(""))
    assert is_second_step(page), page.dom.text
    browser.post("login/renew", {"flow": flow_of(page), "password": NEW, "confirm": NEW})
    assert password_of(provider) == before
    page = browser.submit(page, code=phone.code)
    assert "confirm" in page.form.names(), page.dom.text
    assert browser.submit(page, password=NEW, confirm=NEW).location == provider.issuer + "/"
    assert password_of(provider) != before
    person = provider.services.directory.find_by_login("ann")
    assert person is not None
    assert expiry.password_due(provider.services, person, clock.now) is None


# -- what makes a device known -----------------------------------------------------------------------------------------


def test_F9_a_device_is_not_let_off_because_a_password_alone_was_typed_on_it(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(factors={"personal": "never"})
    bank = provider.add_client("Bank")
    provider.add_rule(need="second", apps=[bank.id], device="unknown")
    enrol(provider, clock)
    thief = provider.browser()
    assert thief.log_in(thief.get("")).is_redirect  # our own pages ask for no more here
    assert is_second_step(provider.authorize(thief, bank))
    thief.submit(thief.get("logout"), "confirm")
    assert is_second_step(thief.log_in(provider.authorize(thief, bank)))


def test_F9_a_device_of_before_the_second_factor_was_set_up_is_not_let_off(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    from idp.accounts.factors import totp

    provider = open_provider(factors={"personal": "unknown-device"})
    person, thief = provider.add_person(), provider.browser()
    assert thief.log_in(thief.get("")).is_redirect
    thief.submit(thief.get("logout"), "confirm")
    enrolment = totp.begin(provider.services, person, "test")
    with provider.services.db.transaction() as tx:
        code = Phone(enrolment.uri, clock).code
        totp.keep(tx, provider.services, person, enrolment, code, "Phone", lambda *_: None)
    assert is_second_step(thief.log_in(thief.get("")))


# -- text messages are a second factor, too ----------------------------------------------------------------------------


def test_P7_a_stolen_password_puts_no_app_of_the_thiefs_beside_the_codes_by_text_message(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(mail=MAIL, sms={"sender": "webhook", "url": "https://sms.example/"})
    bank = provider.add_client("Bank")
    provider.add_rule(need="second", apps=[bank.id])
    provider.add_person(claims={"phone_number": "+491701234567", "phone_number_verified": True})
    thief = provider.browser()
    assert thief.log_in(thief.get("")).is_redirect
    clock.advance(1)
    page = thief.get("security/totp")
    assert not page.dom.find("img", id="qr")
    page = thief.log_in(page)
    assert is_second_step(page), page.dom.text
    (sms,) = [one for one in collect(provider) if one.message == "sign_in_code"]
    answer = thief.follow(thief.submit(page, code=sms.code))
    assert answer.dom.find("img", id="qr"), answer.dom.text


def test_P7_nor_does_it_change_the_password(open_provider: Callable[..., Provider], clock: Clock) -> None:
    provider = open_provider(
        mail=MAIL, sms={"sender": "webhook", "url": "https://sms.example/"},
        factors={"rules": [{"need": "second", "outside": ["203.0.113.0/24"]}]},
    )  # fmt: skip
    provider.add_person(claims={"phone_number": "+491701234567", "phone_number_verified": True})
    thief = provider.browser()
    assert thief.log_in(thief.get("")).is_redirect
    clock.advance(1)
    assert "current" not in thief.get("password").form.names()


# -- an old session ----------------------------------------------------------------------------------------------------


def step_up(provider: Provider, browser: Browser, app: App) -> Answer:
    page = provider.authorize(browser, app, claims=ESSENTIAL)
    assert is_second_step(page), page.dom.text
    return page


def test_P7_a_second_factor_alone_makes_an_old_sign_in_no_younger(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(factors={"personal": "never"})
    phone, app, browser = enrol(provider, clock), provider.add_client(), provider.browser()
    provider.sign_in(browser, app)
    began = int(clock.now)
    clock.advance(1800)
    answer = browser.submit(step_up(provider, browser, app), code=phone.code)
    import jwt

    token = provider.redeem(app, answer.code).json["id_token"]
    told = jwt.decode(token, options={"verify_signature": False})
    assert (told["acr"], told["auth_time"]) == (MFA, began)
    assert browser.get("security/totp").is_login_page


def test_P7_setting_up_an_app_makes_the_sign_in_no_younger(provider: Provider, browser: Browser, clock: Clock) -> None:
    from tests.phone import set_up

    provider.add_person()
    browser.log_in(browser.get(""))
    clock.advance(290)
    app = provider.add_client()
    asked = provider.authorize(browser, app, prompt="login")
    assert asked.is_login_page
    phone, _ = set_up(browser, clock)
    assert phone.code
    clock.advance(20)
    assert browser.get("security/totp").is_login_page
    # Nor does it answer an application that asked for the password again.
    assert browser.post("login/enrol", {"flow": flow_of(asked)}).is_login_page


def test_S58_a_second_step_that_was_left_open_signs_nobody_in_after_the_sign_out(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(factors={"personal": "never"})
    phone, app, browser = enrol(provider, clock), provider.add_client(), provider.browser()
    provider.sign_in(browser, app)
    page = step_up(provider, browser, app)
    browser.submit(browser.get("logout"), "confirm")
    assert not browser.cookie("session")
    assert browser.submit(page, code=phone.code).is_login_page
    assert not browser.cookie("session")


@pytest.mark.parametrize("path", ["", "accounts"])
def test_L5_resetting_the_browser_leaves_nobody_signed_in(provider: Provider, browser: Browser, path: str) -> None:
    for name in ("ann", "bob"):
        provider.add_person(name)
    browser.log_in(browser.get(""))
    browser.log_in(browser.submit(browser.get("accounts"), "other"), "bob", PASSWORD)
    assert browser.cookie("accounts")
    page = browser.get("help")
    number = next(n for n, form in enumerate(page.dom.forms) if "reset-browser" in form.action)
    browser.submit(page, form=number)
    assert browser.get(path).is_login_page
    assert set(browser.cookies) <= {"__Host-doorward_browser"}
