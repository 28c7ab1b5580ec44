"""Who may read answers from a browser: a client's own origins, and never at the authorization endpoint. S22."""

from __future__ import annotations

import pytest

from idp.accounts.person import Person
from tests.provider import Answer, App, Provider, bearer

SPA, OTHER = "https://spa.example", "https://other.example"


@pytest.fixture
def spa(provider: Provider, ann: Person) -> App:
    provider.add_client("Other", "spa")
    return provider.add_client("Spa", "spa")


def allowed(answer: Answer) -> str | None:
    found = answer.headers.get("Access-Control-Allow-Origin")
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert found != "*"
    return None if found is None else str(found)


@pytest.mark.spec("RFC10017 CORS")
@pytest.mark.parametrize(
    ("method", "path", "open_"),
    [
        ("POST", "oauth/token", True), ("GET", "oauth/userinfo", True), ("POST", "oauth/userinfo", True),
        ("POST", "oauth/revoke", True), ("GET", "oauth/jwks", True), ("GET", ".well-known/openid-configuration", True),
        ("GET", ".well-known/oauth-authorization-server", True), ("GET", "oauth/whoami", True),
        ("GET", "oauth/authorize", False), ("POST", "oauth/authorize", False), ("POST", "oauth/introspect", False),
        ("GET", "oauth/logout", False), ("GET", "", False), ("POST", "login", False), ("GET", "logout", False),
        ("GET", "healthz", False),
    ],
)  # fmt: skip
def test_S22_cors_is_for_registered_origins_on_the_endpoints_of_browser_apps(
    provider: Provider, spa: App, method: str, path: str, open_: bool
) -> None:
    browser = provider.browser()
    for origin, expected in (
        (SPA, SPA if open_ else None), ("https://evil.example", None), ("null", None), (SPA + ".evil.example", None),
        (SPA.upper(), None), (SPA + ":443", None), (SPA + "/", None), ("http://spa.example", None), ("", None),
    ):  # fmt: skip
        asked = browser.open(method, path, headers={"Origin": origin})
        assert allowed(asked) == expected, origin
        flight = browser.open("OPTIONS", path, headers={"Origin": origin, "Access-Control-Request-Method": method})
        assert allowed(flight) == expected, origin
        if expected:
            assert method in flight.headers["Access-Control-Allow-Methods"]
            assert "authorization" in flight.headers["Access-Control-Allow-Headers"].lower()
            assert "Origin" in asked.headers["Vary"]
            assert (flight.status, flight.body) == (204, b"")


def test_S22_one_apps_origin_does_not_read_another_apps_answers(provider: Provider, spa: App) -> None:
    tokens = provider.tokens(spa)
    assert allowed(provider.userinfo(tokens["access_token"], Origin=SPA)) == SPA
    assert allowed(provider.userinfo(tokens["access_token"], Origin=OTHER)) is None
    renewed = provider.post(
        "oauth/token", spa, {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}, Origin=OTHER
    )
    assert (renewed.status, allowed(renewed)) == (200, None)
    assert allowed(provider.post("oauth/revoke", spa, {"token": "x"}, Origin=OTHER)) is None
    assert allowed(provider.post("oauth/revoke", spa, {"token": "x"}, Origin=SPA)) == SPA


def test_S22_errors_are_readable_by_the_app_too(provider: Provider, spa: App) -> None:
    refused = provider.post("oauth/token", spa, {"grant_type": "authorization_code", "code": "x"}, Origin=SPA)
    assert (refused.status, allowed(refused)) == (400, SPA)
    wrong = provider.browser().get("oauth/userinfo", headers={**bearer("x"), "Origin": SPA})
    assert (wrong.status, allowed(wrong)) == (401, SPA)
    assert "WWW-Authenticate" in wrong.headers["Access-Control-Expose-Headers"]


def test_S22_an_origin_goes_with_its_client(provider: Provider, spa: App) -> None:
    assert allowed(provider.browser().get("oauth/jwks", headers={"Origin": SPA})) == SPA
    provider.services.registry.disable(spa.id)
    assert allowed(provider.browser().get("oauth/jwks", headers={"Origin": SPA})) is None


def test_S22_web_message_is_no_response_mode(provider: Provider, spa: App) -> None:
    assert provider.authorize(provider.browser(), spa, response_mode="web_message").error == "invalid_request"
