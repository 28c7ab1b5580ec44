"""Whatever is sent: an answer in words, never a crash. Feeds every public path with odd requests."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.app import ROUTES
from tests.provider import App, Browser, Provider, basic, bearer

TEXT = st.one_of(
    st.text(max_size=30), st.sampled_from(["\x00", "dwc_\x00.x", "dwr_0a.x", "dwa_0a.x", "a.b.c", "e30.e30.e30",
    "9" * 400, "-1", "[]", "{}", "null", "\ud7ff", "%", "é"]),
)  # fmt: skip
NAMES = st.sampled_from([
    "client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "prompt", "max_age",
    "claims", "acr_values",
    "id_token_hint", "login_hint", "resource", "code_challenge", "code_challenge_method", "ui_locales", "display",
    "request", "flow", "login",
    "password", "decision", "account", "action", "form_key", "grant_type", "code", "refresh_token", "token",
    "token_type_hint", "client_assertion",
    "client_assertion_type", "client_secret", "access_token", "post_logout_redirect_uri", "confirm", "current",
    "code_verifier",
])  # fmt: skip


@pytest.fixture
def signed_in(provider: Provider, browser: Browser, crm: App) -> tuple[Provider, Browser, App]:
    provider.sign_in(browser, crm)
    return provider, browser, crm


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(NAMES, TEXT, max_size=4),
    path=st.sampled_from(sorted({route.path.replace("<token>", "x").replace("<client_id>", "x") for route in ROUTES})),
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS"]),
)
def test_no_parameter_at_any_path_is_a_crash(signed_in: Any, changes: dict[str, str], path: str, method: str) -> None:
    provider, browser, crm = signed_in
    values = (
        {**dict(provider.request(crm)), "grant_type": "refresh_token", **changes}
        if "authorize" in path or "token" in path
        else changes
    )
    query = "?" + urlencode(values, errors="surrogatepass") if method != "POST" else ""
    data = values if method == "POST" else None
    headers = basic(crm.id, crm.secret or "") if method == "POST" and "assertion" not in str(changes) else {}
    answer = browser.open(method, path + query, data, headers)
    assert answer.status < 500, (answer.status, answer.text[:300])
    if answer.is_redirect:
        assert answer.location.startswith(("https://crm.example/cb?", "https://crm.example/cb#", provider.issuer, "/"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    junk=st.binary(max_size=200),
    path=st.sampled_from(["oauth/token", "oauth/authorize", "login", "oauth/userinfo", "oauth/logout"]),
)
def test_no_body_is_a_crash(signed_in: Any, junk: bytes, path: str) -> None:
    _, browser, _ = signed_in
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json", ""):
        assert browser.open("POST", path, junk, {"Content-Type": kind}).status < 500


@pytest.mark.parametrize("path", ["oauth/token", "oauth/authorize", "oauth/introspect", "login"])
def test_requests_that_are_too_large_or_unreadable_are_told_so(provider: Provider, browser: Browser, path: str) -> None:
    form = "application/x-www-form-urlencoded"
    assert browser.open("POST", path, b"a=" + b"x" * 200_000, {"Content-Type": form}).status == 413
    assert browser.open("POST", path, b"a=%ff", {"Content-Type": form}).status == 400
    assert browser.open("POST", path, b"\xff", {"Content-Type": form}).status == 400
    many = "&".join(f"p{i}=1" for i in range(300)).encode()
    assert browser.open("POST", path, many, {"Content-Type": form}).status == 400
    for length in ("x", "-1", "999999999999"):
        assert browser.open("POST", path, b"a=1", environ={"CONTENT_LENGTH": length}).status in (400, 413), length


@pytest.mark.parametrize("path", ["oauth/userinfo", "oauth/whoami"])
def test_bearer_headers_of_all_sorts(provider: Provider, browser: Browser, path: str) -> None:
    for value in ("\x7f", "a b", "dwa_" + "0" * 180 + ".x", "é", "dwa_..", "." * 50, "dwa_0a.%00", "e30.e30.e30"):
        assert browser.get(path, headers=bearer(value)).status == 401


def test_paths_of_all_sorts(provider: Provider, browser: Browser) -> None:
    paths = ["/%00", "/%ff", "/..", "/../etc/passwd", "/static/../config.py", "/static/%2e%2e/app.py", "/static/"]
    paths += ["/oauth/", "/oauth/token/", "/%2foauth/jwks", "//evil.example/..", "/setup/", "/app-logo/%00"]
    for path in (*paths, "/" + "a" * 5000, "/setup/" + quote("é/ü")):
        answer = browser.get(path)
        assert answer.status in (200, 303, 400, 401, 403, 404, 405), path
        assert not answer.location or answer.location.startswith(provider.issuer)
