"""prompt, max_age, id_token_hint, login_hint, acr_values, ui_locales, and the consent page. S44, S45, S46, E2, X21."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts.person import Person
from idp.login.authn import SUPPORTED_ACR
from tests.backends import Clock
from tests.oidc.verifying import verified
from tests.provider import PASSWORD, App, Browser, Provider

PASSWORD_CLASS = SUPPORTED_ACR[0]


# -- prompt=none -------------------------------------------------------------------------------------------------------


@pytest.mark.spec("OIDC-Core 3.1.2.6")
@pytest.mark.parametrize("signed_in", [False, True])
@pytest.mark.parametrize(
    ("overrides", "metadata", "error"),
    [
        ({}, {}, ""),
        ({}, {"consent": "explicit"}, "consent_required"),
        ({"max_age": "10"}, {}, "login_required"),
        ({"max_age": "0"}, {}, "login_required"),
        ({"max_age": "10000"}, {}, ""),
        ({}, {"default_max_age": 10}, "login_required"),
        ({"max_age": "10000"}, {"default_max_age": 10}, ""),
        ({"acr_values": "phr"}, {}, ""),
        ({"claims": '{"id_token":{"acr":{"essential":true,"value":"phr"}}}'}, {}, "login_required"),
        ({"ui_locales": "de fr-CA", "claims_locales": "de", "display": "popup"}, {}, ""),
        ({"login_hint": "somebody-else@example.com"}, {}, ""),
        ({"unknown_parameter": "1"}, {}, ""),
    ],
)
def test_S44_prompt_none_never_shows_a_page(
    provider: Provider, browser: Browser, ann: Person, clock: Clock, overrides: dict[str, Any],
    metadata: dict[str, Any], error: str, signed_in: bool,
) -> None:  # fmt: skip
    app = provider.add_client("Tool", **metadata)
    if signed_in:
        provider.sign_in(browser, provider.add_client("First"))
        clock.advance(60)
    answer = provider.authorize(browser, app, prompt="none", **overrides)
    assert answer.is_redirect
    if signed_in:
        assert answer.error == error
        assert bool(error) is not ("code" in answer.sent)
    else:
        assert answer.error in ("login_required", "unmet_authentication_requirements")


@pytest.mark.spec("OIDC-Core 3.1.2.1")
@pytest.mark.parametrize(
    "prompt", ["none login", "none consent", "none select_account", "create", "None", "login,consent"]
)
def test_S44_prompts_that_are_unknown_or_contradict_are_refused(
    provider: Provider, browser: Browser, crm: App, prompt: str
) -> None:
    assert provider.authorize(browser, crm, prompt=prompt).error == "invalid_request"


# -- proof anew --------------------------------------------------------------------------------------------------------


@pytest.mark.spec("OIDC-Core 3.1.2.1")
@pytest.mark.parametrize(
    "overrides", [{"prompt": "login"}, {"max_age": "30"}, {"max_age": "0"}, {"prompt": "login consent"}]
)
def test_S44_prompt_login_and_max_age_ask_for_the_password_again(
    provider: Provider, browser: Browser, crm: App, clock: Clock, overrides: dict[str, str]
) -> None:
    provider.sign_in(browser, crm)
    before, first_at = browser.cookie("session"), int(clock.now)
    clock.advance(60)
    page = provider.authorize(browser, crm, **overrides)
    assert page.is_login_page
    assert "again" in page.dom.text
    clock.advance(5)
    done = browser.log_in(page)
    if done.status == 200:
        done = browser.submit(done, "allow")
    claims = verified(provider, provider.redeem(crm, done.code).json["id_token"], audience=crm.id)
    assert claims["auth_time"] == first_at + 65
    assert browser.cookie("session") != before  # S58, CVE-2024-7341


@pytest.mark.spec("OIDC-Core 3.1.2.1")
def test_S44_an_old_proof_cannot_be_passed_off_for_a_new_one(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    provider.sign_in(browser, crm)
    clock.advance(60)
    page = provider.authorize(browser, crm, prompt="login")
    flow = dict(page.form.fields)["flow"]
    for path, data in (
        ("login/consent", {"decision": "allow"}),
        ("login/account", {"account": browser.cookie("session").partition(".")[0]}),
        ("login", {"login": "ann", "password": ""}),
        ("login", {"login": "ann", "password": "wrong one entirely"}),
    ):
        answer = browser.post(path, {"flow": flow, **data})
        assert "code" not in answer.sent, path


@pytest.mark.parametrize("overrides", [{"prompt": "login"}, {"max_age": "0"}])
def test_S44_X21_cancelling_keeps_the_session_and_its_person(
    provider: Provider, browser: Browser, crm: App, ann: Person, clock: Clock, overrides: dict[str, str]
) -> None:
    provider.sign_in(browser, crm)
    before = browser.cookie("session")
    clock.advance(60)
    cancelled = browser.submit(provider.authorize(browser, crm, **overrides), "cancel")
    assert cancelled.error == "access_denied"
    assert browser.cookie("session") == before
    code = provider.authorize(browser, crm, prompt="none").code
    assert verified(provider, provider.redeem(crm, code).json["id_token"], audience=crm.id)["sub"] == ann.id


def test_S44_X21_somebody_else_signing_in_replaces_the_session_as_a_whole(
    provider: Provider, browser: Browser, crm: App, ann: Person, clock: Clock
) -> None:
    bob = provider.add_person("bob")
    held = provider.tokens(crm, browser)
    anns = dict(browser.cookies)
    clock.advance(60)
    done = browser.log_in(provider.authorize(browser, crm, prompt="login"), "bob")
    claims = verified(provider, provider.redeem(crm, done.code).json["id_token"], audience=crm.id)
    assert claims["sub"] == bob.id
    assert claims["sid"] != anns["__Host-doorward_session"].partition(".")[0]
    assert provider.userinfo(held["access_token"]).status == 401  # ann's session has ended, and with it her tokens
    browser.cookies = anns
    assert provider.authorize(browser, crm, prompt="none").error == "login_required"


# -- who is meant ------------------------------------------------------------------------------------------------------


@pytest.mark.spec("OIDC-Core 3.1.2.1")
def test_S45_a_hint_for_somebody_else_never_returns_whoever_is_signed_in(
    provider: Provider, browser: Browser, crm: App, ann: Person, clock: Clock
) -> None:
    provider.add_person("bob")
    bobs_hint = provider.tokens(crm, login="bob")["id_token"]
    anns_hint = provider.tokens(crm, browser)["id_token"]
    clock.advance(4000)  # hints may be old
    browser.log_in(provider.authorize(browser, crm, prompt="login"))
    clock.advance(10)
    assert provider.authorize(browser, crm, prompt="none", id_token_hint=anns_hint).code
    assert provider.authorize(browser, crm, prompt="none", id_token_hint=bobs_hint).error == "login_required"
    page = provider.authorize(browser, crm, id_token_hint=bobs_hint)
    assert page.is_login_page
    assert browser.log_in(page, "ann").error == "login_required"
    clock.advance(1)
    page = provider.authorize(browser, crm, id_token_hint=bobs_hint)
    clock.advance(1)
    assert browser.log_in(page, "bob").code


def test_S45_n19_a_hint_of_another_application_or_made_up_answers_nobody(
    provider: Provider, browser: Browser, crm: App
) -> None:
    other = provider.add_client("Other")
    foreign = provider.tokens(other, browser)["id_token"]
    assert provider.authorize(browser, crm, id_token_hint=foreign).dom.find("button", name="account")
    head, payload, signature = provider.tokens(crm, browser)["id_token"].split(".")
    for made_up in (
        f"{head}.{payload}.",
        f"{head}.{payload}.{signature[:-4]}AAAA",
        f"{head}.{payload[:-2]}.{signature}",
        "",
        "é",
        "x",
    ):
        answer = provider.authorize(browser, crm, id_token_hint=made_up, prompt="none")
        assert answer.error == ("login_required" if made_up else ""), made_up


#: What applications send where they have no ID token; "cut" and the two after it are made of a true one.
UNUSABLE = ["undefined", "null", "[object Object]", "a.b.c.d.e", "é", " ", "cut", "of another issuer", "access token"]


@pytest.mark.spec("OIDC-Core 3.1.2.1")
@pytest.mark.parametrize("kind", UNUSABLE)
def test_n19_a_hint_that_is_no_id_token_of_ours_is_not_used_and_the_person_is_asked(
    provider: Provider, browser: Browser, crm: App, open_provider: Callable[..., Provider], kind: str
) -> None:
    """A page with an empty storage sends "undefined": nobody could sign in, and silently whoever is there would do."""
    hint = kind
    if kind == "cut":
        hint = provider.tokens(crm)["id_token"][:-20]
    elif kind == "access token":
        hint = provider.tokens(provider.add_client("API", access_token_format="jwt"))["access_token"]
    elif kind == "of another issuer":
        foreign = open_provider(server={"issuer": "https://elsewhere.example"})
        foreign.add_person("ann")
        hint = foreign.tokens(foreign.add_client())["id_token"]
    page = provider.authorize(browser, crm, id_token_hint=hint)
    assert page.is_login_page
    assert browser.log_in(page).code  # who has just said who they are is not asked again
    asked = provider.authorize(browser, crm, id_token_hint=hint)
    (ours,) = asked.dom.find("button", name="account")[:1]
    assert "ann" in asked.dom.text.lower()
    silent = provider.authorize(browser, crm, id_token_hint=hint, prompt="none")
    assert silent.error == "login_required"
    assert "id_token_hint" in silent.sent["error_description"]
    flow = dict(asked.form.fields)["flow"]
    assert browser.post("login/account", {"flow": flow, "account": ours["value"]}).code


def test_n19_a_subject_beside_an_unusable_hint_is_still_the_only_one(
    provider: Provider, browser: Browser, crm: App, ann: Person, clock: Clock
) -> None:
    bob = provider.add_person("bob")
    provider.sign_in(browser, crm)
    clock.advance(5)
    claims = json.dumps({"id_token": {"sub": {"value": bob.id}}})
    page = provider.authorize(browser, crm, id_token_hint="undefined", claims=claims)
    assert page.is_login_page
    assert browser.log_in(page, "ann").error == "login_required"


def test_login_hint_fills_the_name_and_proves_nothing(provider: Provider, browser: Browser, crm: App) -> None:
    page = provider.authorize(browser, crm, login_hint='ann@example.com"><script>')
    assert page.dom.find("input", name="login")[0]["value"] == 'ann@example.com"><script>'
    assert not page.dom.find("script", src="")
    provider.sign_in(browser, crm)
    assert provider.authorize(browser, crm, login_hint="bob").code  # a hint, not a demand


def test_prompt_select_account_offers_the_account_and_another(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    provider.add_person("bob")
    assert provider.authorize(browser, crm, prompt="select_account").is_login_page
    provider.sign_in(browser, crm)
    clock.advance(5)
    page = provider.authorize(browser, crm, prompt="select_account")
    session = browser.cookie("session").partition(".")[0]
    assert session in dict.fromkeys(button[2] for button in page.form.buttons)
    assert browser.submit(page, session).code
    assert "code" not in browser.submit(page, "other").sent
    assert browser.log_in(browser.submit(page, "other"), "bob").code
    assert provider.authorize(browser, crm, prompt="none", login_hint="ann").code


# -- acr ---------------------------------------------------------------------------------------------------------------


@pytest.mark.spec("OIDC-Core 5.5.1.1")
@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ('{"id_token":{"acr":{"essential":true,"value":"phrh"}}}', "unmet_authentication_requirements"),
        ('{"id_token":{"acr":{"essential":true,"values":["phrh","made-up"]}}}', "unmet_authentication_requirements"),
        ('{"id_token":{"acr":{"value":"phr"}}}', ""),
        ('{"id_token":{"acr":null}}', ""),
        ('{"id_token":{"acr":{"essential":true}}}', ""),
        (f'{{"id_token":{{"acr":{{"essential":true,"values":["phr","{PASSWORD_CLASS}"]}}}}}}', ""),
    ],
)  # fmt: skip
def test_an_essential_acr_is_met_or_refused_and_never_claimed(
    provider: Provider, browser: Browser, crm: App, wish: str, error: str
) -> None:
    answer = provider.sign_in(browser, crm, claims=wish)
    assert answer.error == error
    if not error:
        claims = verified(provider, provider.redeem(crm, answer.code).json["id_token"], audience=crm.id)
        asked_for = PASSWORD_CLASS in wish  # then it is the one that is named
        assert claims["acr"] == (PASSWORD_CLASS if asked_for else SUPPORTED_ACR[1])


def test_an_essential_acr_that_can_be_set_up_leads_there(provider: Provider, browser: Browser, crm: App) -> None:
    wish = '{"id_token":{"acr":{"essential":true,"values":["phr","phrh"]}}}'
    page = provider.sign_in(browser, crm, claims=wish)
    assert page.dom.find("a", href="/security/passkeys")
    assert not page.dom.find("button", id="later")


def test_an_essential_acr_is_refused_where_nothing_could_ever_meet_it(open_provider: Callable[..., Provider]) -> None:
    """Passkeys belong to a host name, and here is none."""
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"})
    provider.add_person("ann")
    answer = provider.sign_in(
        provider.browser(), provider.add_client(), claims='{"id_token":{"acr":{"essential":true,"value":"phr"}}}'
    )
    assert answer.error == "unmet_authentication_requirements"


# -- consent -----------------------------------------------------------------------------------------------------------


def test_consent_is_asked_once_remembered_and_asked_again_when_scopes_grow(
    provider: Provider, browser: Browser, ann: Person, clock: Clock
) -> None:
    app = provider.add_client("Tool", consent="explicit")
    page = browser.log_in(provider.authorize(browser, app, scope="openid email"))
    assert page.is_consent_page
    assert "Tool" in page.dom.text
    assert browser.submit(page, "allow").code
    clock.advance(5)
    assert provider.authorize(browser, app, scope="openid email").code
    assert provider.authorize(browser, app, scope="email").code
    grown = provider.authorize(browser, app, scope="openid email groups")
    assert grown.is_consent_page
    assert "asks for more" in grown.dom.text
    assert browser.submit(grown, "allow").code
    assert provider.authorize(browser, app, scope="openid email groups", prompt="none").code
    assert provider.authorize(provider.browser(), app, scope="openid").is_login_page
    granted = provider.events("consent:granted")
    assert [event.person_id for event in granted] == [ann.id, ann.id]


def test_denying_consent_goes_to_the_application_and_is_not_remembered(
    provider: Provider, browser: Browser, ann: Person, clock: Clock
) -> None:
    app = provider.add_client("Tool", consent="explicit")
    denied = browser.submit(browser.log_in(provider.authorize(browser, app, state="s1")), "deny")
    assert (denied.error, denied.sent["state"], denied.sent["iss"]) == ("access_denied", "s1", provider.issuer)
    assert provider.authorize(browser, app).is_consent_page
    for decision in ("", "yes", "ALLOW", "true"):
        page = provider.authorize(browser, app)
        answer = browser.post("login/consent", {"flow": dict(page.form.fields)["flow"], "decision": decision})
        assert "code" not in answer.sent
    assert provider.events("client:refused")


@pytest.mark.spec("OIDC-Core 3.1.2.1")
def test_prompt_consent_asks_even_where_it_is_remembered_or_implicit(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    provider.sign_in(browser, crm)
    for _ in range(2):
        clock.advance(5)
        page = provider.authorize(browser, crm, prompt="consent")
        assert page.is_consent_page
        assert browser.submit(page, "allow").code
    clock.advance(5)
    assert provider.authorize(browser, crm).code


def test_consent_given_to_one_application_says_nothing_of_another(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    first, second = (provider.add_client(name, consent="explicit") for name in ("One", "Two"))
    provider.sign_in(browser, first)
    assert provider.authorize(browser, second).is_consent_page


def test_native_apps_ask_by_themselves(provider: Provider, browser: Browser, ann: Person) -> None:
    app = provider.add_client("Phone", "native", redirect_uris=["com.example.phone:/cb"])
    page = browser.log_in(provider.authorize(browser, app))
    assert page.is_consent_page
    done = browser.submit(page, "allow")
    assert done.location.startswith("com.example.phone:/cb?code=")


def test_not_you_on_the_consent_page_lets_somebody_else_sign_in(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    bob = provider.add_person("bob")
    app = provider.add_client("Tool", consent="explicit")
    page = browser.log_in(provider.authorize(browser, app))
    again = browser.submit(page, "switch")
    assert again.is_login_page
    asked = browser.log_in(again, "bob", PASSWORD)
    assert asked.is_consent_page
    code = browser.submit(asked, "allow").code
    assert verified(provider, provider.redeem(app, code).json["id_token"], audience=app.id)["sub"] == bob.id


@pytest.mark.spec("OIDC-Core 11")
@pytest.mark.parametrize(
    ("grants", "kept"), [(["authorization_code"], False), (["authorization_code", "refresh_token"], True)]
)
def test_S46_offline_access_only_on_its_basis(
    provider: Provider, browser: Browser, ann: Person, grants: list[str], kept: bool
) -> None:
    app = provider.add_client("Tool", grant_types=grants, consent="explicit")
    page = browser.log_in(provider.authorize(browser, app, scope="openid offline_access"))
    assert ("Stay connected" in page.dom.text) is kept  # the page names it
    tokens = provider.redeem(app, browser.submit(page, "allow").code).json
    assert ("offline_access" in tokens["scope"].split()) is kept
    assert ("refresh_token" in tokens) is kept


@pytest.mark.spec("OIDC-Core 11")
def test_S46_without_a_basis_offline_access_is_ignored(provider: Provider, browser: Browser, crm: App) -> None:
    """Neither a page that named it, nor an admin who wrote it into the registration."""
    answer = provider.sign_in(browser, crm, scope="openid offline_access")
    assert provider.redeem(crm, answer.code).json["scope"] == "openid"
    asked = provider.authorize(browser, crm, scope="openid offline_access", prompt="consent")
    assert "Stay connected" in asked.dom.text
    tokens = provider.redeem(crm, browser.submit(asked, "allow").code).json
    assert tokens["scope"] == "openid offline_access"
    trusted = provider.add_client("Sync", scope="openid offline_access")
    assert provider.tokens(trusted, browser, scope="openid offline_access")["scope"] == "openid offline_access"


def test_access_rules_are_told_to_the_application(provider: Provider, browser: Browser, ann: Person) -> None:
    from clients.access import Access

    app = provider.add_client("Board", access=Access.only(groups=["board"]))
    page = provider.sign_in(browser, app)
    assert "No access to Board yet" in page.dom.text
    assert browser.submit(page, "back").error == "access_denied"
    provider.services.directory.add_to_group(ann.id, "board")
    assert provider.authorize(browser, app).code
