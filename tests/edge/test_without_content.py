"""No Content-Type without content, on any path. N13."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.app import ROUTES
from tests.provider import Browser, Provider

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")


def assert_told_truly(answer: object) -> None:
    """The headers that speak of content fit what there is."""
    status, headers, body = answer.status, answer.headers, answer.body  # type: ignore[attr-defined]
    length = headers.get("Content-Length")
    if status in (204, 304):
        assert length is None, "RFC 9110 §8.6: no length where there can be no content"
    if not body and length in (None, "0"):
        assert "Content-Type" not in headers
    elif body:
        assert "Content-Type" in headers
        assert length == str(len(body))


@pytest.mark.spec("RFC9110 8.3")
@pytest.mark.parametrize("method", METHODS)
def test_N13_no_answer_of_any_route_names_a_type_of_nothing(browser: Browser, method: str) -> None:
    for route in ROUTES:
        path = route.path.partition("<")[0] + ("x" if "<" in route.path else "")
        assert_told_truly(browser.open(method, path.lstrip("/")))
    for path in ("static/doorward.css", "nowhere"):
        assert_told_truly(browser.open(method, path))


@pytest.mark.spec("RFC7009 2.2")
def test_N13_a_revoked_token_is_answered_with_nothing_of_no_type(provider: Provider, browser: Browser) -> None:
    provider.add_person()
    crm = provider.add_client("CRM")
    code = provider.sign_in(browser, crm).code
    answer = provider.revoke(crm, provider.redeem(crm, code).json["access_token"])
    assert (answer.status, answer.body) == (200, b"")
    assert "Content-Type" not in answer.headers
    assert answer.headers["Content-Length"] == "0"


@pytest.mark.spec("RFC9110 15.4.5")
def test_N13_what_has_not_changed_is_not_described_again(browser: Browser) -> None:
    for path in (".well-known/openid-configuration", "oauth/jwks", "saml/metadata", "static/doorward.css"):
        first = browser.get(path)
        assert first.status == 200
        again = browser.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status, again.body) == (304, b"")
        assert_told_truly(again)
        assert again.headers["ETag"] == first.headers["ETag"]


def test_N13_a_redirect_names_no_type_on_hot_paths_and_behind_flask(provider: Provider, browser: Browser) -> None:
    provider.add_person()
    crm = provider.add_client("CRM")
    provider.sign_in(browser, crm)
    hot, behind_flask = provider.authorize(browser, crm), browser.get("login")
    for answer in (hot, behind_flask):
        assert answer.is_redirect, answer.text
        assert_told_truly(answer)
        assert answer.headers["Content-Length"] == "0"


def test_N13_HEAD_tells_of_the_content_that_GET_brings(browser: Browser) -> None:
    for path in ("help", "oauth/jwks", "static/doorward.css", "nowhere"):
        got, told = browser.get(path), browser.open("HEAD", path)
        assert told.body == b""
        for name in ("Content-Type", "Content-Length"):
            assert name in told.headers, (path, name)
        assert told.headers["Content-Type"] == got.headers["Content-Type"]
        assert int(told.headers["Content-Length"]) > 0


@pytest.mark.parametrize("prefix", ["", "/sso"])
def test_N39_the_picture_that_browsers_ask_for_by_themselves_is_there(
    open_provider: Callable[..., Provider], prefix: str
) -> None:
    browser = open_provider(server={"issuer": "https://login.example" + prefix}).browser()
    for path in ("/favicon.ico", prefix + "/favicon.ico"):
        answer = browser.get(path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/svg+xml")
        assert answer.body.lstrip().startswith(b"<svg")
        assert "Set-Cookie" not in answer.headers
        assert "max-age" in answer.headers["Cache-Control"]
