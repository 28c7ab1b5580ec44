"""A service provider that takes its answers by artifact, and asks for them from server to server."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from idp.saml.messages import http_redirect, names, soap
from idp.saml.messages.public_keys import public_key
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signatures import verify_enveloped
from idp.saml.messages.signing import sign
from idp.saml.messages.xml import Element, child, element, parse
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
