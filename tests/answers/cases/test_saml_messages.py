"""SAML requests that nobody can read, as applications and proxies make them: which field, and the fix. Q1, Q4, Q5."""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import pytest

from idp.saml.messages import names
from idp.saml.messages.http_redirect import deflate
from idp.saml.messages.xml import element, serialize
from tests.answers.test_findings import errors
from tests.provider import Answer, Browser, Provider
from tests.saml.asking import SSO, authn_request, by_post, by_redirect, encoded, redirect_query
from tests.saml.pairs import rsa_pair
from tests.saml.relying import ACS, SP, Toolkit, register

Send = Callable[[Provider, Browser], Answer]


def _get(make: Callable[[Provider], Any]) -> Send:
    return lambda provider, browser: browser.get(f"{SSO}?{urlencode(make(provider))}")


def _post(make: Callable[[Provider], Any]) -> Send:
    return lambda provider, browser: browser.post(SSO, make(provider), cookies=False)


def _xml(change: Callable[[bytes], bytes] = bytes, **about: Any) -> Send:
    return lambda provider, browser: by_redirect(browser, change(serialize(authn_request(provider, **about))))


def _at(path: str) -> Send:
    return lambda provider, browser: browser.get(
        f"{path}?{redirect_query(authn_request(provider), pair=rsa_pair('mine'))}"
    )


def _message(provider: Provider) -> str:
    return dict(parse_qsl(redirect_query(authn_request(provider))))["SAMLRequest"]


def _metadata(provider: Provider, browser: Browser) -> Answer:
    from onelogin.saml2.settings import OneLogin_Saml2_Settings

    # python3-saml's own metadata, where its request belongs
    return by_redirect(browser, OneLogin_Saml2_Settings(Toolkit(provider).settings()).get_sp_metadata().encode())


