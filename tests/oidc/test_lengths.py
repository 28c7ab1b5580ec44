"""What we issue ourselves, and whatever fits into the 8 kB that we promise, comes back to us. N18."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any
from urllib.parse import urlencode

import pytest

from idp.accounts.person import Person
from tests.oidc.verifying import verified
from tests.provider import Answer, App, Browser, Provider

BYE = "https://crm.example/bye"
WISH = json.dumps({"id_token": {"groups": None}})


def member_of(provider: Provider, many: int) -> None:
    provider.add_person("mia", groups=tuple(f"department-{n:03}-region-emea-team" for n in range(many)))


@pytest.mark.spec("OIDC-Core 3.1.2.1")
@pytest.mark.parametrize("registered", [True, False])
def test_n18_our_own_id_token_of_a_hundred_groups_is_taken_as_a_hint(
    provider: Provider, browser: Browser, registered: bool
) -> None:
    member_of(provider, 100)
    app = provider.add_client("CRM", id_token_claims=registered, post_logout_redirect_uris=[BYE])
    asked = {"scope": "openid groups", **({} if registered else {"claims": WISH})}
    hint = provider.tokens(app, browser, "mia", **asked)["id_token"]
    assert len(hint) > 5000
    assert provider.authorize(browser, app, prompt="none", id_token_hint=hint).code
    ended = browser.get("oauth/logout?" + urlencode({"id_token_hint": hint, "post_logout_redirect_uri": BYE}))
    assert ended.location == BYE
    assert provider.authorize(browser, app, prompt="none", id_token_hint=hint).error == "login_required"


def cross_site(browser: Browser, path: str, pairs: Any) -> Answer:
    """A form of the application's page: without our Lax cookies at first, and with them once it comes from here."""
    answer = browser.open("POST", path, dict(pairs), cookies=False)
    if answer.status == 200 and answer.dom.find("form", id="auto-post"):
        answer = browser.submit(answer)
    return browser.follow(answer) if answer.location.startswith(browser.issuer) else answer


@pytest.mark.parametrize("many", [50, 100, 400])
def test_n18_a_hint_that_fits_no_url_is_posted(provider: Provider, browser: Browser, many: int) -> None:
    member_of(provider, many)
    app = provider.add_client("CRM", id_token_claims=True, post_logout_redirect_uris=[BYE])
    hint = provider.tokens(app, browser, "mia", scope="openid groups")["id_token"]
    pairs = provider.request(app, prompt="none", id_token_hint=hint)
    assert cross_site(browser, "oauth/authorize", pairs).code
    params = {"id_token_hint": hint, "post_logout_redirect_uri": BYE, "state": "s", "client_id": app.id}
    assert cross_site(browser, "oauth/logout", params).location == BYE + "?state=s"


def test_n18_who_has_no_cookie_is_not_sent_round_in_a_circle(provider: Provider, crm: App) -> None:
    stranger, pairs = provider.browser(), provider.request(crm, state="s" * 9000)
    again = stranger.open("POST", "oauth/authorize", dict(pairs), cookies=False)
    stranger.cookies.clear()
    page = stranger.submit(again)
    assert page.is_login_page
    assert stranger.log_in(page).sent["state"] == "s" * 9000


@pytest.mark.parametrize("name", ["state", "nonce", "login_hint", "ui_locales", "made_up", "claims"])
def test_n18_whatever_fits_into_a_url_is_taken_and_given_back(
    provider: Provider, browser: Browser, crm: App, name: str
) -> None:
    value = json.dumps({"userinfo": {"x" * 7000: None}}) if name == "claims" else "v" * 7000
    answer = provider.sign_in(browser, crm, **{name: value})
    assert answer.sent["state"] == (value if name == "state" else "st 8")
    claims = verified(provider, provider.redeem(crm, answer.code).json["id_token"], audience=crm.id)
    assert claims["nonce"] == (value if name == "nonce" else "n-1")


@pytest.mark.parametrize("letter", ["é", "日", "\U0001f600", "%", " "])
def test_n18_a_state_beyond_ascii_as_long_as_a_url_carries_it(
    provider: Provider, browser: Browser, crm: App, letter: str
) -> None:
    state = letter * (7000 // len(urlencode({"": letter})[1:]))
    assert provider.sign_in(browser, crm, state=state).sent["state"] == state


def test_n18_what_we_cannot_keep_is_told_with_its_name(provider: Provider, browser: Browser, crm: App) -> None:
    for name, size, fits in (("state", 30_000, True), ("state", 33_000, False), ("made_up", 33_000, False)):
        answer = cross_site(browser, "oauth/authorize", provider.request(crm, **{name: "v" * size}))
        if fits or name == "made_up":  # what nobody knows is left out on the way
            assert answer.is_login_page
        else:
            assert (answer.error, "its longest parameter is state" in answer.sent["error_description"]) == (
                "invalid_request", True,
            )  # fmt: skip


NAMES = ["Jürgen Groß", "李小龍", "Ελένη", "🦊", "Ann"]


@pytest.mark.spec("RFC7519 3")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_n18_tokens_are_written_in_utf8(provider: Provider, browser: Browser, name: str, alg: str) -> None:
    provider.add_person("jo", name=name, groups=(name,))
    app = provider.add_client(
        "App", id_token_claims=True, id_token_signed_response_alg=alg, userinfo_signed_response_alg=alg,
        access_token_format="jwt",
    )  # fmt: skip
    tokens = provider.tokens(app, browser, "jo", scope="openid profile groups")
    signed = provider.userinfo(tokens["access_token"]).text
    for token in (tokens["id_token"], signed):
        payload = token.split(".")[1]
        raw = urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        assert name.encode() in raw
        assert b"\\u" not in raw
        claims = verified(provider, token, audience=app.id)
        assert (claims["name"], claims["groups"]) == (name, [name])


def test_n18_a_lone_surrogate_is_still_a_token(provider: Provider, browser: Browser, ann: Person) -> None:
    provider.services.ring.ensure(("ES256",))
    payload = provider.services.ring.signer("ES256").sign_jwt({"x": "\ud800é"}, "JWT").split(".")[1]
    assert json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) == {"x": "\ud800é"}
