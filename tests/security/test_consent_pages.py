"""A consent page asks one person about named things; an answer counts for that and nothing else. S61, S44, S47."""

from __future__ import annotations

import json
from typing import Any

import pytest

from idp.accounts.person import Person
from idp.login import consent
from idp.login.browser import sessions
from idp.login.flow import Flow
from idp.wire import Request
from tests.backends import Clock
from tests.provider import Answer, App, Browser, Provider

CLAIMS = {"userinfo": {"groups": None, "phone_number": {"essential": True}}, "id_token": {"roles": None}}


@pytest.fixture
def crm(provider: Provider, ann: Person) -> App:
    """An application that asks people for their consent."""
    return provider.add_client("CRM", consent="explicit", claims_map={"staff_no": "employee_number"})


def consents(provider: Provider) -> list[tuple[str | None, str]]:
    return [(event.person_id, event.detail["scopes"]) for event in provider.events("consent:granted")]


def consent_page(provider: Provider, browser: Browser, app: App, login: str = "ann", **overrides: Any) -> Answer:
    page = provider.authorize(browser, app, **overrides)
    if page.is_login_page:
        page = browser.log_in(page, login)
    assert page.is_consent_page
    return page


def sign_in_meanwhile(provider: Provider, browser: Browser, clock: Clock, login: str) -> None:
    """In another tab of the same browser, at another application."""
    clock.advance(60)
    page = provider.authorize(browser, provider.add_client("Notes"), prompt="login")
    assert browser.log_in(page, login).code


# -- whose answer it is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("press", ["allow", "deny"])
def test_S61_a_page_shown_to_ann_decides_nothing_for_bob_who_signed_in_meanwhile(
    provider: Provider, browser: Browser, crm: App, clock: Clock, press: str
) -> None:
    bob = provider.add_person("bob")
    shown_to_ann = consent_page(provider, browser, crm)
    sign_in_meanwhile(provider, browser, clock, "bob")
    answer = browser.submit(shown_to_ann, press)
    assert consents(provider) == []
    assert answer.is_consent_page  # Bob is asked himself
    assert "Bob Example" in answer.dom.text
    assert browser.submit(answer, "allow").code
    assert [person for person, _ in consents(provider)] == [bob.id]


