"""Defaults that real clients force (requirements/oidc.md), line by line."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from idp.accounts.person import Person
from tests.provider import App, Browser, Provider


def test_a_client_that_says_nothing_gets_RS256(provider: Provider, crm: App) -> None:
    assert jwt.get_unverified_header(provider.tokens(crm)["id_token"])["alg"] == "RS256"


def test_a_client_that_says_nothing_may_use_basic_or_post(provider: Provider, crm: App) -> None:
    form = {"client_id": crm.id, "client_secret": crm.secret, "token": "x"}
    assert provider.post("oauth/revoke", None, form).status == 200
    assert provider.post("oauth/revoke", crm, {"token": "x"}).status == 200


@pytest.mark.parametrize("verified", [True, False])
def test_email_verified_is_a_json_boolean(provider: Provider, verified: bool) -> None:
    provider.add_person(email_verified=verified)
    answer = provider.userinfo(provider.tokens(provider.add_client())["access_token"])
    assert answer.json["email_verified"] is verified
    assert f'"email_verified":{str(verified).lower()}' in answer.text


def test_the_issuer_has_no_trailing_slash_and_is_byte_equal_everywhere(provider: Provider, crm: App) -> None:
    issuer, browser = "https://login.example", provider.browser()
    answer = provider.sign_in(browser, crm)
    tokens = provider.redeem(crm, answer.code).json
    seen = {
        browser.get(".well-known/openid-configuration").json["issuer"],
        browser.get(".well-known/oauth-authorization-server").json["issuer"],
        answer.sent["iss"], jwt.decode(tokens["id_token"], options={"verify_signature": False})["iss"],
        provider.introspect(crm, tokens["access_token"])["iss"], provider.authorize(browser, crm, prompt="none",
        max_age="0", scope="x").sent["iss"],
    }  # fmt: skip
    assert seen == {issuer}


def test_token_type_is_exactly_bearer(provider: Provider, crm: App) -> None:
    tokens = provider.tokens(crm)
    assert tokens["token_type"] == "Bearer"
    assert provider.refresh(crm, tokens["refresh_token"]).json["token_type"] == "Bearer"
    assert isinstance(tokens["expires_in"], int)


def test_userinfo_is_json_unless_registered(provider: Provider, crm: App) -> None:
    assert provider.userinfo(provider.tokens(crm)["access_token"]).headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(("state", "nonce"), [("abcdef", "123456"), ("s", "n"), (None, None)])
def test_short_states_and_nonces_are_taken(
    provider: Provider, browser: Browser, crm: App, state: str | None, nonce: str | None
) -> None:
    answer = provider.sign_in(browser, crm, state=state, nonce=nonce)
    assert answer.sent.get("state") == state
    claims = jwt.decode(provider.redeem(crm, answer.code).json["id_token"], options={"verify_signature": False})
    assert claims.get("nonce") == nonce


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_urls_of_8_kB_are_taken(provider: Provider, browser: Browser, crm: App, method: str) -> None:
    overrides: dict[str, Any] = {"state": "s" * 3900, "nonce": "n" * 3900}
    answer = provider.authorize(browser, crm, method=method, **overrides)
    if method == "POST":  # too long for a URL of ours: once more from here, by a form
        answer = browser.submit(answer)
    done = browser.log_in(answer)
    assert done.sent["state"] == overrides["state"]
    assert provider.redeem(crm, done.code).status == 200


def test_a_logout_url_with_client_id_and_no_hint_asks_and_then_returns(
    provider: Provider, browser: Browser, crm: App
) -> None:
    provider.sign_in(browser, crm)
    page = browser.get(f"oauth/logout?client_id={crm.id}&post_logout_redirect_uri=https%3A%2F%2Fcrm.example%2Fbye")
    assert browser.submit(page, "confirm").location == "https://crm.example/bye"


def test_popups_keep_their_opener(provider: Provider, browser: Browser, crm: App) -> None:
    for page in (provider.authorize(browser, crm), browser.get("help"), browser.get("oauth/authorize")):
        assert page.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"


@pytest.mark.parametrize("groups", [(), ("sales",), ("sales", "support")])
def test_groups_are_an_array(provider: Provider, groups: tuple[str, ...]) -> None:
    provider.add_person(groups=groups)
    app = provider.add_client("App", id_token_claims=True)
    tokens = provider.tokens(app, scope="openid groups")
    assert provider.userinfo(tokens["access_token"]).json["groups"] == list(groups)
    assert jwt.decode(tokens["id_token"], options={"verify_signature": False})["groups"] == list(groups)


def test_a_plus_in_a_query_is_a_space_and_crosses_the_login_page(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    app = provider.add_client("App", redirect_uris=["https://app.example/cb?tenant=a%20b&x=1"])
    answer = provider.sign_in(browser, app, state="a+b c%2B")
    assert answer.location.startswith("https://app.example/cb?tenant=a%20b&x=1&code=")
    assert answer.sent["state"] == "a+b c%2B"
    assert provider.redeem(app, answer.code).status == 200
