"""Our own metadata: valid, complete, true, and cheap to ask for again."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser

from idp.saml.messages import names
from idp.saml.messages.schema_types import instant
from tests.backends import Clock
from tests.provider import Answer, Browser, Provider
from tests.saml.relying import NS
from tests.saml.schemas import check, xmlsec1

PATH = "/saml/metadata"
MORE = {**NS, "mdui": names.MDUI, "shibmd": names.SHIBMD, "alg": names.ALG}


def tree(answer: Answer) -> etree._Element:
    return etree.fromstring(answer.body)


def certificates(root: etree._Element, use: str) -> list[bytes]:
    path = f".//md:KeyDescriptor[@use='{use}']//ds:X509Certificate"
    return [b64decode(node.text or "") for node in root.iterfind(path, NS)]


@pytest.mark.spec("SAML2 Metadata 2")
@pytest.mark.parametrize("query", ["", "?signed=1"])
def test_it_is_valid_by_the_schema(open_provider: Callable[..., Provider], query: str) -> None:
    provider = open_provider(
        brand={"company": "Älice & <Bob>", "support": "help@example.com", "logo": "x.svg"},
        saml={"want_requests_signed": True, "technical_contact": "ops@example.com"},
    )
    provider.services.certificates.prepare("signing")
    answer = provider.browser().get(PATH + query)
    assert answer.headers["Content-Type"] == "application/samlmetadata+xml"
    check("metadata", answer.body)
    root = tree(answer)
    assert root.findtext(".//mdui:DisplayName", None, MORE) == "Älice & <Bob>"
    assert root.findtext(".//mdui:Logo", None, MORE) == "https://login.example/brand/logo"
    contacts = {
        c.get("contactType"): c.findtext("md:EmailAddress", None, NS) for c in root.iterfind("md:ContactPerson", NS)
    }
    assert contacts == {"technical": "mailto:ops@example.com", "support": "mailto:help@example.com"}
    assert root.find("md:IDPSSODescriptor", NS).get("WantAuthnRequestsSigned") == "true"


def test_it_says_who_we_are_and_where(provider: Provider, browser: Browser, clock: Clock) -> None:
    root = tree(browser.get(PATH))
    assert root.get("entityID") == "https://login.example/saml/metadata"
    assert root.get("cacheDuration") == "PT6H"
    day = clock() // 86400 * 86400
    assert root.get("validUntil") == instant(day + 365 * 86400)
    role = root.find("md:IDPSSODescriptor", NS)
    assert role.get("errorURL") == "https://login.example/help"  # SDP-MD12
    assert role.get("WantAuthnRequestsSigned") is None
    scope = role.find("md:Extensions/shibmd:Scope", MORE)
    assert (scope.text, scope.get("regexp")) == ("login.example", "false")  # SDP-IDP14
    places = {(e.get("Binding"), e.get("Location")) for e in role.iterfind("md:SingleSignOnService", NS)}
    assert places >= {
        (names.HTTP_REDIRECT, "https://login.example/saml/sso"), (names.HTTP_POST, "https://login.example/saml/sso"),
    }  # fmt: skip
    assert [f.text for f in role.iterfind("md:NameIDFormat", NS)][:2] == [
        names.NAMEID_PERSISTENT,
        names.NAMEID_TRANSIENT,
    ]
    assert role.find("md:Extensions/alg:SigningMethod", MORE) is not None


def test_every_endpoint_that_it_names_is_there(provider: Provider, browser: Browser) -> None:
    root = tree(browser.get(PATH))
    locations = {node.get("Location") for node in root.iter() if node.get("Location")}
    assert locations
    for location in locations:
        assert browser.post(location).status != 404, location


def test_python3_saml_reads_it(provider: Provider, browser: Browser) -> None:
    found = OneLogin_Saml2_IdPMetadataParser.parse(browser.get(PATH).text)["idp"]
    assert found["entityId"] == "https://login.example/saml/metadata"
    assert found["singleSignOnService"]["url"] == "https://login.example/saml/sso"


def test_keycloak10367_the_next_certificate_stands_beside_the_one_that_signs(
    provider: Provider, browser: Browser
) -> None:
    ring = provider.services.certificates
    first = tree(browser.get(PATH))
    active = ring.active("signing").certificate
    assert certificates(first, "signing") == [active]
    assert certificates(first, "encryption") == [ring.active("encryption").certificate]
    following = ring.prepare("signing")
    root = tree(browser.get(PATH))
    assert certificates(root, "signing") == [active, b64decode(following.der)]
    ring.promote(following.kid, force=True)
    root = tree(browser.get(PATH))
    assert certificates(root, "signing") == [b64decode(following.der), active]  # the old one until it is removed


def test_it_is_signed_on_request(provider: Provider, browser: Browser, tmp_path: Path) -> None:
    plain, signed = browser.get(PATH), browser.get(PATH + "?signed=1")
    assert tree(plain).find("ds:Signature", NS) is None
    assert tree(signed)[0].tag == f"{{{names.DS}}}Signature"
    key = provider.services.certificates.active("signing").certificate
    assert xmlsec1(tmp_path, signed.body, f"{names.MD}:EntityDescriptor", key)
    assert not xmlsec1(tmp_path, signed.body.replace(b"/saml/sso", b"/saml/sso2"), f"{names.MD}:EntityDescriptor", key)


def test_who_has_it_is_told_so(provider: Provider, browser: Browser, clock: Clock) -> None:
    first = browser.get(PATH)
    etag = first.headers["ETag"]
    again = browser.get(PATH, headers={"If-None-Match": f'"x", {etag}'})
    assert (again.status, again.body) == (304, b"")
    assert browser.get(PATH + "?signed=1").headers["ETag"] != etag
    clock.advance(86400)
    assert browser.get(PATH, headers={"If-None-Match": etag}).status == 200


def test_the_settings_can_say_who_we_are(open_provider: Callable[..., Provider]) -> None:
    old = "https://old-idp.example/idp/shibboleth"
    provider = open_provider(saml={"entity_id": old, "scope": "example.com", "metadata_days": 7})
    root = tree(provider.browser().get(PATH))
    assert root.get("entityID") == old
    assert root.findtext(".//shibmd:Scope", None, MORE) == "example.com"
    assert (
        b64encode(provider.services.certificates.active("signing").certificate).decode()
        in provider.browser().get(PATH).text
    )


def test_what_a_federation_wants_to_know_of_us_is_told_where_an_admin_says_so(
    open_provider: Callable[..., Provider],
) -> None:
    """SIRTFI, hide-from-discovery and the like; mdrpi is left to the federation."""
    said = {
        "assurance": ["https://refeds.org/sirtfi", "https://refeds.org/sirtfi2"],
        "entity_categories": ["http://refeds.org/category/hide-from-discovery"],
        "supported_categories": ["http://refeds.org/category/research-and-scholarship"],
    }
    provider = open_provider(saml=said)
    answer = provider.browser().get(PATH + "?signed=1")
    check("metadata", answer.body)
    path = f"md:Extensions/{{{names.MDATTR}}}EntityAttributes/saml:Attribute"
    found = {
        node.get("Name"): [value.text for value in node.iterfind("saml:AttributeValue", NS)]
        for node in tree(answer).iterfind(path, NS)
    }
    assert found == {
        "urn:oasis:names:tc:SAML:attribute:assurance-certification": said["assurance"],
        "http://macedir.org/entity-category": said["entity_categories"],
        "http://macedir.org/entity-category-support": said["supported_categories"],
    }
    assert tree(open_provider().browser().get(PATH)).find("md:Extensions", NS) is None