def test_S61_a_page_shown_to_ann_is_no_way_around_bobs_own_question(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    provider.add_person("bob")
    shown_to_ann = consent_page(provider, browser, crm)
    sign_in_meanwhile(provider, browser, clock, "bob")
    asked_bob = browser.submit(shown_to_ann, "allow")
    # The first page again, after Bob's own has been made: still no answer of his.
    assert browser.submit(shown_to_ann, "allow").is_consent_page
    assert consents(provider) == []
    assert browser.submit(asked_bob, "allow").code


def test_S61_the_same_person_signing_in_again_may_still_answer(
    provider: Provider, browser: Browser, crm: App, ann: Person, clock: Clock
) -> None:
    page = consent_page(provider, browser, crm)
    sign_in_meanwhile(provider, browser, clock, "ann")
    assert browser.submit(page, "allow").code
    assert [person for person, _ in consents(provider)] == [ann.id]


def test_S61_an_answer_after_signing_out_asks_who_it_is(provider: Provider, browser: Browser, crm: App) -> None:
    page = consent_page(provider, browser, crm)
    browser.submit(browser.get("logout"), "confirm")
    answer = browser.submit(page, "allow")
    assert answer.is_login_page
    assert consents(provider) == []


# -- what it is about ------------------------------------------------------------------------------------------------


@pytest.mark.spec("OIDC Core 5.5")
def test_S47_the_consent_page_names_what_the_claims_parameter_asks_for(
    provider: Provider, browser: Browser, crm: App
) -> None:
    plain = consent_page(provider, browser, crm, scope="openid").dom.text
    asked = consent_page(provider, browser, crm, scope="openid", claims=json.dumps(CLAIMS)).dom.text
    mapped = consent_page(provider, browser, crm, scope="openid", claims='{"id_token":{"staff_no":null}}').dom.text
    for text in ("Your groups", "Your phone number", "Your roles"):
        assert text not in plain
        assert text in asked
    assert "Employee number" not in plain
    assert "Employee number" in mapped


@pytest.mark.spec("OIDC Core 5.5")
def test_S47_a_claim_of_the_own_table_is_named_as_the_profile_has_it_in_the_readers_language(
    provider: Provider, browser: Browser, crm: App
) -> None:
    browser.headers["Accept-Language"] = "de"
    german = consent_page(provider, browser, crm, scope="openid", claims='{"id_token":{"staff_no":null}}').dom.text
    assert "Personalnummer" in german
    assert "staff" not in german


@pytest.mark.parametrize(
    "claims", ['{"userinfo":{"groups":null}}', '{"id_token":{"groups":null}}', '{"userinfo":{"staff_no":null}}']
)
def test_S47_a_remembered_consent_does_not_cover_claims_that_it_did_not_name(
    provider: Provider, browser: Browser, crm: App, claims: str
) -> None:
    provider.tokens(crm, browser, scope="openid")
    assert provider.authorize(browser, crm, scope="openid").code  # remembered
    assert provider.authorize(browser, crm, scope="openid", claims=claims, prompt="none").error == "consent_required"
    page = provider.authorize(browser, crm, scope="openid", claims=claims)
    assert page.is_consent_page
    assert browser.submit(page, "deny").error == "access_denied"


def test_S47_once_agreed_to_the_claims_are_given_and_remembered(
    provider: Provider, browser: Browser, crm: App, ann: Person
) -> None:
    claims = '{"userinfo":{"groups":null}}'
    tokens = provider.tokens(crm, browser, scope="openid", claims=claims)
    assert provider.userinfo(tokens["access_token"]).json == {"sub": ann.id, "groups": ["sales"]}
    assert provider.authorize(browser, crm, scope="openid", claims=claims, prompt="none").code
    assert "groups" not in provider.userinfo(provider.tokens(crm, browser, scope="openid")["access_token"]).json


def test_S47_a_claim_that_no_scope_of_the_application_gives_is_neither_named_nor_given(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    small = provider.add_client("Small", consent="explicit", scope="openid email")
    page = consent_page(provider, browser, small, scope="openid", claims='{"userinfo":{"groups":null}}')
    assert "Your groups" not in page.dom.text
    tokens = provider.redeem(small, browser.submit(page, "allow").code).json
    assert provider.userinfo(tokens["access_token"]).json == {"sub": ann.id}


# -- how old it is ---------------------------------------------------------------------------------------------------


@pytest.mark.spec("OIDC Core 3.1.2.1")
@pytest.mark.parametrize(
    ("max_age", "waited", "again"), [(0, 60, False), (0, 301, True), (900, 600, False), (900, 901, True)]
)
def test_S44_a_consent_page_left_open_does_not_make_an_old_proof_young(
    provider: Provider, browser: Browser, crm: App, clock: Clock, max_age: int, waited: int, again: bool
) -> None:
    page = consent_page(provider, browser, crm, max_age=max_age)
    clock.advance(waited)
    answer = browser.submit(page, "allow")
    assert answer.is_login_page is again
    if not again:
        assert answer.code


def test_S61_what_was_taken_back_while_a_page_lay_open_stays_taken_back(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    provider.tokens(crm, browser, scope="openid email groups")
    clock.advance(1)
    page = consent_page(provider, browser, crm, scope="openid phone")
    access = browser.get("access")
    assert browser.submit(access, None, form=_form_of(access, crm)).is_redirect
    clock.advance(1)
    assert browser.submit(page, "allow").code
    assert consents(provider)[-1][1].split() == ["openid", "phone"]
    assert provider.authorize(browser, crm, scope="openid groups").is_consent_page


def test_S61_a_yes_that_races_with_taking_back_keeps_nothing_of_what_was_taken_back(
    provider: Provider, browser: Browser, crm: App, ann: Person
) -> None:
    provider.tokens(crm, browser, scope="openid email groups")
    services, request = provider.services, Request({"REQUEST_METHOD": "POST"})
    looked_at = sessions.get(services, browser.cookie("session").partition(".")[0], crm.id)
    assert looked_at.consent_scopes == {"openid", "email", "groups"}
    assert consent.revoke(services, request, looked_at, crm.id)
    consent.grant(services, request, looked_at, Flow(protocol="oidc", client_id=crm.id, scopes=("openid", "phone")))
    assert consent.given(services, ann.id) == {crm.id: ("openid", "phone")}


def _form_of(access: Answer, app: App) -> int:
    return next(i for i, form in enumerate(access.dom.forms) if dict(form.fields).get("client_id") == app.id)
