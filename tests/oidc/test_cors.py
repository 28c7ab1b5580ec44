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
        ("POST", "oauth/revoke", True), ("GET", "oauth/whoami", True),
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
    assert allowed(provider.browser().get("oauth/userinfo", headers={"Origin": SPA})) == SPA
    provider.services.registry.disable(spa.id)
    assert allowed(provider.browser().get("oauth/userinfo", headers={"Origin": SPA})) is None


PUBLIC = ["oauth/jwks", ".well-known/openid-configuration", ".well-known/oauth-authorization-server"]


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("origin", ["https://grafana.example", SPA, "null", "http://localhost:3000", None])
def test_n22_S22_what_is_public_is_read_from_any_origin(
    provider: Provider, spa: App, path: str, origin: str | None
) -> None:
    browser, sent = provider.browser(), {"Origin": origin} if origin else {}
    answer = browser.get(path, headers=sent)
    again = browser.get(path, headers={**sent, "If-None-Match": answer.headers["ETag"]})
    flight = browser.open("OPTIONS", path, headers={**sent, **asking("GET", "x-requested-with, if-none-match")})
    for one, status in ((answer, 200), (again, 304), (flight, 204)):
        assert (one.status, one.headers["Access-Control-Allow-Origin"]) == (status, "*")
        assert "Access-Control-Allow-Credentials" not in one.headers
        assert "Origin" not in one.headers.get("Vary", "")  # one copy serves all
    assert {"x-requested-with", "if-none-match"} <= allowed_headers(flight)


def asking(method: str, headers: str) -> dict[str, str]:
    """What a browser asks first."""
    return {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}


def allowed_headers(flight: Answer) -> set[str]:
    return {name.strip().lower() for name in flight.headers["Access-Control-Allow-Headers"].split(",")}


@pytest.mark.parametrize("path", ["oauth/token", "oauth/userinfo", "oauth/revoke"])
@pytest.mark.parametrize(
    "headers",
    ["content-type,traceparent,sentry-trace,baggage,x-requested-with", "authorization,dpop,x-datadog-trace-id",
     "x-b3-traceid, x-b3-spanid,  request-id ,request-context", "", "cache-control,pragma,expires"],
)  # fmt: skip
def test_n22_a_registered_origin_may_send_whatever_its_libraries_add(
    provider: Provider, spa: App, path: str, headers: str
) -> None:
    browser = provider.browser()
    flight = browser.open("OPTIONS", path, headers={"Origin": SPA, **asking("POST", headers)})
    wanted = {name.strip() for name in headers.split(",") if name.strip()}
    assert (flight.status, allowed(flight)) == (204, SPA)
    assert wanted | {"authorization", "content-type", "dpop"} <= allowed_headers(flight)
    foreign = browser.open("OPTIONS", path, headers={"Origin": "https://evil.example", **asking("POST", headers)})
    assert not [name for name, _ in foreign.headers.items() if name.lower().startswith("access-control")]


def test_n22_what_is_no_header_name_is_not_given_back(provider: Provider, spa: App) -> None:
    odd = "traceparent,a b,x:y,\xe9,(z),\t,{},x" + "y" * 64 + ",<script>"
    flight = provider.browser().open("OPTIONS", "oauth/token", headers={"Origin": SPA, **asking("POST", odd)})
    assert allowed_headers(flight) == {"authorization", "content-type", "dpop", "traceparent"}
    many = ",".join(f"x-{n}" for n in range(500))
    flight = provider.browser().open("OPTIONS", "oauth/token", headers={"Origin": SPA, **asking("POST", many)})
    assert len(allowed_headers(flight)) < 100


def test_n22_never_on_authorize_whatever_is_asked_for(provider: Provider, spa: App) -> None:
    for path in ("oauth/authorize", "oauth/introspect", "oauth/logout", "login"):
        flight = provider.browser().open("OPTIONS", path, headers={"Origin": SPA, **asking("POST", "traceparent")})
        assert not [name for name, _ in flight.headers.items() if name.lower().startswith("access-control")], path


@pytest.mark.parametrize("name", ["WWW-Authenticate", "Retry-After", "DPoP-Nonce", "ETag"])
def test_n22_scripts_may_read_the_headers_that_they_need(provider: Provider, spa: App, name: str) -> None:
    for path in ("oauth/userinfo", *PUBLIC):
        answer = provider.browser().get(path, headers={"Origin": SPA})
        assert name in answer.headers["Access-Control-Expose-Headers"].split(", ")


def test_S22_web_message_is_no_response_mode(provider: Provider, spa: App) -> None:
    assert provider.authorize(provider.browser(), spa, response_mode="web_message").error == "invalid_request"
