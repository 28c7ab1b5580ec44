"""HTTP-Artifact: a reference through the browser, the Response by SOAP, once, for its audience only."""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64decode, b64encode
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from lxml import etree

from idp.saml.messages import artifacts, http_redirect, names, soap
from idp.saml.messages.public_keys import public_key
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signatures import verify_enveloped
from idp.saml.messages.signing import sign
from idp.saml.messages.xml import Element, child, element, parse, serialize
from tests.backends import Clock
from tests.provider import Answer, Browser, Provider
from tests.saml.pairs import Pair, rsa_pair
from tests.saml.relying import NS, certificate, facts, register

ACS = "https://{}.example/artifact"


def add(provider: Provider, slug: str, **more: Any) -> Pair:
    pair = rsa_pair(slug)
    said = facts(f"https://{slug}.example/metadata", signing_certificates=[certificate(pair)])
    said["acs"] = [
        {"index": 0, "binding": names.HTTP_POST, "location": f"https://{slug}.example/acs"},
        {"index": 1, "binding": names.HTTP_ARTIFACT, "location": ACS.format(slug)},
    ]
    register(provider, slug.title(), said, **more)
    return pair


@pytest.fixture
def pair(provider: Provider) -> Pair:
    provider.add_person("ann")
    return add(provider, "wiki")


def ask(provider: Provider, pair: Pair, slug: str = "wiki", **about: str) -> str:
    """The URL of an AuthnRequest."""
    given = {
        "ID": "_" + secrets.token_hex(16), "Version": "2.0", "IssueInstant": instant(provider.clock()),
        "Destination": provider.services.url("/saml/sso"), **about,
    }  # fmt: skip
    root = element(names.SAMLP, "AuthnRequest", given)
    child(root, names.SAML, "Issuer", None, f"https://{slug}.example/metadata")
    return http_redirect.encode_redirect(given["Destination"], "SAMLRequest", root, "r s&t", pair.signer()).location


def sign_in(provider: Provider, browser: Browser, pair: Pair) -> tuple[str, dict[str, str]]:
    """Where the browser ends up, and with which parameters."""
    answer = browser.get(ask(provider, pair, ProtocolBinding=names.HTTP_ARTIFACT))
    if answer.is_login_page:
        answer = browser.log_in(answer)
    assert answer.status == 303
    assert "no-store" in answer.headers["Cache-Control"]
    parts = urlsplit(answer.location)
    return answer.location.partition("?")[0], dict(parse_qsl(parts.query))


def resolve(provider: Provider, pair: Pair | None, artifact: str, slug: str = "wiki", **about: str | None) -> Answer:
    given = {
        "ID": "_" + secrets.token_hex(16), "Version": "2.0", "IssueInstant": instant(provider.clock()),
        "Destination": provider.services.url("/saml/artifact"), **about,
    }  # fmt: skip
    root = element(names.SAMLP, "ArtifactResolve", {k: v for k, v in given.items() if v is not None})
    child(root, names.SAML, "Issuer", None, f"https://{slug}.example/metadata")
    child(root, names.SAMLP, "Artifact", None, artifact)
    if pair is not None:
        sign(root, pair.signer())
    return post(provider, soap.encode_soap(root).body)


def post(provider: Provider, body: bytes) -> Answer:
    return provider.browser().open("POST", "saml/artifact", body, {"Content-Type": "text/xml"})


def read(provider: Provider, answer: Answer) -> tuple[str, Element | None]:
    """The status and what was inside, after the signature was checked."""
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/xml")
    key = public_key(provider.services.certificates.active("signing").certificate)
    root = parse(soap.decode_soap(answer.body).message)
    root = verify_enveloped(root, [key], nested=True)
    code = root.find("samlp:Status/samlp:StatusCode", NS)
    assert code is not None
    return code.get("Value", "").rpartition(":")[2], root.find("samlp:Response", NS)


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
