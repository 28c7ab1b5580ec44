"""What we issue: valid by the schema, verified by others, and the same bytes for the same values."""

from __future__ import annotations

import itertools
import re
from base64 import b64decode
from pathlib import Path

import pytest
from lxml import etree

from clients.client import Client
from idp.accounts.person import Person
from idp.errors import SamlError
from idp.saml.assertions import attributes, response
from idp.saml.assertions.attribute_catalogue import KNOWN as CATALOGUE
from idp.saml.assertions.attribute_catalogue import Attribute
from idp.saml.assertions.response import AssertionContent, ResponseHeader
from idp.saml.messages import names
from idp.saml.messages.decryption import _decrypt  # the same xmlsec as service providers have
from idp.saml.messages.decryption_gate import rebuilt
from idp.saml.messages.encryption import Recipient
from idp.saml.messages.name_id import NameID
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signing import SigningKey
from idp.saml.messages.xml import serialize
from tests.backends import Clock
from tests.provider import Browser, Provider
from tests.saml.asking import authn_request, by_redirect, policy
from tests.saml.pairs import ec_pair
from tests.saml.relying import ACS, NS, SP, Toolkit, certificate, facts, message, register, rsa_pair, sign_in
from tests.saml.schemas import check, xmlsec1

GOLDEN = Path(__file__).parents[2] / "golden"
NOW = 1795331840.0
IDP = "https://login.example/saml/metadata"
KNOWN = {
    "email": "ann@example.com",
    "name": "Älice & <Bob>",
    "groups": ["a", "b"],
    "empty": "",
    "nothing": None,
    "none": [],
}
SAID = (
    CATALOGUE["mail"], CATALOGUE["displayName"], CATALOGUE["isMemberOf"],
    Attribute("empty", "empty", "empty", names.ATTRNAME_BASIC), Attribute("nothing", "nothing", "nothing"),
    Attribute("none", "none", "none"), Attribute("fixed", "fixed", values=("x", "y")),
    Attribute("unknown", "unknown", "unknown"),
)  # fmt: skip


class PinnedKey:
    """Signs with nothing, so that golden files need no private key: the value says what was signed."""

    algorithm = names.RSA_SHA256
    certificate = b"a certificate"

    def sign(self, data: bytes) -> bytes:
        from hashlib import sha256

        return sha256(data).digest()


def pinned(in_response_to: str | None = "_request", key: SigningKey | None = None) -> ResponseHeader:
    numbers = itertools.count(1)
    return ResponseHeader(IDP, ACS, in_response_to, NOW, key or PinnedKey(), new_id=lambda: f"_id{next(numbers)}")


def authentication(**other: object) -> AssertionContent:
    values: dict[str, object] = {
        "audience": SP, "name_id": NameID("abc", names.NAMEID_PERSISTENT, IDP, SP), "session_index": "_s",
        "authn_instant": NOW - 60, "context_class": names.AC_PASSWORD_PROTECTED,
        "attributes": attributes.release(SAID, KNOWN), "not_before": NOW - 180, "not_on_or_after": NOW + 300,
    }  # fmt: skip
    return AssertionContent(**{**values, **other})  # type: ignore[arg-type]


