"""Destination (Bind §3.4.5.2): the same place in any writing of RFC 3986 §6.2, and never another place. N22."""

from __future__ import annotations

from typing import Any

import pytest

from clients.client import Client
from idp.saml.messages.locations import is_same_place
from tests.provider import Browser, Provider
from tests.saml import logging_out
from tests.saml.asking import authn_request, by_post, by_redirect
from tests.saml.relying import certificate, facts, register, rsa_pair, status

SAME = (
    "https://login.example:443/saml/sso",
    "https://LOGIN.Example/saml/sso",
    "HTTPS://login.example/saml/sso",
    "https://login.example:/saml/sso",
    "https://login.example/s%61ml/sso",
    "https://Login.Example:443/%73aml/%73so",
)
OTHER = (
    "https://login.example:8443/saml/sso",
    "http://login.example/saml/sso",
    "http://login.example:443/saml/sso",
    "https://login.example/SAML/sso",
    "https://login.example/saml/sso/",
    "https://login.example/saml//sso",
    "https://login.example/saml/sso?",
    "https://login.example/saml/sso?x=1",
    "https://login.example/saml/sso#",
    "https://login.example./saml/sso",
    "https://login.example/saml%2Fsso",
    "https://login.example/saml/x/../sso",
    "https://user@login.example/saml/sso",
    "https://login.example@evil.example/saml/sso",
    "https://login.example\\.evil.example/saml/sso",
    "https://login.example.evil.example/saml/sso",
    "https://xlogin.example/saml/sso",
    "https://logın.example/saml/sso",
    "https://login.example:443443/saml/sso",
    "https://login.example:٤٤٣/saml/sso",
    "//login.example/saml/sso",
    "/saml/sso",
    "https:login.example/saml/sso",
    "https://login.example:443\n/saml/sso",
    "https://",
)


@pytest.fixture
def wiki(provider: Provider) -> Client:
    provider.add_person("ann")
    return register(provider, said=facts(signing_certificates=[certificate(rsa_pair())]))


@pytest.mark.spec("RFC 3986 6.2.2")
@pytest.mark.spec("RFC 3986 6.2.3")
@pytest.mark.parametrize("written", SAME)
def test_n22_a_destination_is_ours_however_it_is_written(
    provider: Provider, wiki: Client, browser: Browser, written: str
) -> None:
    request = authn_request(provider, Destination=written)
    assert by_redirect(browser, request, pair=rsa_pair()).is_login_page
    assert browser.follow(by_post(browser, authn_request(provider, Destination=written))).is_login_page


@pytest.mark.spec("Bind 3.4.5.2")
@pytest.mark.parametrize("written", OTHER)
def test_n22_another_place_stays_another_place(
    provider: Provider, wiki: Client, browser: Browser, written: str
) -> None:
    if written.isprintable():
        answer = by_redirect(browser, authn_request(provider, Destination=written), pair=rsa_pair())
        assert status(answer)[:2] == ("Requester", "RequestDenied")
    assert not is_same_place(written, "https://login.example/saml/sso")


def test_n22_an_issuer_with_a_path_and_a_port(open_provider: Any) -> None:
    provider = open_provider(server={"issuer": "https://login.example:8443/Sign-On/a%7Eb"})
    register(provider, said=facts(signing_certificates=[certificate(rsa_pair())]))
    location = provider.services.url("/saml/sso")
    host, path = "https://LOGIN.example:8443", location.partition(":8443")[2]
    for written, expected in (
        (location, True),
        (host + path, True),
        (host + path.replace("%7E", "%7e"), True),
        (host + path.replace("%7E", "~"), True),
        (host + path.replace("/Sign-On", "/sign-on"), False),
        (host + "/saml/sso", False),
        (location.replace(":8443", ""), False),
        (location.replace(":8443", ":443"), False),
    ):
        assert is_same_place(written, location) is expected
        assert is_same_place(location, written) is expected


def test_n22_an_empty_path_is_the_root_and_two_escapes_are_two() -> None:
    assert is_same_place("http://a.example", "HTTP://A.example:80/")
    assert is_same_place("http://[::1]:8000/x%2fy", "http://[::1]:8000/x%2Fy")
    assert not is_same_place("http://a.example/x%2fy", "http://a.example/x/y")
    assert not is_same_place("http://a.example/%2541", "http://a.example/%41")
    assert not is_same_place("https://a.example:80/", "https://a.example/")
    assert not is_same_place("", "https://a.example/")


@pytest.mark.spec("Bind 3.5.5.2")
def test_n22_it_is_the_same_for_a_sign_out_and_for_its_answer(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann")
    wiki = logging_out.add(provider, "wiki")
    wiki.sign_in(browser)
    written = "https://LOGIN.example:443/saml/slo"
    answer = browser.get(wiki.redirect(wiki.request(Destination=written)))
    assert logging_out.codes(logging_out.incoming(answer.location)[1]) == ["Success"]
    # Begun here: its answer comes back to the same place in other letters.
    wiki.sign_in(browser)
    page = browser.follow(browser.submit(browser.get("logout"), "confirm"))
    _, root = logging_out.incoming(logging_out.hop_of(page))
    response = wiki.response(root.get("ID", ""), Destination=written)
    assert not browser.get(wiki.redirect(response, "SAMLResponse")).is_error_page
