"""What stands in pages and headers: no script of others, no host of others, cookies as they must be.

S13, S14, S16, X17, X26, X27, E1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.backends import Clock
from tests.provider import Answer, App, Browser, Provider

PAYLOADS = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'-alert(1)-'", "javascript:alert(1)",
    "</title><svg/onload=alert(1)>",
    "{{7007*7}}{%for x in y%}", "\"></textarea><iframe srcdoc='<script>1</script>'>", "\u2028<b>\u202e",
    "]]><x:script xmlns:x='http://www.w3.org/1999/xhtml'>1</x:script>",
)  # fmt: skip
RUNS = {
    "script",
    "iframe",
    "object",
    "embed",
    "applet",
    "base",
    "meta",
    "link",
    "style",
    "svg",
    "img",
    "form",
    "x:script",
}
OURS = {"meta", "link", "script", "svg", "form", "img"}


def is_inert(answer: Answer, like: Answer | None = None) -> bool:
    """Whether a page has only our own active elements, and no event handler or odd address anywhere."""
    for tag, attributes in answer.dom.elements:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        assert tag not in RUNS - OURS, tag
        for name in ("href", "src", "action", "formaction", "srcdoc", "xlink:href"):
            value = attributes.get(name, "")
            assert value == "" or value.startswith(("/", "#", "https://", "mailto:")), (tag, name, value)
            assert not value.lower().strip().startswith(("javascript:", "data:", "vbscript:", "//")), value
        if tag == "script":
            assert attributes["src"].startswith("/static/")
    if like is not None:
        assert [tag for tag, _ in answer.dom.elements if tag in RUNS] == [
            tag for tag, _ in like.dom.elements if tag in RUNS
        ]
    return True


def test_X17_html_in_any_parameter_of_any_error_page_stays_text(provider: Provider, browser: Browser, crm: App) -> None:
    plain = browser.get("oauth/authorize?client_id=x")
    for payload in PAYLOADS:
        for answer in (
            provider.authorize(browser, crm, client_id=payload),
            provider.authorize(browser, crm, redirect_uri=payload),
            provider.authorize(
                browser, crm, redirect_uri="https://crm.example/cb" + payload, state=payload, scope=payload
            ),
            provider.authorize(browser, crm, client_id=None, **{payload: payload}),
            browser.get("oauth/logout?post_logout_redirect_uri=" + quote(payload) + "&client_id=" + crm.id),
            browser.get("oauth/logout?id_token_hint=" + quote(payload)),
            browser.get("oauth/logout?" + quote(payload) + "=1&" + quote(payload) + "=2"),
            browser.get("nowhere/" + quote(payload)),
            browser.get("setup/" + quote(payload, safe="")),
            browser.get("app-logo/" + quote(payload, safe="")),
            browser.open("PUT", "help?x=" + quote(payload)),
            browser.post("login", {"flow": payload, "login": payload}),
        ):
            if answer.headers["Content-Type"].startswith("text/html"):
                assert is_inert(answer)
                assert "49049" not in answer.dom.text or "{{" not in payload
            assert answer.status < 500
    assert is_inert(plain)


def test_X17_html_on_the_pages_of_the_sign_in_stays_text(
    provider: Provider, browser: Browser, ann: Any, clock: Clock
) -> None:
    for number, payload in enumerate(PAYLOADS):
        visitor = provider.browser()
        app = provider.add_client(
            f"App {number} " + "".join(c for c in payload if c.isprintable()), consent="explicit",
            scope="openid profile <b>x</b>",
            redirect_uris=["https://app.example/cb"],
        )  # fmt: skip
        eve = provider.add_person(f"eve{number}", name="Eve " + payload)
        page = provider.authorize(
            visitor, app, login_hint=payload, state=payload, ui_locales=payload, scope="openid <b>x</b>"
        )
        assert is_inert(page)
        assert page.dom.find("input", name="login")[0]["value"] == payload
        wrong = visitor.log_in(page, payload, payload)
        assert is_inert(wrong)
        consent = visitor.log_in(wrong, eve.username)
        assert consent.is_consent_page
        assert is_inert(consent)
        assert is_inert(visitor.get(""))
        clock.advance(5)
        assert is_inert(provider.authorize(visitor, app, prompt="select_account"))
        assert is_inert(visitor.get(f"oauth/logout?client_id={app.id}"))
        assert is_inert(visitor.get("password"))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_X17_X28_form_post_carries_html_as_text(provider: Provider, browser: Browser, crm: App, payload: str) -> None:
    answer = provider.authorize(browser, crm, response_mode="form_post", prompt="none", state=payload)
    assert is_inert(answer)
    assert dict(answer.form.fields)["state"] == payload
    assert len(answer.dom.forms) == 1


# -- headers -----------------------------------------------------------------------------------------------------------


def every_page(provider: Provider, browser: Browser, clock: Clock) -> dict[str, Answer]:
    """One of each page that people see."""
    app = provider.add_client("Tool", consent="explicit", post_logout_redirect_uris=["https://tool.example/bye"])
    pages = {"login": provider.authorize(browser, app)}
    pages["wrong"] = browser.log_in(pages["login"], "ann", "not this one")
    pages["consent"] = browser.log_in(pages["wrong"])
    pages["error"] = browser.get("oauth/authorize")
    pages["not found"] = browser.get("nowhere")
    pages["launcher"] = browser.get("")
    pages["account"] = provider.authorize(browser, app, prompt="select_account")
    pages["form_post"] = provider.authorize(browser, app, response_mode="form_post", prompt="none")
    pages["confirm"] = browser.get("oauth/logout?client_id=" + app.id)
    for path in ("help", "help/password", "help/username", "password", "setup/x", "logout"):
        pages[path] = browser.get(path)
    other = provider.browser()
    pages["stale"] = other.submit(pages["login"])
    pages["signed out"] = browser.submit(pages["logout"], "confirm")
    return pages


@pytest.mark.spec("RFC9700 4.2.4")
@pytest.mark.spec("RFC9700 4.16")
def test_S13_S16_every_page_keeps_to_itself(provider: Provider, browser: Browser, ann: Any, clock: Clock) -> None:
    for name, page in every_page(provider, browser, clock).items():
        headers = page.headers
        assert headers["Content-Type"] == "text/html; charset=utf-8", name
        assert headers["Referrer-Policy"] == "no-referrer", name
        assert headers["X-Frame-Options"] == "DENY", name
        assert headers["Cache-Control"] == "no-store", name
        assert headers["X-Content-Type-Options"] == "nosniff", name
        assert headers["Strict-Transport-Security"].startswith("max-age="), name
        policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'", name
        assert policy["frame-ancestors"] == "'none'", name
        assert policy["base-uri"] == "'none'", name
        assert policy["script-src"] == policy["style-src"] == "'self'", name
        assert "*" not in policy["form-action"].split(), name
        for tag, attributes in page.dom.elements:
            if tag in ("script", "link", "img", "iframe", "form", "source", "video"):
                address = attributes.get("src") or attributes.get("href") or attributes.get("action") or "/"
                assert (address.startswith("/") and not address.startswith("//")) or name == "form_post", (
                    name,
                    address,
                )
            assert "style" not in attributes, (name, tag)


@pytest.mark.spec("RFC6749 5.1")
def test_S16_answers_that_carry_secrets_are_never_stored(provider: Provider, browser: Browser, crm: App) -> None:
    redirect = provider.sign_in(browser, crm)
    token = provider.redeem(crm, redirect.code)
    for answer in (
        redirect, token, provider.redeem(crm, redirect.code), provider.authorize(browser, crm, prompt="none",
        max_age="0", scope="x"),
        provider.post("oauth/introspect", crm, {"token": token.json["access_token"]}), provider.userinfo("x"),
        provider.userinfo(token.json["access_token"]),
        provider.revoke(crm, "x"), provider.whoami("x"),
    ):  # fmt: skip
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers.get("Referrer-Policy", "no-referrer") == "no-referrer"


# -- hosts -------------------------------------------------------------------------------------------------------------


@pytest.mark.spec("RFC9700 4.13")
@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "http", "X-Forwarded-Port": "54321", "X-Forwarded-Prefix": "/evil.example"},
        {"Forwarded": "for=1.2.3.4;host=evil.example;proto=http"},
        {"X-Original-URL": "/evil.example", "X-Rewrite-URL": "//evil.example"},
        {"X-Host": "evil.example", "X-Forwarded-Server": "evil.example"},
        {},
    ],
    ids=lambda h: ",".join(h) or "Host",
)
@pytest.mark.parametrize("trusted", [[], ["203.0.113.0/24"]], ids=["no-proxy", "trusted-proxy"])
def test_S14_X26_no_header_moves_our_links_issuer_or_redirects(
    open_provider: Callable[..., Provider], headers: dict[str, str], trusted: list[str]
) -> None:
    provider = open_provider(server={"issuer": "https://login.example", "trusted_proxies": trusted})
    provider.add_person()
    crm = provider.add_client()
    browser = provider.browser()
    browser.headers = {**browser.headers, **headers}
    true_open = browser.open
    if not headers:
        browser.open = lambda *a, **k: true_open(*a, **{**k, "host": "evil.example"})  # type: ignore[method-assign]
    page = provider.authorize(browser, crm)
    wrong = browser.log_in(page, "ann", "not this")
    done = browser.log_in(wrong)
    assert done.sent["iss"] == "https://login.example"
    pages = [
        page,
        wrong,
        browser.get(""),
        browser.get("help"),
        browser.get("nowhere"),
        browser.get("logout"),
        browser.get("oauth/authorize"),
    ]
    pages += [browser.get("//help"), browser.get("/help/"), browser.get("/./help"), browser.get("help//password")]
    documents = [browser.get(".well-known/openid-configuration"), browser.get("oauth/jwks")]
    posted = provider.authorize(provider.browser(), crm, method="POST")
    assert urlsplit(posted.location).netloc == "login.example"
    for answer in [*pages, *documents, done]:
        assert answer.status not in (307, 308)
        assert b"evil.example" not in answer.body, answer.url
        assert "evil.example" not in str(answer.headers), answer.url
        assert ":54321" not in str(answer.headers) + answer.body.decode()
    assert documents[0].json["issuer"] == "https://login.example"


@pytest.mark.spec("RFC9700 4.13")
@pytest.mark.parametrize(
    ("trusted", "forwarded", "expected"),
    [
        ([], "198.51.100.1", "203.0.113.7"),
        (["10.0.0.0/8"], "198.51.100.1", "203.0.113.7"),
        (["203.0.113.7/32"], "198.51.100.1", "198.51.100.1"),
        (["203.0.113.7/32"], "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (["203.0.113.7/32", "198.51.100.1/32"], "6.6.6.6, 198.51.100.1", "6.6.6.6"),
        (["203.0.113.7/32"], "nonsense", "unknown"),  # N2: never the proxy
        (["203.0.113.7/32"], "", "unknown"),  # N2: a hop that did not say
    ],
)
def test_S14_the_address_of_a_browser_is_believed_from_configured_proxies_only(
    open_provider: Callable[..., Provider], trusted: list[str], forwarded: str, expected: str
) -> None:
    provider = open_provider(server={"issuer": "https://login.example", "trusted_proxies": trusted})
    browser = provider.browser("203.0.113.7")
    browser.get("oauth/authorize?client_id=x", headers={"X-Forwarded-For": forwarded})
    assert provider.events("error:unknown_client")[0].address == expected


def test_X26_odd_hosts_are_no_crash(provider: Provider, browser: Browser) -> None:
    for host in (
        "evil.example:99999",
        "[::1]",
        "a b",
        "a\\b",
        "é.example",
        "",
        "login.example@evil.example",
        "x" * 3000,
    ):
        for path in ("help", "oauth/authorize", "healthz", "nowhere"):
            answer = browser.open("GET", path, environ={"HTTP_HOST": host})
            assert answer.status < 500, (host, path)
            assert not answer.is_redirect


# -- cookies -----------------------------------------------------------------------------------------------------------


def test_X27_cookies_on_https(provider: Provider, browser: Browser, crm: App) -> None:
    page = provider.authorize(browser, crm)
    browser.log_in(page, stay="1")
    browser.submit(browser.get("logout"), "confirm")
    assert {line.partition("=")[0] for line in browser.set_cookies} == {
        "__Host-doorward_browser", "__Host-doorward_session", "__Host-doorward_device", "__Host-doorward_last"
    }  # fmt: skip
    for line in browser.set_cookies:
        attributes = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"path=/", "httponly", "secure", "samesite=lax"} <= attributes, line
        assert not [attribute for attribute in attributes if attribute.startswith("domain")], line


def test_X27_on_this_machine_cookies_work_without_https(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"})
    provider.add_person()
    browser = provider.browser()
    assert provider.sign_in(browser, provider.add_client()).code
    assert all(line.startswith("doorward_") and "secure" not in line.lower() for line in browser.set_cookies)
    assert all("httponly" in line.lower() and "samesite=lax" in line.lower() for line in browser.set_cookies)


def test_X27_a_session_cookie_that_was_changed_is_none(provider: Provider, browser: Browser, crm: App) -> None:
    provider.sign_in(browser, crm)
    genuine = browser.cookie("session")
    head, _, secret = genuine.partition(".")
    name = "__Host-doorward_session"
    other = provider.browser()
    provider.add_person("bob")
    provider.sign_in(other, crm, "bob")
    bobs = other.cookie("session").partition(".")
    for value in (
        "", ".", head, head + ".", "." + secret, head.upper() + "." + secret, genuine[:-1], genuine + "A",
        f"{head}.{secret.swapcase()}",
        f"{head}.{bobs[2]}", f"{bobs[0]}.{secret}", '"' + genuine + '"', "x" * 5000, "0.0", "' OR 1=1--.x",
        "%00." + secret,
    ):  # fmt: skip
        browser.cookies[name] = value
        assert provider.authorize(browser, crm, prompt="none").error == "login_required", value
    browser.cookies[name] = genuine
    assert provider.authorize(browser, crm, prompt="none").code


def test_X27_odd_cookie_headers_are_no_crash(provider: Provider, browser: Browser, crm: App) -> None:
    for header in (
        "",
        ";",
        "=",
        ";;;=;",
        "a",
        "x" * 9000,
        "__Host-doorward_session",
        "é=é",
        "__Host-doorward_device=x.y; __Host-doorward_browser=" + "A" * 22,
    ):
        page = provider.authorize(browser, crm)
        answer = browser.open(
            "GET", urlsplit(page.url).path + "?" + urlsplit(page.url).query, headers={"Cookie": header}, cookies=False
        )
        assert answer.status == 200
        posted = browser.open(
            "POST", "login", {"flow": "x", "login": "a", "password": "b"}, {"Cookie": header}, cookies=False
        )
        assert posted.status in (200, 400)


def test_E1_an_error_page_says_what_to_do_and_has_an_id_that_is_explained(
    provider: Provider, browser: Browser, crm: App
) -> None:
    from idp.audit import explain

    for number in range(4):
        answer = provider.authorize(browser, crm, redirect_uri="https://crm.example/other")
        text = answer.dom.text
        assert "What to do next" in text
        assert answer.error_id in text
        assert "UTC" in text
        assert "Firefox on Linux" in text
        assert "CRM" in text
        assert ("times here in the last ten minutes" in text) is (number >= 2)
        (event,) = explain(provider.services.db, answer.error_id.lower())
        assert event.detail["fix"]
        assert event.detail["side"] == "application"
    assert explain(provider.services.db, "E-NOPE") == []
