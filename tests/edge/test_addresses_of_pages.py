"""By which address people come, and through which proxy: the person is told where to go, the operator what to set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp import arrivals, reached
from idp.admin import attention
from idp.admin.actor import of_shell
from idp.installation.checks import network
from tests.provider import Answer, Browser, Provider

ISSUER = "https://login.example"
DIRECT = {"wsgi.url_scheme": "http"}
BY_PROXY = {"wsgi.url_scheme": "http", "HTTP_X_FORWARDED_FOR": "198.51.100.7"}
PROXIES = "server.trusted_proxies"
TRUSTED = {"server": {"issuer": ISSUER, "trusted_proxies": ["10.0.0.9/32"]}}
NAVIGATES = {"HTTP_ACCEPT": "text/html,*/*;q=0.8"}


def come(browser: Browser, host: str, environ: dict[str, str]) -> tuple[Answer, Answer]:
    """The sign-in page, and what its form leads to in a browser that could keep no cookie."""
    page = browser.open("GET", "/", host=host, environ={**NAVIGATES, **environ})
    browser.cookies.clear()
    form = page.dom.forms[0]
    data = form.filled(None, {"login": "ann", "password": "secret-of-ann"})
    return page, browser.open("POST", form.action, data, host=host, environ={**NAVIGATES, **environ})


@pytest.mark.parametrize(
    ("host", "environ", "used", "words"),
    [
        ("10.0.0.5:8000", DIRECT, "http://10.0.0.5:8000", "a name in DNS"),
        ("login2.example", {}, "https://login2.example", "proxy_set_header Host $host"),
        ("LOGIN2.example.:443", {}, "https://login2.example", "server.issuer"),
        ("login.example:8443", {}, "https://login.example:8443", "redirect port 8443 to https://login.example"),
        ("login.example", {**BY_PROXY, "HTTP_X_FORWARDED_PROTO": "http"}, "http://login.example", "on to https"),
        ("doorward:8000", {**BY_PROXY, "HTTP_X_FORWARDED_HOST": "sso.example"}, "sso.example", "server.issuer"),
        ("doorward:8000", {**BY_PROXY, "HTTP_FORWARDED": "for=1.2.3.4;host=sso.example;proto=https"},
         "https://sso.example", "server.issuer"),
        ("[2001:db8::5]:8000", DIRECT, "http://[2001:db8::5]:8000", "a name in DNS"),
        ("localhost:8000", DIRECT, "http://localhost:8000", "server.issuer"),
        ("login.example", {"wsgi.url_scheme": "http", "HTTP_VIA": "1.1 proxy"}, "http://login.example", "on to https"),
    ],
)  # fmt: skip
def test_Q5_case_30_another_address_is_named_to_the_person_and_the_operator(
    provider: Provider, browser: Browser, host: str, environ: dict[str, str], used: str, words: str
) -> None:
    page, answer = come(browser, host, environ)
    if "HTTP_VIA" not in environ:  # there the browser's silence tells, once its form has come without a cookie
        assert "another address than the one for signing in" in page.text
        assert f"{ISSUER}</b> only" in page.text
    assert answer.status == 400
    assert f"This page was opened at {used}. Signing in works at {ISSUER} only." in answer.text
    (link,) = [one["href"] for one in answer.dom.find("a") if "button" in one.get("class", "")][:1]
    assert link.startswith(ISSUER + "/")
    (event,) = provider.events("error:wrong_address")
    (found,) = event.detail["findings"]
    assert (found["side"], found["field"], found["expected"], found["got"]) == (
        "doorward",
        "server.issuer",
        ISSUER if "://" in used else "login.example",
        used,
    )
    assert words in found["fix"]
    assert "secret-of-ann" not in str(event)


@pytest.mark.parametrize(
    "host",
    ['evil.example"><script>alert(1)</script>', "evil.example/path", "a@evil.example", "evil.example:99999999", ""],
)
def test_Q4_case_30_a_hostile_host_is_no_text_and_no_link(provider: Provider, browser: Browser, host: str) -> None:
    for environ in ({"HTTP_HOST": host}, {**BY_PROXY, "HTTP_X_FORWARDED_HOST": host}):
        _, answer = come(browser, "login.example", environ)
        assert "evil" not in answer.text
        assert answer.status == 400


def test_case_30_every_link_of_the_page_leads_to_the_issuer(provider: Provider, browser: Browser) -> None:
    page, answer = come(browser, "evil.example", {})
    for one in (page, answer):
        assert not [a for a in one.dom.find("a") if "evil" in a.get("href", "")]
        assert not [f for f in one.dom.forms if "evil" in f.action]


def test_case_30_behind_a_proxy_that_rewrites_the_host_nobody_is_told_a_wrong_address(
    provider: Provider, browser: Browser
) -> None:
    for environ in (BY_PROXY, {"wsgi.url_scheme": "http", "SERVER_PROTOCOL": "HTTP/1.0"}):
        page = browser.open("GET", "/", host="127.0.0.1:8000", environ=environ)
        (note,) = [a for _, a in page.dom.elements if "data-elsewhere" in a]
        assert "hidden" in note
    for _ in range(6):
        browser.open("GET", "/", host="doorward_upstream", environ=BY_PROXY)
    found = {one.kind: one for one in arrivals.patterns(provider.services)}
    assert arrivals.OTHER_ADDRESS not in found
    assert "doorward_upstream" in found[arrivals.HOST_REWRITTEN].got
    assert "proxy_set_header Host" in arrivals.told(provider.services, found[arrivals.HOST_REWRITTEN]).fix


def test_case_30_probes_and_programs_are_answered_whatever_host_they_name(provider: Provider, browser: Browser) -> None:
    for path in ("/healthz", "/readyz", "/.well-known/openid-configuration", "/oauth/jwks"):
        assert browser.open("GET", path, host="10.0.0.5:8000", environ=DIRECT).status == 200
    assert arrivals.patterns(provider.services) == ()


def test_case_30_somebody_kept_out_by_the_address_needs_attention(provider: Provider, browser: Browser) -> None:
    come(browser, "login2.example", {})
    (told,) = [one for one in attention.find(provider.services, of_shell("tests")) if one.kind == "traffic"]
    assert "https://login2.example" in told.detail
    assert ISSUER in told.fix


@pytest.mark.parametrize(
    ("issuer", "path", "expected", "words"),
    [
        (f"{ISSUER}/sso", "/oauth/authorize?client_id=x", "/sso/oauth/authorize", "takes /sso off the path"),
        (f"{ISSUER}/sso", "/oauth/logout", "/sso/oauth/logout", "takes /sso off the path"),
        (ISSUER, "/sso/login/factor", "/login/factor", f"server.issuer to {ISSUER}/sso"),
        (ISSUER, "/sso/admin/apps", "/admin/apps", f"server.issuer to {ISSUER}/sso"),
    ],
)
def test_case_30_a_path_that_the_proxy_cuts_or_adds_to_is_named(
    open_provider: Callable[..., Provider], issuer: str, path: str, expected: str, words: str
) -> None:
    provider = open_provider(server={"issuer": issuer})
    answer = provider.browser().get(path)
    assert answer.status == 404
    assert "set up wrongly" in answer.text
    (event,) = provider.events("error:issuer_path")
    (found,) = event.detail["findings"]
    assert (found["side"], found["field"], found["expected"]) == ("doorward", "server.issuer", expected)
    assert words in found["fix"]


# -- 31 ----------------------------------------------------------------------------------------------------------------


def visit(provider: Provider, peer: str, many: int = 6, **headers: str) -> None:
    """Pages that come from one socket's address, for others."""
    for number in range(many):
        browser = provider.browser(peer)
        browser.open("GET", "/", headers={name: value.format(number) for name, value in headers.items()})


