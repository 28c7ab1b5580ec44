"""An enhanced client (ECP): its envelopes, and what it reads of the answers."""

from __future__ import annotations

import secrets
from base64 import b64encode
from typing import Any

from idp.saml.messages import names, soap
from idp.saml.messages.public_keys import public_key
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signatures import verify_enveloped
from idp.saml.messages.xml import Element, child, element, parse
from tests.provider import Answer, Provider
from tests.saml.pairs import rsa_pair
from tests.saml.relying import NS, SP, certificate, facts

PAOS = "https://wiki.example/paos"


def said(**more: Any) -> dict[str, Any]:
    made = facts(signing_certificates=[certificate(rsa_pair("wiki"))], **more)
    made["acs"] = [
        {"index": 0, "binding": names.HTTP_POST, "location": "https://wiki.example/acs"},
        {"index": 1, "binding": names.PAOS, "location": PAOS},
    ]
    return made


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
    body = root if isinstance(root, bytes) else soap.encode_soap(root).body
    answer = provider.browser().open("POST", "saml/ecp", body, headers)
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert b"<html" not in answer.body
    return answer


def read(provider: Provider, answer: Answer) -> tuple[Element, Element]:
    """The header block and the verified Response."""
    assert answer.status == 200, answer.text
    received = soap.decode_soap(answer.body)
    [header] = received.headers
    key = public_key(provider.services.certificates.active("signing").certificate)
    return header, verify_enveloped(parse(received.message), [key], nested=True)


def codes(root: Element) -> list[str]:
    return [node.get("Value", "").rpartition(":")[2] for node in root.iterfind(".//samlp:StatusCode", NS)]
