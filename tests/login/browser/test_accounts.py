"""A9: several people in one browser, an account chooser, and one sign-out that ends them all."""

from __future__ import annotations

import pytest

from idp.login.browser import sessions
from tests.backends import Clock
from tests.provider import Answer, App, Browser, Provider


@pytest.fixture
def two(provider: Provider, browser: Browser) -> Browser:
    """Ann signed in, then Bob beside her."""
    provider.add_person("ann")
    provider.add_person("bob")
    browser.log_in(browser.get(""))
    login = browser.submit(browser.get("accounts"), "other")
    assert login.is_login_page
    assert browser.follow(browser.log_in(login, "bob")).status == 200
    return browser


def ann(provider: Provider) -> str:
    """Her id."""
    found = provider.services.directory.find_by_login("ann")
    assert found is not None
    return found.id


def subject(provider: Provider, app: App, answer: Answer) -> str:
    """Whom the application is told."""
    tokens = provider.redeem(app, answer.code).json
    return str(provider.userinfo(tokens["access_token"]).json["sub"])


def whose(browser: Browser) -> str:
    """Who is at the front."""
    text = browser.get("").dom.text
    return next((name.lower() for name in ("Ann", "Bob") if f"Hello, {name} Example" in text), "")


def pick(browser: Browser, name: str) -> str:
    """The value of that account's button."""
    page = browser.get("accounts")
    rows = page.text.split('name="account" value="')[1:]
    return next(row.split('"')[0] for row in rows if name in row.split("</button>")[0])


def test_A9_another_account_is_added_and_both_are_offered(two: Browser) -> None:
    assert whose(two) == "bob"
    text = two.get("accounts").dom.text
    assert "ann" in text
    assert "bob" in text


def test_A9_choosing_an_account_brings_it_to_the_front_and_keeps_the_other(two: Browser) -> None:
    page = two.get("accounts")
    two.follow(two.submit(page, pick(two, "ann")))
    assert whose(two) == "ann"
    two.follow(two.submit(two.get("accounts"), pick(two, "bob")))
    assert whose(two) == "bob"


@pytest.mark.spec("OIDC-Core 3.1.2.1")
def test_A9_prompt_select_account_answers_for_the_chosen_one(provider: Provider, two: Browser) -> None:
    app = provider.add_client("CRM")
    page = provider.authorize(two, app, prompt="select_account")
    answer = two.submit(page, pick(two, "ann"))
    assert subject(provider, app, answer) == ann(provider)


@pytest.mark.spec("OIDC-Core 3.1.2.1")
def test_A9_a_hint_finds_the_session_that_is_not_at_the_front(provider: Provider, two: Browser) -> None:
    app = provider.add_client("CRM")
    page = provider.authorize(two, app, prompt="select_account")
    hint = provider.redeem(app, two.submit(page, pick(two, "ann")).code).json["id_token"]
    two.follow(two.submit(two.get("accounts"), pick(two, "bob")))
    again = provider.authorize(two, app, prompt="none", id_token_hint=hint)
    assert subject(provider, app, again) == ann(provider)


def test_A9_whoever_signs_in_without_asking_for_a_second_account_takes_the_place(
    provider: Provider, browser: Browser, clock: Clock
) -> None:
    provider.add_person("ann")
    provider.add_person("bob")
    app = provider.add_client("CRM")
    browser.log_in(browser.get(""))
    clock.advance(60)
    browser.log_in(provider.authorize(browser, app, prompt="login"), "bob")
    assert "ann" not in browser.get("accounts").dom.text
    assert not browser.cookie("accounts")


def test_A9_signing_out_ends_everybody(provider: Provider, two: Browser) -> None:
    front, aside = two.cookie("session"), two.cookie("accounts")
    two.submit(two.get("logout"), "confirm")
    assert not two.cookie("session")
    assert not two.cookie("accounts")
    name = next(iter(line.split("=")[0] for line in two.set_cookies if "session=" in line))
    for value in (front,):
        two.cookies[name] = value
        two.cookies[name.replace("session", "accounts")] = aside
        assert two.get("").is_login_page


