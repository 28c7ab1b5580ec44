"""Requests that no honest program sends: answered in our own words and led nowhere. S12, S14, S16, X26."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.provider import Answer, App, Browser, Provider

HEADERS = (
    "Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control",
    "Strict-Transport-Security",
)  # fmt: skip
PATHS = (
    "", "help", "oauth/authorize", "oauth/token", "healthz", "setup/x", "nowhere", "static/doorward.css", "app-logo/x"
)  # fmt: skip


def raw(browser: Browser, path: str, method: str = "GET", **environ: Any) -> Answer:
    """A path as it stands, double slashes and all."""
    return browser.open(method, "", environ={"PATH_INFO": path, **environ})


# -- paths -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "/sso"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_S12_X26_no_spelling_of_a_path_is_redirected_to_what_the_host_header_says(
    open_provider: Callable[..., Provider], prefix: str, method: str
) -> None:
    provider = open_provider(server={"issuer": "https://login.example" + prefix})
    browser = provider.browser()
    shapes = ("{}//{}", "//{}/{}", "{}/{}/", "{}/{}//", "{}/./{}", "{}/x/../{}", "{}/\\{}", "{}/help//{}")
    paths = ("help", "oauth/authorize", "oauth//authorize", "login", "setup/x", "static/doorward.css", "nowhere")
    for path in [shape.format(prefix, path) for shape in shapes for path in paths]:
        answer = raw(browser, path, method, HTTP_HOST="evil.example", HTTP_X_FORWARDED_HOST="evil.example")
        assert answer.status not in (301, 302, 307, 308), path
        told = answer.text
        if "Please open the other address" in told:  # case 30 names the address that was used: as text, and in no link
            told = "".join(value for _, about in answer.dom.elements for value in about.values())
        assert "evil.example" not in answer.location + told, path
        if answer.is_redirect:
            assert answer.location.startswith("https://login.example/")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "TRACE", "CONNECT", "PROPFIND", "XYZZY"])
def test_S16_pages_for_what_is_not_there_carry_our_headers(browser: Browser, method: str) -> None:
    for path in ("/nowhere", "//nowhere", "/nowhere/", "/static/nothing.css", "/static/../app.py", "/\xff\xfe"):
        answer = raw(browser, path, method)
        assert answer.is_error_page, path
        assert answer.status in (404, 405), path
        assert [name for name in HEADERS if name not in answer.headers] == [], path
        assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "PUT", "XYZZY"])
def test_S16_methods_that_an_address_does_not_take_get_an_answer_of_ours(browser: Browser, method: str) -> None:
    for path in PATHS:
        answer = raw(browser, "/" + path, method, HTTP_X_PROBE="echo-me")
        assert answer.status in (404, 405), path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert "Strict-Transport-Security" in answer.headers, path
        assert "echo-me" not in answer.text
        assert "Method Not Allowed" not in answer.text  # that is what a framework says by itself


def test_a_HEAD_answer_has_the_headers_and_no_body(browser: Browser) -> None:
    for path in (*PATHS, "logout", "oauth/jwks", ".well-known/openid-configuration"):
        asked, whole = raw(browser, "/" + path, "HEAD"), raw(browser, "/" + path, "GET")
        assert asked.body == b"", path
        assert asked.status == whole.status, path
        assert asked.headers.get("Content-Type") == whole.headers.get("Content-Type"), path


# -- bodies ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["oauth/token", "login", "oauth/authorize"])
def test_a_length_that_is_no_length_is_refused_and_nothing_is_read(browser: Browser, path: str) -> None:
    class Endless:
        """A connection on which the other side says nothing and keeps it open."""

        def read(self, size: int = -1) -> bytes:
            raise AssertionError(f"would wait for ever: read({size})")

    for length in ("-1", "-9223372036854775808", "x", "1.5", "1e3", "99999999999999999999"):
        environ = {
            "CONTENT_LENGTH": length, "CONTENT_TYPE": "application/x-www-form-urlencoded", "wsgi.input": Endless(),
            "wsgi.input_terminated": False,
        }  # fmt: skip
        assert browser.open("POST", path, environ=environ).status in (400, 413), length


# -- claims ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ["1e999", "-1e999", "NaN", "Infinity", "-Infinity", "1e-999", "9" * 4000, '"\\ud800"', '"\\udfff\\ud800"',
     '"\\u0000"', "[1e999]", '{"a":NaN}'],
    ids=lambda v: v[:12],
)  # fmt: skip
@pytest.mark.parametrize("where", ["value", "values", "name"])
def test_odd_numbers_and_characters_in_claims_are_refused_or_come_through(
    provider: Provider, browser: Browser, crm: App, value: str, where: str
) -> None:
    wish = {
        "value": f'{{"id_token":{{"x":{{"value":{value}}}}},"userinfo":{{"y":{{"value":{value}}}}}}}',
        "values": f'{{"id_token":{{"acr":{{"values":[{value}]}}}},"userinfo":{{"y":{{"values":[{value}]}}}}}}',
        "name": f'{{"id_token":{{{value if value[0] == chr(34) else chr(34) + "n" + chr(34)}:null}}}}',
    }[where]
    answer = provider.sign_in(browser, crm, claims=wish)
    if answer.error:
        assert answer.error == "invalid_request"
        return
    tokens = provider.redeem(crm, answer.code)
    assert tokens.status == 200
    assert provider.userinfo(tokens.json["access_token"]).status == 200
    assert provider.refresh(crm, tokens.json["refresh_token"]).status == 200


# -- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.spec("RFC4291 2.5.5.2")
@pytest.mark.parametrize(
    ("socket_address", "forwarded", "expected"),
    [
        ("::ffff:10.0.0.9", "198.51.100.1", "198.51.100.1"),
        ("::FFFF:10.0.0.9", "198.51.100.1", "198.51.100.1"),
        ("::ffff:a00:9", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.9", "::ffff:198.51.100.1", "198.51.100.1"),
        ("10.0.0.9", "198.51.100.1, ::ffff:10.0.0.8", "198.51.100.1"),
        ("::ffff:203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.9", "2001:db8::1", "2001:db8::1"),
        ("::ffff:nonsense", "198.51.100.1", "::ffff:nonsense"),
        ("", "198.51.100.1", ""),
    ],
)
def test_S14_an_IPv4_address_is_the_same_however_a_dual_stack_socket_writes_it(
    open_provider: Callable[..., Provider], socket_address: str, forwarded: str, expected: str
) -> None:
    provider = open_provider(server={"issuer": "https://login.example", "trusted_proxies": ["10.0.0.0/8"]})
    browser = provider.browser(socket_address)
    browser.get("oauth/authorize?client_id=x", headers={"X-Forwarded-For": forwarded})
    assert [event.address for event in provider.events("error:unknown_client")] == [expected]