#: What is sent, the field that must be named, and words of what came and of the fix.
MISTAKES: dict[str, tuple[Send, str, str, str]] = {
    "opened by hand": (_get(lambda p: {}), "SAMLRequest", "(nothing)", "opens the application in its place"),
    "a form without the message": (_post(lambda p: {"a": "b"}), "SAMLRequest", "(nothing)", "lost on the way"),
    "a name in lower case": (
        _get(lambda p: {"samlrequest": _message(p)}), "SAMLRequest", "samlrequest", "upper and lower case"),
    "WS-Federation": (_get(lambda p: {"wa": "wsignin1.0", "wtrealm": SP}), "SAMLRequest", "wa=", "WS-Federation"),
    "Shibboleth 1": (_get(lambda p: {"shire": ACS, "providerId": SP}), "SAMLRequest", "shire=", "SAML 1.1"),
    "OpenID Connect": (
        _get(lambda p: {"client_id": "x", "response_type": "code"}), "SAMLRequest", "client_id=", "/oauth/authorize"),
    "CAS": (_get(lambda p: {"service": ACS}), "SAMLRequest", "service=", "CAS"),
    "an answer in place of a request": (
        _post(lambda p: {"SAMLResponse": encoded(element(names.SAMLP, "Response"))}), "SAMLRequest", "SAMLResponse",
        "AssertionConsumerService"),
    "request and answer at once": (
        _get(lambda p: {"SAMLRequest": _message(p), "SAMLResponse": _message(p)}), "SAMLRequest", "SAMLResponse",
        "One message"),
    "its metadata as a request": (_metadata, "SAMLRequest", "EntityDescriptor", "doorward client add saml"),
    "a page in HTML": (
        _post(lambda p: {"SAMLRequest": b64encode(b"<html><body/></html>").decode()}), "SAMLRequest", "HTML", "encode"),
    "a LogoutRequest": (
        _post(lambda p: {"SAMLRequest": b64encode(
            serialize(authn_request(p)).replace(b"AuthnRequest", b"LogoutRequest")).decode()}),
        "SAMLRequest", "LogoutRequest", "/saml/slo"),
    "no DEFLATE": (_get(lambda p: {"SAMLRequest": encoded(authn_request(p))}), "SAMLRequest", "plain XML", "RFC 1951"),
    "a header of zlib": (
        _get(lambda p: {"SAMLRequest": b64encode(zlib.compress(serialize(authn_request(p)))).decode()}), "SAMLRequest",
        "zlib", "wbits=-15"),
    "DEFLATE by POST": (
        _post(lambda p: {"SAMLRequest": b64encode(deflate(serialize(authn_request(p)))).decode()}), "SAMLRequest",
        "compressed by DEFLATE", "HTTP-POST"),
    "no base64": (
        _get(lambda p: {"SAMLRequest": serialize(authn_request(p)).decode()}), "SAMLRequest", "XML", "base64"),
    "encoded twice": (
        _get(lambda p: {"SAMLRequest": quote(_message(p), safe="")}), "SAMLRequest", "percent-encoded twice", "once"),
    "the alphabet for URLs": (
        _post(lambda p: {"SAMLRequest": encoded(authn_request(p))[:-4] + "-_=="}), "SAMLRequest", "base64url",
        "RFC 4648"),
    "cut off by a proxy": (_get(lambda p: {"SAMLRequest": _message(p)[:-24]}), "SAMLRequest", "cut off", "proxy"),
    "a long RelayState": (
        _get(lambda p: {"SAMLRequest": _message(p), "RelayState": "x" * 2100}), "RelayState", "2100 bytes",
        "short key"),
    "SigAlg alone": (
        _get(lambda p: {"SAMLRequest": _message(p), "SigAlg": names.RSA_SHA256}), "Signature", "SigAlg alone",
        "neither"),
    "an ID that begins with a digit": (_xml(ID="12ab"), "ID", "12ab", "underscore"),
    "no ID": (_xml(ID=None), "ID", "(nothing)", "underscore"),
    "a time without T and Z": (
        _xml(IssueInstant="2026-01-31 12:00:00"), "IssueInstant", "2026-01-31 12:00:00", "UTC"),
    "no Issuer": (_xml(issuer=None), "Issuer", "(nothing)", "entity ID"),
    "True": (_xml(ForceAuthn="True"), "ForceAuthn", "True", "true, false"),
    "an index in words": (
        _xml(AssertionConsumerServiceIndex="first"), "AssertionConsumerServiceIndex", "first", "number"),
    "a DOCTYPE": (_xml(lambda xml: b"<!DOCTYPE a>" + xml), "SAMLRequest", "a DTD", "DOCTYPE"),
    "a comment": (_xml(lambda xml: xml.replace(b"><", b"><!-- a --><", 1)), "SAMLRequest", "comments", "comments"),
    "no end": (_xml(lambda xml: xml[:-20]), "SAMLRequest", "not well-formed", "cut off"),
    "SAML 1.1": (
        _xml(lambda xml: xml.replace(b"SAML:2.0:protocol", b"SAML:1.0:protocol")), "Version", "SAML 1.x", "SAML 2.0"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_Q5_what_makes_a_request_unreadable_is_named_to_its_developer_and_to_the_admin(
    provider: Provider, name: str
) -> None:
    send, field, got, fix = MISTAKES[name]
    register(provider)
    page = send(provider, provider.browser())
    assert page.is_error_page
    (event,) = errors(provider)
    (found,) = event.detail["findings"]
    assert event.error_id == page.error_id
    assert (found["side"], found["field"]) == ("application", field)
    assert got in found["got"], found
    assert fix in found["fix"], found
    assert fix in page.dom.text  # the developer needs nobody for it
    assert "Nothing is wrong with your account" in page.dom.text


@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_Q5_a_sign_in_that_came_to_the_address_of_sign_outs(provider: Provider, binding: str) -> None:
    register(provider)
    message = authn_request(provider, Destination=f"{provider.issuer}/saml/slo")
    browser = provider.browser()
    if binding == "post":
        page = browser.post("/saml/slo", {"SAMLRequest": encoded(message)}, cookies=False)
    else:
        page = browser.get(f"/saml/slo?{redirect_query(message)}")
    assert page.is_error_page
    found = errors(provider)[0].detail["findings"][0]
    assert (found["side"], found["field"], found["got"]) == ("application", "SingleSignOnService", "AuthnRequest")
    assert f"{provider.issuer}/saml/sso" in found["fix"]


@pytest.mark.parametrize("name", MISTAKES)
def test_Q4_a_stranger_s_unreadable_request_is_told_nothing_that_is_registered(provider: Provider, name: str) -> None:
    register(provider, "Secretwiki", {"entity_id": "https://inside.example/sp", "acs": [
        {"index": 0, "binding": names.HTTP_POST, "location": "https://inside.example/registered-path"}]})  # fmt: skip
    page = MISTAKES[name][0](provider, provider.browser())
    assert page.status == 400
    assert not [one for one in ("Secretwiki", "inside.example", "registered-path") if one in page.text]


def test_Q1_whose_unreadable_request_it_is_stands_with_it_where_its_issuer_says_so(provider: Provider) -> None:
    wiki = register(provider)
    by_post(provider.browser(), authn_request(provider, ID="1a"))
    (event,) = errors(provider)
    assert event.client_id == wiki.id
