"""Enhanced Client or Proxy: HTTP Basic in, a Response or a SOAP fault out, never a page (Prof §4.2, IIP-IDP13)."""

from __future__ import annotations

import secrets
from base64 import b64encode
from typing import Any

import pytest

from clients.access import Access
from clients.client import Client
from idp.saml import bindings, names
from idp.saml.response import instant
from idp.saml.signatures import public_key, verify_enveloped
from idp.saml.signing import sign
from idp.saml.xml import Element, child, element, parse, serialize
from tests.provider import PASSWORD, Answer, Provider
from tests.saml.pairs import rsa_pair
from tests.saml.relying import NS, SP, certificate, facts, register

PAOS = "https://wiki.example/paos"


def said(**more: Any) -> dict[str, Any]:
    made = facts(signing_certificates=[certificate(rsa_pair("wiki"))], **more)
    made["acs"] = [
        {"index": 0, "binding": names.HTTP_POST, "location": "https://wiki.example/acs"},
        {"index": 1, "binding": names.PAOS, "location": PAOS},
    ]
    return made


@pytest.fixture
def wiki(provider: Provider) -> Client:
    provider.add_person("ann", password="pässword: with colons and ümlauts")
    return register(provider, said=said())


ANN = ("ann", "pässword: with colons and ümlauts")


def request(provider: Provider, **about: str | None) -> Element:
    given = {
        "ID": "_" + secrets.token_hex(16), "Version": "2.0", "IssueInstant": instant(provider.clock()),
        "AssertionConsumerServiceURL": PAOS, "ProtocolBinding": names.PAOS, **about,
    }  # fmt: skip
    root = element(names.SAMLP, "AuthnRequest", {k: v for k, v in given.items() if v is not None})
    child(root, names.SAML, "Issuer", None, SP)
    return root


def send(
    provider: Provider, root: Element | bytes, who: tuple[str, str] | None = ANN, kind: str = "text/xml"
) -> Answer:
    headers = {"Content-Type": kind}
    if who is not None:
        headers["Authorization"] = "Basic " + b64encode(f"{who[0]}:{who[1]}".encode()).decode()
    body = root if isinstance(root, bytes) else bindings.encode_soap(root).body
    answer = provider.browser().open("POST", "saml/ecp", body, headers)
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert b"<html" not in answer.body
    return answer


def read(provider: Provider, answer: Answer) -> tuple[Element, Element]:
    """The header block and the verified Response."""
    assert answer.status == 200, answer.text
    received = bindings.decode_soap(answer.body)
    [header] = received.headers
    key = public_key(provider.services.certificates.active("signing").certificate)
    return header, verify_enveloped(parse(received.message), [key], nested=True)


def codes(root: Element) -> list[str]:
    return [node.get("Value", "").rpartition(":")[2] for node in root.iterfind(".//samlp:StatusCode", NS)]


@pytest.mark.spec("SAMLProf 4.2")
def test_a_client_signs_in_by_basic_and_gets_a_bearer_assertion(provider: Provider, wiki: Client) -> None:
    root = request(provider)
    header, response = read(provider, send(provider, root))
    assert header.tag == f"{{{names.ECP}}}Response"
    assert header.get("AssertionConsumerServiceURL") == PAOS
    assert header.get(f"{{{names.SOAP}}}mustUnderstand") == "1"
    assert header.get(f"{{{names.SOAP}}}actor") == "http://schemas.xmlsoap.org/soap/actor/next"
    assert codes(response) == ["Success"]
    confirmation = response.find(".//saml:SubjectConfirmation", NS)
    assert confirmation is not None
    assert confirmation.get("Method") == names.BEARER
    assert confirmation[0].get("Recipient") == PAOS
    assert confirmation[0].get("InResponseTo") == root.get("ID")
    assert response.find(".//saml:AuthnStatement", NS) is not None


@pytest.mark.parametrize("who", [None, ("ann", "wrong"), ("nobody", PASSWORD), ("ann", "")])
def test_without_the_right_password_there_is_a_challenge(
    provider: Provider, wiki: Client, who: tuple[str, str] | None
) -> None:
    answer = send(provider, request(provider), who)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert b"Fault" in answer.body
    assert provider.events("session:started") == []


def test_guesses_are_throttled_as_on_the_page(provider: Provider, wiki: Client) -> None:
    statuses = [send(provider, request(provider), ("ann", f"guess {n}")).status for n in range(20)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert send(provider, request(provider)).status == 429  # the right one, too


@pytest.mark.parametrize("body", [b"", b"<x/>", b"<!DOCTYPE x><x/>", b"\xff\xfe<"])
def test_what_is_no_soap_gets_a_fault(provider: Provider, wiki: Client, body: bytes) -> None:
    assert b"Fault" in send(provider, body).body


def test_a_form_of_another_site_is_not_taken(provider: Provider, wiki: Client) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert send(provider, request(provider), kind=kind).status == 415
    assert provider.events("session:started") == []


def test_a_foreign_acs_or_issuer_gets_a_fault_and_no_password_is_looked_at(provider: Provider, wiki: Client) -> None:
    stranger = request(provider)
    issuer = stranger.find("saml:Issuer", NS)
    assert issuer is not None
    issuer.text = "https://evil.example/"
    for root in (stranger, request(provider, AssertionConsumerServiceURL="https://evil.example/")):
        answer = send(provider, root)
        assert (answer.status, b"Fault" in answer.body) == (500, True)
    assert provider.events("session:started") == []


def test_a_request_is_answered_once(provider: Provider, wiki: Client) -> None:
    root = request(provider)
    assert codes(read(provider, send(provider, root))[1]) == ["Success"]
    assert codes(read(provider, send(provider, root))[1]) == ["Requester", "RequestDenied"]


def test_a_bad_signature_is_fatal(provider: Provider, wiki: Client) -> None:
    root = request(provider, Destination=provider.services.url("/saml/ecp"))
    sign(root, rsa_pair("evil").signer())
    assert b"Fault" in send(provider, root).body
    good = request(provider, Destination=provider.services.url("/saml/ecp"))
    sign(good, rsa_pair("wiki").signer())
    assert codes(read(provider, send(provider, good))[1]) == ["Success"]
    elsewhere = request(provider, Destination=provider.services.url("/saml/sso"))
    sign(elsewhere, rsa_pair("wiki").signer())
    assert codes(read(provider, send(provider, elsewhere))[1]) == ["Requester", "RequestDenied"]


def test_who_may_not_use_the_application_is_refused(provider: Provider) -> None:
    provider.add_person("ann", password=ANN[1])
    register(provider, said=said(), access=Access(everyone=False))
    response = read(provider, send(provider, request(provider)))[1]
    assert codes(response) == ["Responder", "RequestDenied"]
    assert response.find(".//saml:Assertion", NS) is None


def test_consent_cannot_be_asked_here(provider: Provider) -> None:
    provider.add_person("ann", password=ANN[1])
    register(provider, said=said(), consent="explicit")
    assert codes(read(provider, send(provider, request(provider)))[1]) == ["Responder", "RequestDenied"]


def test_force_authn_and_is_passive_are_met_by_a_proof_of_this_moment(provider: Provider, wiki: Client) -> None:
    root = request(provider, ForceAuthn="true", IsPassive="true")
    assert codes(read(provider, send(provider, root))[1]) == ["Success"]


def test_no_cookie_is_set(provider: Provider, wiki: Client) -> None:
    answer = send(provider, request(provider))
    assert answer.headers.getlist("Set-Cookie") == []
    assert serialize(read(provider, answer)[1]).count(b"Assertion") >= 2
