"""A passkey is offered right after a sign-in by password, and is never in the way of the application. T2."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts import factors
from idp.accounts.factors import Enrolled, backup_codes
from idp.accounts.own import offers
from idp.accounts.person import Person
from tests.authenticator import BE, BS, MODEL, UP, UV, Authenticator
from tests.backends import Clock
from tests.login.passkeys import ORIGIN, button_of, options_of
from tests.login.second_step import enrol, is_second_step
from tests.portal.test_security import letters
from tests.provider import Answer, App, Browser, Provider

CAN = {"makes_passkeys": "yes"}  # what the sign-in page's script says of the browser
ALONE = {"makes_passkeys": "unasked"}
LOCAL = "http://localhost:8000"
NOBODY = BE | BS  # the flags of a credential that a browser made by itself: nobody was there (WebAuthn level 3 §7.1)


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person("ann", email_verified=True)


@pytest.fixture
def crm(provider: Provider) -> App:
    return provider.add_client()


def is_offer(answer: Answer) -> bool:
    return answer.status == 200 and bool(answer.dom.find("button", id="never"))


def sign_in(provider: Provider, browser: Browser, app: App, can: dict[str, str] = CAN, **asked: Any) -> Answer:
    """By password, in a browser that can make passkeys."""
    return browser.log_in(provider.authorize(browser, app, **asked), **can)


def unasked_options(page: Answer) -> dict[str, Any]:
    return dict(json.loads(button_of(page)["data-unasked"]))


def press(browser: Browser, page: Answer, answer: dict[str, Any], **values: str) -> Answer:
    at = next(n for n, form in enumerate(page.dom.forms) if "/login/offer" in form.action)
    return browser.submit(page, "passkey", form=at, credential=json.dumps(answer), **values)


def answer_offer(browser: Browser, page: Answer, button: str) -> Answer:
    at = next(n for n, form in enumerate(page.dom.forms) if "/login/offer" in form.action)
    return browser.submit(page, button, form=at)


def held(provider: Provider, person: Person) -> tuple[Enrolled, ...]:
    return factors.list_of(provider.services.db, person.id)


def has_code(answer: Answer) -> bool:
    return answer.is_redirect and "code" in answer.sent


# -- the offer and its three answers -----------------------------------------------------------------------------------


def test_T2_a_passkey_is_offered_after_a_password_and_one_press_leads_on(
    provider: Provider, browser: Browser, ann: Person, crm: App
) -> None:
    page = sign_in(provider, browser, crm)
    assert is_offer(page)
    assert "CRM opens right after this" in page.dom.text
    assert has_code(answer_offer(browser, page, "later"))
    assert held(provider, ann) == ()


def test_T2_not_now_holds_for_a_while_and_never_for_ever(
    provider: Provider, browser: Browser, ann: Person, crm: App, clock: Clock
) -> None:
    answer_offer(browser, sign_in(provider, browser, crm), "later")
    clock.advance(29 * 86400)
    assert has_code(sign_in(provider, provider.browser(), crm))
    clock.advance(2 * 86400)
    other = provider.browser()
    page = sign_in(provider, other, crm)
    assert is_offer(page)
    assert has_code(answer_offer(other, page, "never"))
    clock.advance(3000 * 86400)
    assert has_code(sign_in(provider, provider.browser(), crm))  # of the person: in every browser


def test_T2_what_one_person_says_is_said_for_nobody_else(
    provider: Provider, browser: Browser, ann: Person, crm: App
) -> None:
    answer_offer(browser, sign_in(provider, browser, crm), "never")
    provider.add_person("bob")
    other = provider.browser()
    assert is_offer(other.log_in(provider.authorize(other, crm), "bob", **CAN))


def test_T2_a_passkey_is_made_its_person_is_told_and_the_application_goes_on(
    provider: Provider, browser: Browser, ann: Person, crm: App
) -> None:
    device = Authenticator()
    page = sign_in(provider, browser, crm)
    codes = press(browser, page, device.create(options_of(page), ORIGIN))
    assert "Your backup codes" in codes.text  # F5: the first one comes with ten
    assert codes.dom.find("a", href="/login/continue")
    assert has_code(browser.get("login/continue"))
    (made,) = held(provider, ann)
    assert (made.data["discoverable"], made.data["user_verified"]) == (True, True)
    assert backup_codes.left(provider.services.db, ann.id) == 10
    assert [event.detail["label"] for event in provider.events("factor:added")] == [made.label]
    assert provider.events("session:started")[-1].detail["methods"] == ["pwd", "passkey"]


def test_T2_whoever_has_backup_codes_goes_straight_on(
    provider: Provider, browser: Browser, ann: Person, crm: App, clock: Clock
) -> None:
    batch = backup_codes.make(provider.services)
    with provider.services.db.transaction() as tx:
        backup_codes.keep(tx, clock(), ann.id, batch, lambda *_: None)
    page = sign_in(provider, browser, crm)
    assert has_code(press(browser, page, Authenticator().create(options_of(page), ORIGIN)))
    assert "You have a passkey now" in browser.get("").dom.text


def test_T2_the_owner_gets_a_mail_that_says_so_where_nobody_was_asked(
    open_provider: Callable[..., Provider],
) -> None:
    provider = open_provider(server={"issuer": LOCAL})  # a machine of one's own, where mail is kept to be read
    for name, can in (("ann", CAN), ("bob", ALONE)):
        provider.add_person(name, email_verified=True)
        browser = provider.browser()
        page = browser.log_in(browser.get(""), name, **can)
        if can is CAN:
            press(browser, page, Authenticator().create(options_of(page), LOCAL))
        else:
            press(browser, page, Authenticator(flags=NOBODY).create(unasked_options(page), LOCAL), unasked="1")
    told = [text for message, text in letters(provider) if message == "factor_added"]
    assert len(told) == 2
    assert all("This was added to your account" in text and "/not-me/" in text for text in told)
    assert ["Your browser made it by itself" in text for text in sorted(told, key=lambda text: "Bob" in text)] == [
        False, True,
    ]  # fmt: skip


# -- without a question ------------------------------------------------------------------------------------------------


@pytest.mark.spec("WebAuthn3 7.1")
def test_T2_where_the_browser_can_it_is_made_without_a_question(
    provider: Provider, browser: Browser, ann: Person, crm: App
) -> None:
    device = Authenticator(flags=NOBODY)
    page = sign_in(provider, browser, crm, ALONE)
    asked = unasked_options(page)
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] != "required"
    assert has_code(press(browser, page, device.create(asked, ORIGIN), unasked="1"))  # no page in between
    (made,) = held(provider, ann)
    assert made.data["unasked"] is True
    # Nobody was there: the session has shown a password and nothing more.
    assert provider.events("session:started")[-1].detail["methods"] == ["pwd"]
    assert provider.events("factor:added")[-1].detail["unasked"] is True
    assert "You have a passkey now" in browser.get("").dom.text


def test_T2_one_that_nobody_asked_for_signs_in_and_is_asked_for_once_there_are_backup_codes(
    provider: Provider, browser: Browser, ann: Person, crm: App, clock: Clock
) -> None:
    device = Authenticator(flags=NOBODY)
    page = sign_in(provider, browser, crm, ALONE)
    press(browser, page, device.create(unasked_options(page), ORIGIN), unasked="1")
    # Somebody who has not heard of it gets in by the password, elsewhere, as before, and is offered no other.
    assert has_code(sign_in(provider, provider.browser(), crm))
    device.flags |= UP | UV
    elsewhere = provider.browser()
    login = provider.authorize(elsewhere, crm)
    data = login.form.filled(None, {"credential": json.dumps(device.get(options_of(login), ORIGIN))})
    assert has_code(elsewhere.post("login/passkey", data))
    (made,) = held(provider, ann)
    assert made.data["user_verified"] is True
    assert "backup codes" in browser.get("security").dom.text
    batch = backup_codes.make(provider.services)
    with provider.services.db.transaction() as tx:
        backup_codes.keep(tx, clock(), ann.id, batch, lambda *_: None)
    assert "Use your passkey" in sign_in(provider, provider.browser(), crm).dom.text


def test_T2_what_a_browser_made_by_itself_and_does_not_do_is_nobodys_trouble(
    provider: Provider, browser: Browser, ann: Person, crm: App
) -> None:
    page = sign_in(provider, browser, crm, ALONE)
    wrong = Authenticator(flags=NOBODY).create(unasked_options(page), ORIGIN, client={"origin": "https://evil.example"})
    assert has_code(press(browser, page, wrong, unasked="1"))
    assert held(provider, ann) == ()


@pytest.mark.spec("WebAuthn3 7.1")
def test_S66_the_challenge_of_a_press_is_none_for_a_browser_alone_and_the_other_way_round(
    provider: Provider, browser: Browser, ann: Person, crm: App
) -> None:
    page = sign_in(provider, browser, crm, ALONE)
    alone = Authenticator(flags=NOBODY)
    press(browser, page, alone.create(options_of(page), ORIGIN), unasked="1")
    again = provider.browser()
    page = sign_in(provider, again, crm, ALONE)
    refused = press(again, page, alone.create(unasked_options(page), ORIGIN))
    assert "That did not work" in refused.dom.text
    assert "data-unasked" not in button_of(refused)  # whoever is at it by hand is not overtaken
    assert held(provider, ann) == ()


@pytest.mark.parametrize("flags", [NOBODY, UP | BE | BS])
def test_S67_a_press_that_verified_nobody_makes_no_passkey(
    provider: Provider, browser: Browser, ann: Person, crm: App, flags: int
) -> None:
    page = sign_in(provider, browser, crm)
    refused = press(browser, page, Authenticator(flags=flags).create(options_of(page), ORIGIN))
    assert is_offer(refused)
    assert held(provider, ann) == ()
    assert has_code(answer_offer(browser, refused, "later"))


@pytest.mark.parametrize("settings", [{"passkeys": {"offer": "ask"}}, {"passkeys": {"aaguids": [MODEL]}}])
def test_T2_the_operator_can_have_every_one_asked_for(
    open_provider: Callable[..., Provider], settings: dict[str, Any]
) -> None:
    provider = open_provider(**settings)
    provider.add_person("ann")
    page = sign_in(provider, provider.browser(), provider.add_client(), ALONE)
    assert is_offer(page)
    assert "data-unasked" not in button_of(page)


def test_T2_none_is_made_without_a_question_for_whom_a_rule_asks_for_a_second_step(
    open_provider: Callable[..., Provider],
) -> None:
    provider = open_provider(factors={"rules": [{"need": "second", "groups": ["finance"], "apps": ["another"]}]})
    crm = provider.add_client()
    provider.add_person("ann", groups=("finance",))
    provider.add_person("bob")
    ann, bob = provider.browser(), provider.browser()
    assert "data-unasked" not in button_of(ann.log_in(provider.authorize(ann, crm), "ann", **ALONE))
    assert "data-unasked" in button_of(bob.log_in(provider.authorize(bob, crm), "bob", **ALONE))


# -- who never sees it -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [{"prompt": "login"}, {"max_age": "600"}, {"acr_values": "https://refeds.org/profile/mfa"}],
)
def test_T2_an_application_that_asks_for_more_than_a_sign_in_is_not_kept_waiting(
    provider: Provider, browser: Browser, ann: Person, crm: App, asked: dict[str, Any]
) -> None:
    assert not is_offer(sign_in(provider, browser, crm, **asked))


def test_T2_a_silent_request_gets_its_answer_at_once(
    provider: Provider, browser: Browser, ann: Person, crm: App
) -> None:
    sign_in(provider, browser, crm)
    assert has_code(provider.authorize(browser, crm, prompt="none"))
    assert has_code(provider.authorize(browser, crm))  # the offer that was left without an answer keeps nobody


@pytest.mark.parametrize("values", [{}, {"makes_passkeys": ""}, {"makes_passkeys": "1"}, {**CAN, "shared": "1"}])
def test_T2_no_offer_for_browsers_that_cannot_and_on_shared_computers(
    provider: Provider, browser: Browser, ann: Person, crm: App, values: dict[str, str]
) -> None:
    assert has_code(browser.log_in(provider.authorize(browser, crm), **values))


@pytest.mark.parametrize(
    "settings", [{"passkeys": {"offer": "never"}}, {"server": {"issuer": "http://127.0.0.1:8000"}}]
)
def test_T2_no_offer_where_the_operator_wants_none_or_the_host_can_have_none(
    open_provider: Callable[..., Provider], settings: dict[str, Any]
) -> None:
    provider = open_provider(**settings)
    provider.add_person("ann")
    browser = provider.browser()
    login = provider.authorize(browser, provider.add_client())
    assert has_code(browser.log_in(login, **CAN))


def test_T2_no_offer_in_a_fresh_sign_in_for_our_own_pages(
    provider: Provider, browser: Browser, ann: Person, clock: Clock
) -> None:
    browser.log_in(browser.get(""))
    clock.advance(301)
    assert browser.log_in(browser.get("security/passkeys"), **CAN).location == ORIGIN + "/security/passkeys"


def test_T2_whoever_has_a_passkey_is_offered_none_and_whoever_removed_one_is_left_alone(
    provider: Provider, browser: Browser, ann: Person, crm: App
) -> None:
    device = Authenticator(flags=NOBODY)
    page = sign_in(provider, browser, crm, ALONE)
    press(browser, page, device.create(unasked_options(page), ORIGIN), unasked="1")
    assert has_code(sign_in(provider, provider.browser(), crm, ALONE))
    (made,) = held(provider, ann)
    removing = browser.get(f"security/factor/{made.id}")
    at = next(n for n, form in enumerate(removing.dom.forms) if any(b[2] == "remove" for b in form.buttons))
    browser.submit(removing, "remove", form=at)
    assert held(provider, ann) == ()
    assert has_code(sign_in(provider, provider.browser(), crm, ALONE))


# -- a stolen password plants none -------------------------------------------------------------------------------------


def test_T2_it_comes_after_the_second_step_and_not_where_a_device_was_let_off(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(factors={"personal": "unknown-device"})
    phone, crm = enrol(provider, clock), provider.add_client()
    browser = provider.browser()
    second = sign_in(provider, browser, crm, ALONE)
    assert is_second_step(second)
    data = [pair for pair in second.form.filled(None, {"code": phone.code}) if pair[0] != "let_off"]
    page = browser.post("login/factor", data)
    assert is_offer(page)
    assert "data-unasked" not in button_of(page)  # they would be asked for it from now on, without having heard of it
    assert has_code(answer_offer(browser, page, "later"))
    # The device that is let off: its tick is not lost to an offer, nor is a password alone enough for one there.
    clock.advance(31 * 86400)
    second = sign_in(provider, browser := provider.browser(), crm)
    assert has_code(browser.submit(second, code=phone.code, let_off="1"))
    browser.forget("session")
    assert has_code(sign_in(provider, browser, crm))


def test_P7_an_offer_that_lay_open_too_long_makes_nothing_and_leads_on(
    provider: Provider, browser: Browser, ann: Person, crm: App, clock: Clock
) -> None:
    page = sign_in(provider, browser, crm)
    clock.advance(301)
    assert has_code(press(browser, page, Authenticator().create(options_of(page), ORIGIN)))
    assert held(provider, ann) == ()


def test_T2_an_offer_is_worth_nothing_to_another_session(
    provider: Provider, browser: Browser, ann: Person, crm: App
) -> None:
    """Its page is of one browser, and its challenge of one session."""
    page = sign_in(provider, browser, crm)
    provider.add_person("eve")
    eve = provider.browser()
    eve.log_in(eve.get(""), "eve")
    assert "start" in press(eve, page, Authenticator().create(options_of(page), ORIGIN)).dom.text
    browser.post("logout", {"form_key": dict(browser.get("security").dom.forms[0].fields)["form_key"]})
    assert press(browser, page, Authenticator().create(options_of(page), ORIGIN)).is_login_page
    assert held(provider, ann) == ()


def test_T2_who_is_removed_leaves_no_answer_behind(provider: Provider, browser: Browser, ann: Person, crm: App) -> None:
    answer_offer(browser, sign_in(provider, browser, crm), "never")
    assert not offers.is_wanted(provider.services.db, ann.id, 0.0)
    provider.services.directory.remove(ann.id)
    assert offers.is_wanted(provider.services.db, ann.id, 0.0)


def test_n30_the_offer_is_in_the_language_of_its_person(provider: Provider, browser: Browser, crm: App) -> None:
    provider.add_person("ann", claims={"locale": "de"})
    browser.headers["Accept-Language"] = "en"
    assert "Nächstes Mal ohne Passwort?" in sign_in(provider, browser, crm).dom.text


@pytest.mark.spec("OIDC-Core 3.1.2.1")
def test_t2_after_the_offer_consent_and_the_rest_come_as_ever(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    app = provider.add_client("Mail", consent="explicit")
    page = answer_offer(browser, sign_in(provider, browser, app), "later")
    assert page.is_consent_page
    at = next(n for n, form in enumerate(page.dom.forms) if "/login/consent" in form.action)
    assert has_code(browser.submit(page, "allow", form=at))


def test_t2_an_offer_that_is_sent_twice_is_answered_once(
    provider: Provider, browser: Browser, ann: Person, crm: App
) -> None:
    """A double click, or Back and again: the application gets no second answer, and the person no second passkey."""
    page, device = sign_in(provider, browser, crm, ALONE), Authenticator(flags=NOBODY)
    made = device.create(unasked_options(page), ORIGIN)
    assert has_code(press(browser, page, made, unasked="1"))
    assert not press(browser, page, made, unasked="1").is_error_page
    assert len(held(provider, ann)) == 1
