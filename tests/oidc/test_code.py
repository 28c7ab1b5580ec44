"""The authorization code: PKCE, one use, one client, one minute. S4–S7, S17, S25, X22, X28, RFC 7636."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest

from tests.backends import Clock
from tests.oidc.consents import take_consent_back
from tests.provider import VERIFIER, App, Browser, Provider, challenge_of


def test_a_code_becomes_tokens(provider: Provider, browser: Browser, crm: App) -> None:
    answer = provider.redeem(crm, provider.sign_in(browser, crm).code)
    assert answer.status == 200
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"}
    assert answer.json["token_type"] == "Bearer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"


@pytest.mark.spec("RFC9700 2.1.1")
@pytest.mark.parametrize("profile", ["web", "spa", "native"])
def test_S4_pkce_is_required_for_everyone_but_legacy_clients(provider: Provider, crm: App, profile: str) -> None:
    app = provider.add_client("App", profile, redirect_uris=["https://app.example/cb"])
    answer = provider.authorize(provider.browser(), app, code_challenge=None, code_challenge_method=None)
    assert answer.error == "invalid_request"
    assert "PKCE" in answer.sent["error_description"]


def test_S4_legacy_clients_may_do_without_and_may_do_with(provider: Provider, crm: App) -> None:
    old = provider.add_client("Old", "legacy")
    bare = provider.sign_in(provider.browser(), old, code_challenge=None, code_challenge_method=None)
    assert provider.redeem(old, bare.code, code_verifier=None).status == 200
    assert provider.redeem(old, provider.sign_in(provider.browser(), old).code).status == 200


@pytest.mark.spec("RFC7636 4.3")
@pytest.mark.parametrize(
    ("overrides", "accepted"),
    [
        ({}, True),
        ({"code_challenge_method": "plain"}, False),
        ({"code_challenge_method": None}, False),  # §4.3: missing means plain
        ({"code_challenge_method": ""}, False),
        ({"code_challenge_method": "s256"}, False),
        ({"code_challenge_method": "S512"}, False),
        ({"code_challenge": None}, False),
        ({"code_challenge": ""}, False),
        ({"code_challenge": "x" * 42}, False),
        ({"code_challenge": "x" * 129}, False),
        ({"code_challenge": "x" * 42 + "="}, False),
        ({"code_challenge": "é" * 43}, False),
        ({"code_challenge": ["x" * 43, "y" * 43]}, False),
    ],
)
def test_S5_S25_only_S256_challenges_in_their_form_are_taken(
    provider: Provider, browser: Browser, crm: App, overrides: dict[str, Any], accepted: bool
) -> None:
    for app in (crm, provider.add_client("Old", "legacy")):
        answer = provider.authorize(provider.browser(), app, **overrides)
        if app is not crm and overrides == {"code_challenge": None}:
            assert answer.error == "invalid_request"  # a method without a challenge is no way round
        assert answer.is_login_page is accepted
        assert (answer.error == "invalid_request") is not accepted


@pytest.mark.spec("RFC7636 4.6")
@pytest.mark.spec("RFC9700 4.8.2")
@pytest.mark.parametrize("challenged", [True, False], ids=["challenge", "no-challenge"])
@pytest.mark.parametrize(
    "verifier",
    [None, "", VERIFIER, challenge_of(), VERIFIER + "x", "x" * 42, "x" * 129, "é" * 43, VERIFIER[:-1] + " ", "x" * 43],
    ids=["absent", "empty", "right", "the-challenge", "longer", "too-short", "too-long", "not-ascii", "space", "other"],
)
def test_S5_S25_X22_verifier_and_challenge_only_come_together(
    provider: Provider, crm: App, challenged: bool, verifier: str | None
) -> None:
    app = provider.add_client("Old", "legacy")
    without: dict[str, Any] = {} if challenged else {"code_challenge": None, "code_challenge_method": None}
    answer = provider.redeem(app, provider.sign_in(provider.browser(), app, **without).code, code_verifier=verifier)
    fits = verifier == VERIFIER if challenged else not verifier
    assert (answer.status, answer.error) == ((200, "") if fits else (400, "invalid_grant"))


@pytest.mark.spec("RFC6749 4.1.2")
def test_S6_a_second_use_fails_and_revokes_what_the_first_gave(provider: Provider, browser: Browser, crm: App) -> None:
    code = provider.sign_in(browser, crm).code
    first = provider.redeem(crm, code).json
    assert provider.userinfo(first["access_token"]).status == 200
    again = provider.redeem(crm, code)
    assert (again.status, again.error) == (400, "invalid_grant")
    assert provider.userinfo(first["access_token"]).status == 401
    assert provider.introspect(crm, first["access_token"]) == {"active": False}
    assert provider.refresh(crm, first["refresh_token"]).error == "invalid_grant"
    (event,) = provider.events("tokens:revoked")
    assert "twice" in event.detail["why"]


@pytest.mark.parametrize("later", [61, 3000])
def test_S6_a_second_use_long_after_still_revokes(
    provider: Provider, browser: Browser, crm: App, clock: Clock, later: float
) -> None:
    code = provider.sign_in(browser, crm).code
    first = provider.redeem(crm, code).json
    clock.advance(later)
    provider.services.state.sweep()
    assert provider.redeem(crm, code).error == "invalid_grant"
    assert provider.refresh(crm, first["refresh_token"]).error == "invalid_grant"


def test_S6_a_made_up_second_use_revokes_nothing(provider: Provider, browser: Browser, crm: App) -> None:
    code = provider.sign_in(browser, crm).code
    first = provider.redeem(crm, code).json
    head, _, secret = code.partition(".")
    other = provider.add_client("Other")
    for app, value in ((crm, f"{head}.{'A' * len(secret)}"), (other, code), (crm, head), (crm, head + "."), (crm, "")):
        assert provider.redeem(app, value).status == 400
    assert provider.userinfo(first["access_token"]).status == 200


@pytest.mark.spec("RFC6749 4.1.2")
def test_S6_a_code_lives_a_minute(provider: Provider, browser: Browser, crm: App, clock: Clock) -> None:
    early, late = provider.sign_in(browser, crm).code, provider.sign_in(browser, crm).code
    clock.advance(59)
    assert provider.redeem(crm, early).status == 200
    clock.advance(1)
    assert provider.redeem(crm, late).error == "invalid_grant"
    assert provider.services.settings.tokens.code <= 60


@pytest.mark.spec("RFC6749 4.1.3")
def test_S7_X28_a_code_is_of_no_use_to_another_client(provider: Provider, browser: Browser, crm: App) -> None:
    thief = provider.add_client("Thief", redirect_uris=[crm.redirect_uri])
    public = provider.add_client("Spa", "spa", redirect_uris=[crm.redirect_uri])
    code = provider.sign_in(browser, crm).code
    assert provider.redeem(thief, code).error == "invalid_grant"
    assert provider.redeem(public, code).error == "invalid_grant"
    assert provider.redeem(crm, code).status == 200  # and trying it has not used it up


@pytest.mark.spec("RFC6749 4.1.3")
@pytest.mark.parametrize(
    "uri", [None, "", "https://crm.example/other", "https://crm.example/cb/", "https://crm.example/CB"]
)
def test_S7_a_code_is_bound_to_its_redirect_uri(
    provider: Provider, browser: Browser, ann: Any, uri: str | None
) -> None:
    crm = provider.add_client("CRM", redirect_uris=["https://crm.example/cb", "https://crm.example/other"])
    answer = provider.redeem(crm, provider.sign_in(browser, crm).code, redirect_uri=uri)
    assert answer.status == 400
    assert answer.error in ("invalid_grant", "invalid_request")
    assert "access_token" not in answer.json


@pytest.mark.parametrize("scope", ["openid", "openid offline_access"])
def test_S7_a_code_dies_with_the_session_that_it_came_from(
    provider: Provider, browser: Browser, crm: App, scope: str
) -> None:
    code = provider.sign_in(browser, crm, scope=scope).code
    signed_out = browser.submit(browser.get("logout"), "confirm")
    assert signed_out.status == 200
    assert provider.redeem(crm, code).error == "invalid_grant"


def test_X29_a_code_dies_when_the_consent_is_taken_back(
    provider: Provider, browser: Browser, ann: Any, clock: Clock
) -> None:
    app = provider.add_client("Tool", consent="explicit")
    code = provider.sign_in(browser, app).code
    clock.advance(5)
    take_consent_back(provider, browser, app)
    clock.advance(5)
    assert provider.redeem(app, code).error == "invalid_grant"


def test_X29_a_code_from_before_its_client_was_disabled_stays_dead(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    code = provider.sign_in(browser, crm).code
    clock.advance(5)
    provider.services.registry.disable(crm.id)
    clock.advance(5)
    provider.services.registry.enable(crm.id)
    assert provider.redeem(crm, code).error == "invalid_grant"


def test_S17_codes_and_tokens_have_more_than_128_random_bits(provider: Provider, browser: Browser, crm: App) -> None:
    tokens = provider.tokens(crm, browser, scope="openid offline_access")
    values = [
        provider.sign_in(browser, crm).code,
        tokens["access_token"],
        tokens["refresh_token"],
        browser.cookie("session"),
    ]
    for value in values:
        secret = value.rpartition(".")[2][:43]  # 256 bits; behind them a session has the mark of its id
        assert len(urlsplit_bytes(secret)) >= 32
    again = provider.tokens(crm, browser)
    assert {tokens["access_token"], tokens["refresh_token"]}.isdisjoint(again.values())


def urlsplit_bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_X27_no_page_ever_shows_a_code_and_no_answer_but_the_token_endpoints_a_token(
    provider: Provider, browser: Browser, crm: App
) -> None:
    answer = provider.sign_in(browser, crm)
    assert answer.body == b""
    tokens = provider.redeem(crm, answer.code).json
    browser.get("")
    browser.get("oauth/authorize?client_id=nobody")
    secrets = [answer.code, tokens["access_token"], tokens["refresh_token"]]
    for seen in browser.answers:
        assert not [secret for secret in secrets if secret.encode() in seen.body], seen.url
    shown = json.dumps(provider.introspect(crm, tokens["access_token"]))
    assert not [secret for secret in secrets if secret in shown]