def test_A9_signing_out_ends_whoever_was_set_aside_for_too_long_as_well(
    provider: Provider, two: Browser, clock: Clock
) -> None:
    """Idle is not ended: what that session issued is still alive."""
    clock.advance(3500)
    two.get("")
    clock.advance(200)
    assert "ann" not in two.get("accounts").dom.text
    two.submit(two.get("logout"), "confirm")
    assert sessions.open_of(provider.services, ann(provider)) == ()


def test_A9_signing_out_with_nobody_at_the_front_ends_the_others(provider: Provider, two: Browser) -> None:
    two.forget("session")
    two.submit(two.get("logout"), "confirm")
    assert not two.cookie("accounts")
    assert sessions.open_of(provider.services, ann(provider)) == ()


@pytest.mark.spec("RPI 2")
def test_A9_S51_a_hint_signs_out_the_one_that_it_names_and_nobody_else(provider: Provider, two: Browser) -> None:
    app = provider.add_client("CRM")
    two.follow(two.submit(two.get("accounts"), pick(two, "ann")))
    hint = provider.tokens(app, two)["id_token"]
    two.follow(two.submit(two.get("accounts"), pick(two, "bob")))
    two.get(f"oauth/logout?id_token_hint={hint}")
    assert sessions.open_of(provider.services, ann(provider)) == ()
    assert whose(two) == "bob"


@pytest.mark.spec("RPI 2")
def test_A9_S51_an_application_cannot_sign_out_unasked_who_is_not_at_the_front(
    provider: Provider, two: Browser
) -> None:
    app = provider.add_client("CRM")
    two.forget("session")
    page = two.get(f"oauth/logout?client_id={app.id}")
    assert "Ann Example" in page.dom.text
    assert sessions.open_of(provider.services, ann(provider))
    two.submit(page, "confirm")
    assert sessions.open_of(provider.services, ann(provider)) == ()


@pytest.mark.spec("OIDC-Core 3.1.2.1")
def test_A9_somebody_who_is_not_at_the_front_can_agree(provider: Provider, two: Browser) -> None:
    app = provider.add_client("Desk", consent="explicit")
    two.follow(two.submit(two.get("accounts"), pick(two, "ann")))
    hint = provider.redeem(app, provider.sign_in(two, app, scope="openid").code).json["id_token"]
    two.follow(two.submit(two.get("accounts"), pick(two, "bob")))
    page = provider.authorize(two, app, id_token_hint=hint)
    assert page.is_consent_page
    assert subject(provider, app, two.submit(page, "allow")) == ann(provider)
    assert whose(two) == "bob"


def test_A9_whoever_proves_it_again_from_aside_changes_places(provider: Provider, two: Browser, clock: Clock) -> None:
    app = provider.add_client("CRM")
    clock.advance(1)
    two.log_in(provider.authorize(two, app, prompt="login"), "ann")
    assert whose(two) == "ann"
    two.follow(two.submit(two.get("accounts"), pick(two, "bob")))
    assert whose(two) == "bob"


def test_A9_the_same_person_again_goes_on_in_the_session_they_had(provider: Provider, two: Browser) -> None:
    before = [one.id for one in sessions.open_of(provider.services, ann(provider))]
    login = two.submit(two.get("accounts"), "other")
    two.log_in(login, "ann")
    assert [one.id for one in sessions.open_of(provider.services, ann(provider))] == before
    assert whose(two) == "ann"


def test_A9_a_chooser_without_anybody_at_the_front(provider: Provider, two: Browser) -> None:
    two.forget("session")
    page = two.get("")
    assert "Choose an account" in page.dom.text
    two.follow(two.submit(page, pick(two, "ann")))
    assert whose(two) == "ann"


def test_X27_a_made_up_list_of_accounts_is_nobody(provider: Provider, two: Browser) -> None:
    name = next(name for name in two.cookies if name.endswith("accounts"))
    two.cookies[name] = two.cookies[name][:-4] + "AAAA"
    assert "ann" not in two.get("accounts").dom.text


def test_A9_an_account_that_was_disabled_is_not_offered(provider: Provider, two: Browser) -> None:
    provider.services.directory.disable(ann(provider))
    assert "ann" not in two.get("accounts").dom.text