@pytest.mark.parametrize(
    ("trusted", "peer", "headers", "kind", "field", "words"),
    [
        ([], "10.0.0.9", {"X-Forwarded-For": "198.51.100.{}"}, "proxy_untrusted", PROXIES, "10.0.0.9/32"),
        ([], "fd00::9", {"X-Forwarded-For": "198.51.100.{}"}, "proxy_untrusted", PROXIES, "fd00::9/128"),
        ([], "127.0.0.1", {"Forwarded": "for=198.51.100.{}"}, "proxy_untrusted", PROXIES, "127.0.0.1/32"),
        (["10.1.0.0/16"], "10.0.0.9", {"X-Forwarded-For": "198.51.100.{}"}, "proxy_untrusted", PROXIES,
         '["10.1.0.0/16", "10.0.0.9/32"]'),
        (["10.0.0.9/32"], "10.0.0.9", {"Forwarded": "for=198.51.100.{}"}, "proxy_silent", "X-Forwarded-For",
         "X-Forwarded-For and nothing else"),
        (["10.0.0.9/32"], "10.0.0.9", {"X-Real-IP": "198.51.100.{}"}, "proxy_silent", "X-Forwarded-For", "forwardfor"),
        (["10.0.0.9/32"], "10.0.0.9", {}, "proxy_silent", "X-Forwarded-For", "everybody has its address"),
        (["10.0.0.9/32"], "10.0.0.9", {"X-Forwarded-For": "198.51.100.{}, 10.0.7.7"}, "proxy_behind",
         PROXIES, "10.0.7.7"),
        (["10.0.0.9/32"], "10.0.0.9", {"X-Forwarded-For": "unknown"}, "proxy_unreadable", "X-Forwarded-For",
         "IP address"),
    ],
)  # fmt: skip
def test_Q5_case_31_how_a_proxy_is_set_wrongly_is_seen_in_the_traffic(
    open_provider: Callable[..., Provider], trusted: list[str], peer: str, headers: dict[str, str], kind: str,
    field: str, words: str,
) -> None:  # fmt: skip
    provider = open_provider(server={"issuer": ISSUER, "trusted_proxies": trusted})
    visit(provider, peer, **headers)
    (pattern,) = arrivals.patterns(provider.services)
    assert pattern.kind == kind
    told = arrivals.told(provider.services, pattern)
    assert told.field == field
    assert words in told.fix + told.expected
    (shown,) = [one for one in attention.find(provider.services, of_shell("tests")) if one.kind == "traffic"]
    assert field in shown.detail
    (found,) = network.examine_traffic(provider.services)
    assert (found.status, found.fix) == ("warning", told.fix)


