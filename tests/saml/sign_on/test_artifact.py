"""HTTP-Artifact: a reference through the browser, the Response by SOAP, once, for its audience only."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from lxml import etree

from idp.saml.messages import artifacts, names
from idp.saml.messages.public_keys import public_key
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signatures import verify_enveloped
from idp.saml.messages.xml import parse, serialize
from tests.backends import Clock
from tests.provider import Browser, Provider
from tests.saml.pairs import Pair, rsa_pair
from tests.saml.relying import NS
from tests.saml.resolving import ACS, add, ask, post, read, resolve, sign_in


@pytest.fixture
def pair(provider: Provider) -> Pair:
    provider.add_person("ann")
    return add(provider, "wiki")


@pytest.mark.spec("SAMLBind 3.6.4")
def test_the_browser_carries_an_artifact_and_the_response_comes_by_soap(
    provider: Provider, browser: Browser, pair: Pair
) -> None:
    location, sent = sign_in(provider, browser, pair)
    assert location == ACS.format("wiki")
    assert sent["RelayState"] == "r s&t"
    raw = b64decode(sent["SAMLart"])
    entity_id = provider.services.settings.saml_entity_id
    assert (len(raw), raw[:4], raw[4:24]) == (44, b"\0\4\0\0", hashlib.sha1(entity_id.encode()).digest())
    status, response = read(provider, resolve(provider, pair, sent["SAMLart"]))
    assert status == "Success"
    assert response is not None
    assert response.get("Destination") == location
    # The Response and the Assertion are signed as by any other binding.
    key = public_key(provider.services.certificates.active("signing").certificate)
    inner = verify_enveloped(parse(serialize(response)), [key], nested=True)
    assertion = inner.find("saml:Assertion", NS)
    assert assertion is not None
    assert verify_enveloped(parse(serialize(assertion)), [key]) is not None
    assert etree.tostring(response).count(b"NameID") >= 2


def test_an_artifact_is_resolved_once(provider: Provider, browser: Browser, pair: Pair) -> None:
    _, sent = sign_in(provider, browser, pair)
    assert read(provider, resolve(provider, pair, sent["SAMLart"]))[1] is not None
    assert read(provider, resolve(provider, pair, sent["SAMLart"])) == ("Success", None)


def test_another_service_provider_gets_nothing_and_spends_nothing(
    provider: Provider, browser: Browser, pair: Pair
) -> None:
    evil = add(provider, "evil")
    _, sent = sign_in(provider, browser, pair)
    assert read(provider, resolve(provider, evil, sent["SAMLart"], "evil")) == ("Success", None)
    assert read(provider, resolve(provider, pair, sent["SAMLart"]))[1] is not None


def test_an_artifact_ends_after_a_minute(provider: Provider, browser: Browser, pair: Pair, clock: Clock) -> None:
    _, sent = sign_in(provider, browser, pair)
    clock.advance(61)
    assert read(provider, resolve(provider, pair, sent["SAMLart"])) == ("Success", None)


def test_whoever_asks_must_sign(provider: Provider, browser: Browser, pair: Pair) -> None:
    _, sent = sign_in(provider, browser, pair)
    for key in (None, rsa_pair("evil")):
        answer = resolve(provider, key, sent["SAMLart"])
        assert answer.status == 500
        assert b"Fault" in answer.body
    assert read(provider, resolve(provider, pair, sent["SAMLart"]))[1] is not None


def test_an_old_request_or_one_for_another_place_is_refused(
    provider: Provider, browser: Browser, pair: Pair, clock: Clock
) -> None:
    _, sent = sign_in(provider, browser, pair)
    for about in ({"IssueInstant": instant(clock() - 3600)}, {"Destination": "https://evil.example/"}):
        assert read(provider, resolve(provider, pair, sent["SAMLart"], **about)) == ("Requester", None)
    assert read(provider, resolve(provider, pair, sent["SAMLart"], Destination=None))[1] is not None


@pytest.mark.parametrize("body", [b"", b"<x/>", b"<!DOCTYPE x><x/>", b"\xff\xfe<"])
def test_what_is_no_soap_gets_a_fault_and_never_a_page(provider: Provider, body: bytes) -> None:
    answer = post(provider, body)
    assert answer.status == 500
    assert b"Fault" in answer.body


def test_an_artifact_of_somebody_else_is_unknown(provider: Provider, pair: Pair) -> None:
    for other in (artifacts.new_artifact("https://other.example"),
                  artifacts.new_artifact(provider.services.settings.saml_entity_id)):  # fmt: skip
        assert read(provider, resolve(provider, pair, artifacts.encode_artifact(other))) == ("Success", None)
    assert resolve(provider, pair, b64encode(b"x" * 44).decode()).status == 500


def test_without_a_word_about_the_binding_the_answer_comes_by_post(
    provider: Provider, browser: Browser, pair: Pair
) -> None:
    answer = browser.log_in(browser.get(ask(provider, pair)))
    assert answer.form.action == "https://wiki.example/acs"
    assert "SAMLResponse" in answer.sent


def test_errors_come_by_artifact_too(provider: Provider, browser: Browser, pair: Pair) -> None:
    url = ask(provider, pair, ProtocolBinding=names.HTTP_ARTIFACT, IsPassive="true")
    sent = dict(parse_qsl(urlsplit(browser.get(url).location).query))
    _, response = read(provider, resolve(provider, pair, sent["SAMLart"]))
    assert response is not None
    codes = [code.get("Value", "").rpartition(":")[2] for code in response.iterfind(".//samlp:StatusCode", NS)]
    assert codes == ["Responder", "NoPassive"]


def test_nothing_of_the_response_lies_open_in_the_store(
    provider: Provider, browser: Browser, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Any] = []
    put = provider.services.state.put

    def watched(key: str, value: Any, ttl: float) -> None:
        kept.append(value)
        put(key, value, ttl)

    monkeypatch.setattr(provider.services.state, "put", watched)
    sign_in(provider, browser, pair)
    assert kept
    assert "Assertion" not in str(kept)