OUTCOMES = {
    "response-both": lambda: response.build(pinned(), authentication()),
    "response-assertion-signed": lambda: response.build(pinned(), authentication(sign="assertion")),
    "response-unsolicited": lambda: response.build(
        pinned(None),
        authentication(
            attributes=(),
            name_id=NameID("ann@example.com", names.NAMEID_EMAIL),
            session_not_on_or_after=NOW + 3600,
            consent=names.CONSENT_PRIOR,
        ),
    ),
    "response-error": lambda: response.build(
        pinned(), SamlError(names.RESPONDER, names.NO_PASSIVE, "Not without a page: <b> & \x00", kind="passive")
    ),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_bytes_are_those_of_the_golden_file(name: str) -> None:
    made = etree.tostring(OUTCOMES[name](), pretty_print=True)
    file = GOLDEN / f"{name}.xml"
    if not file.exists():
        file.write_bytes(made)
        pytest.fail(f"{file.name} was not there and has been written; look at it before it is kept")
    assert made.decode() == file.read_text()


@pytest.mark.parametrize("name", OUTCOMES)
def test_it_is_valid_by_the_schema(name: str) -> None:
    check("protocol", serialize(OUTCOMES[name]()))


def test_encrypted_it_is_valid_by_the_schema() -> None:
    recipient = Recipient(rsa_pair().key.public_key())
    check("protocol", serialize(response.build(pinned(), authentication(recipient=recipient))))
    hidden = authentication(recipient=recipient, encrypt_name_id=True)
    check("protocol", serialize(response.build(pinned(), hidden)))


@pytest.mark.parametrize("kind", ["rsa", "ec"])
@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
def test_debians_xmlsec1_verifies_every_signature(tmp_path: Path, kind: str, sign: str) -> None:
    pair = rsa_pair("idp") if kind == "rsa" else ec_pair()
    root = response.build(pinned(key=pair.signer()), authentication(sign=sign))
    if sign != "assertion":
        assert xmlsec1(tmp_path, serialize(root), f"{names.SAMLP}:Response", pair)
    if sign != "response":
        # By itself, as whoever reads the assertion alone has it.
        alone = serialize(etree.fromstring(serialize(root.find("saml:Assertion", NS))))
        assert xmlsec1(tmp_path, alone, f"{names.SAML}:Assertion", pair)
        assert not xmlsec1(tmp_path, alone.replace(b"ann@", b"eve@"), f"{names.SAML}:Assertion", pair)


def test_encrypted_bytes_can_be_read_by_themselves() -> None:
    """MEASURED: a plaintext that leans on the namespaces around it is read as something else."""
    pair = rsa_pair()
    root = response.build(pinned(), authentication(recipient=Recipient(pair.key.public_key()), sign="assertion"))
    encrypted_key, data = rebuilt(root.find("saml:EncryptedAssertion", NS))[0]
    plaintext = _decrypt(encrypted_key, data, pair.key)
    assert plaintext is not None
    assert etree.fromstring(plaintext).tag == f"{{{names.SAML}}}Assertion"
    assert etree.fromstring(plaintext).find("ds:Signature", NS) is not None


# -- what stands in it (SDP-IDP09 to 12, Prof §4.1.4.2) --------------------------------------------------------------


@pytest.mark.spec("SAML2 Prof 4.1.4.2")
def test_SDP_IDP10_one_assertion_with_one_authn_statement_for_this_bearer(
    provider: Provider, wiki: Client, signed_in: Browser, clock: Clock
) -> None:
    request = authn_request(provider)
    root = message(by_redirect(signed_in, request))
    assert len(root.findall("saml:Assertion", NS)) == 1
    assert len(root.findall(".//saml:AuthnStatement", NS)) == 1
    assert len(root.findall(".//saml:AttributeStatement", NS)) == 1
    data = root.find(".//saml:SubjectConfirmationData", NS)
    assert data.attrib == {
        "Recipient": ACS, "InResponseTo": request.get("ID"), "NotOnOrAfter": instant(clock() + 300),
    }  # fmt: skip
    assert [a.text for a in root.findall(".//saml:Audience", NS)] == [SP]
    window = root.find(".//saml:Conditions", NS).attrib
    assert window == {
        "NotBefore": instant(clock() - 180),
        "NotOnOrAfter": instant(clock() + 300),
    }
    assert {issuer.text for issuer in root.iter(f"{{{names.SAML}}}Issuer")} == {IDP}


@pytest.mark.spec("SAML2 Core 1.3.4")
def test_ids_are_random_and_never_come_twice(provider: Provider, wiki: Client, signed_in: Browser) -> None:
    seen = set()
    for _ in range(5):
        root = message(by_redirect(signed_in, authn_request(provider)))
        for node in (root, root.find("saml:Assertion", NS)):
            assert re.fullmatch(r"_[0-9a-f]{32,}", node.get("ID"))
            seen.add(node.get("ID"))
    assert len(seen) == 10


def test_a_session_index_is_the_same_for_a_session_and_another_for_each_application(
    provider: Provider, wiki: Client, signed_in: Browser
) -> None:
    register(provider, "Other", facts("https://other.example/md", "https://other.example/acs"))

    def index(browser: Browser, issuer: str = SP) -> str:
        root = message(sign_in(browser, by_redirect(browser, authn_request(provider, issuer=issuer))))
        return str(root.find(".//saml:AuthnStatement", NS).get("SessionIndex"))

    first = index(signed_in)
    assert index(signed_in) == first
    assert index(signed_in, "https://other.example/md") != first
    assert index(provider.browser()) != first


def test_the_end_of_the_session_is_told_where_an_admin_says_so(
    provider: Provider, wiki: Client, signed_in: Browser, clock: Clock
) -> None:
    def told() -> str | None:
        root = message(by_redirect(signed_in, authn_request(provider)))
        return root.find(".//saml:AuthnStatement", NS).get("SessionNotOnOrAfter")

    assert told() is None
    provider.services.registry.update(wiki.id, {"session_lifetime": 3600})
    assert told() == instant(clock() + 3600)
    provider.services.registry.update(wiki.id, {"session_lifetime": 30 * 86400})
    assert told() == instant(clock() + 12 * 3600)  # never longer than our own session


@pytest.mark.parametrize(
    ("settings", "algorithm"),
    [
        ({}, names.RSA_SHA256),
        ({"signature_algorithm": "rsa-sha512"}, names.RSA_SHA512),
        ({"signature_algorithm": "rsa-pss-sha256"}, names.RSA_PSS_SHA256),
        ({"signature_algorithm": "ecdsa-sha256"}, names.ECDSA_SHA256),
    ],
)
def test_IIP_ALG_an_admin_chooses_the_algorithm(
    provider: Provider, ann: Person, signed_in: Browser, settings: dict[str, str], algorithm: str
) -> None:
    register(provider, **settings)
    root = message(by_redirect(signed_in, authn_request(provider)))
    assert {m.get("Algorithm") for m in root.iter(f"{{{names.DS}}}SignatureMethod")} == {algorithm}


def test_IIP_MD10_the_metadata_chooses_what_it_can_read(provider: Provider, ann: Person, signed_in: Browser) -> None:
    key = {"certificate": certificate(rsa_pair()), "methods": [
        {"algorithm": names.AES128_GCM},
        {"algorithm": names.RSA_OAEP, "digest": names.SHA256, "mgf": names.MGF1_SHA256},
    ]}  # fmt: skip
    said = facts(
        signing_methods=[{"algorithm": names.RSA_SHA384}], digest_methods=[names.SHA384], encryption_keys=[key]
    )
    register(provider, said=said)
    root = message(by_redirect(signed_in, authn_request(provider)))
    assert root.find(".//ds:SignatureMethod", NS).get("Algorithm") == names.RSA_SHA384
    assert root.find("ds:Signature//ds:DigestMethod", NS).get("Algorithm") == names.SHA384
    methods = [m.get("Algorithm") for m in root.iter(f"{{{names.XENC}}}EncryptionMethod")]
    assert methods == [names.AES128_GCM, names.RSA_OAEP]


def test_what_cannot_be_encrypted_is_not_sent_in_the_clear(provider: Provider, ann: Person, signed_in: Browser) -> None:
    """IIP-ALG06: rsa-1_5 is refused, and so is the assertion."""
    key = {"certificate": certificate(rsa_pair()), "methods": [{"algorithm": names.RSA_1_5}]}
    register(provider, said=facts(encryption_keys=[key]))
    root = message(by_redirect(signed_in, authn_request(provider)))
    assert root.find(".//samlp:StatusCode", NS).get("Value") == names.RESPONDER
    assert root.find(".//saml:Assertion", NS) is None


def test_an_encrypted_name_id_for_whoever_asks(provider: Provider, ann: Person, signed_in: Browser) -> None:
    pair = rsa_pair()
    register(provider, said=facts(encryption_keys=[{"certificate": certificate(pair)}]))
    application = Toolkit(provider, pair=pair, security={"wantNameIdEncrypted": True, "wantAssertionsEncrypted": True})
    auth = application.accept(signed_in.get(application.login_url()))
    assert auth.get_nameid() == "ann"


@pytest.mark.parametrize(
    "value",
    [
        "</saml:AttributeValue><saml:AttributeValue>admin",
        "a\x00b\x0bc",
        "\ud800lone",
        "<!-- x -->",
        "&amp;",
        "\ufffe",
        "]]>",
    ],
)
def test_T19_a_value_stays_a_value(provider: Provider, browser: Browser, value: str) -> None:
    provider.add_person("ann", claims={"title": value})
    register(provider, attributes={"title": "title"})
    answer = sign_in(browser, by_redirect(browser, authn_request(provider)))
    root = etree.fromstring(b64decode(answer.sent["SAMLResponse"]))
    values = root.findall(".//saml:AttributeValue", NS)
    assert len(values) == 1
    assert (values[0].text or "") == re.sub("[\x00\x0b\ud800\ufffe]", "", value)


def test_AllowCreate_false_gives_the_identifier_that_is_there(
    provider: Provider, wiki: Client, signed_in: Browser
) -> None:
    asked = policy(names.NAMEID_PERSISTENT, AllowCreate="true")
    made = message(by_redirect(signed_in, authn_request(provider, asked))).findtext(".//saml:NameID", None, NS)
    again = policy(names.NAMEID_PERSISTENT, AllowCreate="false")
    assert message(by_redirect(signed_in, authn_request(provider, again))).findtext(".//saml:NameID", None, NS) == made