def test_case_31_a_right_proxy_and_a_forged_header_from_outside_are_no_pattern(
    open_provider: Callable[..., Provider],
) -> None:
    provider = open_provider(**TRUSTED)
    visit(provider, "10.0.0.9", **{"X-Forwarded-For": "198.51.100.{}"})
    visit(provider, "203.0.113.5", 20, **{"X-Forwarded-For": "10.1.1.1"})
    assert arrivals.patterns(provider.services) == ()


def test_case_31_counts_are_bounded_whatever_comes(provider: Provider) -> None:
    for number in range(50):
        browser = provider.browser()
        browser.open("GET", "/", host=f"scan{number}.example", headers={"Accept": "text/html"})
    (pattern,) = arrivals.patterns(provider.services)
    assert len(pattern.got) == arrivals.MAX_VALUES
    assert pattern.times == 50


def test_case_31_another_process_reads_what_this_one_saw_and_both_add_up(provider: Provider) -> None:
    other = provider.another()
    for one in (provider, other):
        visit(one, "10.0.0.9", 4, **{"X-Forwarded-For": "198.51.100.{}"})
        one.services.part(arrivals.Arrivals).flush(one.services, at_once=True)
    (pattern,) = arrivals.patterns(provider.another().services)
    assert (pattern.times, pattern.pages) == (8, 8)


def test_case_31_a_pause_that_everybody_shares_says_so(provider: Provider) -> None:
    """One typo pauses all: under the pause's own event an admin reads which setting is missing."""
    provider.add_person("ann")
    device = provider.browser("10.0.0.9")
    device.headers["X-Forwarded-For"] = "198.51.100.7"
    page = device.get("/")
    for number in range(6):
        page = device.log_in(page, password=f"wrong {number}")
        page = device.follow(page) if page.status == 303 else page
        if not page.dom.find("input", name="password"):
            break
    paused = [one for one in provider.events("session:failed") if one.detail["paused_until"]]
    found: dict[str, Any] = paused[0].detail["findings"][0]
    assert (found["side"], found["field"]) == ("doorward", "server.trusted_proxies")
    assert found["expected"] == '["10.0.0.9/32"]'
    assert "10.0.0.9" in found["got"]


@pytest.mark.parametrize(
    ("server", "status", "words"),
    [
        ({"trusted_proxies": ["0.0.0.0/0"]}, "error", "anybody may choose the address"),
        ({"trusted_proxies": ["::/0"]}, "error", "anybody may choose the address"),
        ({"trusted_proxies": ["198.0.0.0/8"]}, "error", "anybody may choose the address"),
        ({"trusted_proxies": []}, "warning", "server.trusted_proxies is empty"),
        ({"issuer": "https://localhost:8443", "trusted_proxies": ["10.0.0.0/24"]}, "warning", "for this machine only"),
        ({"issuer": "http://127.0.0.1:8000", "host": "0.0.0.0"}, "error", "nobody signs in"),
    ],
)
def test_case_31_doctor_reads_the_settings_of_the_address(
    open_provider: Callable[..., Provider], server: dict[str, Any], status: str, words: str
) -> None:
    provider = open_provider(server={"issuer": ISSUER, **server})
    found = [one for one in network.examine_address(provider.settings) if one.status != "ok"]
    assert any(one.status == status and words in one.text and one.fix for one in found), found


@pytest.mark.parametrize(
    "networks", [["10.0.0.0/8"], ["192.168.0.0/16", "fd00::/8"], ["127.0.0.1/32"], ["203.0.113.0/24"]]
)
def test_case_31_networks_of_ones_own_are_fine(open_provider: Callable[..., Provider], networks: list[str]) -> None:
    provider = open_provider(server={"issuer": ISSUER, "trusted_proxies": networks})
    assert [one.status for one in network.examine_address(provider.settings)] == ["ok"]


def test_case_31_the_record_alone_tells_it_to_doctor(provider: Provider) -> None:
    for name in ("ann", "bob"):
        provider.add_person(name)
        for _ in range(5):
            browser = provider.browser("10.0.0.9")
            browser.log_in(browser.get("/"), name)
    (found,) = network.examine_traffic(provider.services)
    assert found.status == "warning"
    assert "came from 10.0.0.9" in found.text
    assert "server.trusted_proxies" in found.text


def test_the_address_of_a_page_is_read_once(provider: Provider, browser: Browser) -> None:
    """No look at a store, and nothing for what programs call."""
    _, verbs, _ = provider.counted(lambda: browser.open("GET", "/healthz", host="10.0.0.5"))
    assert verbs == []
    assert reached.Reached("https", "login.example", "", False).shown == ISSUER
