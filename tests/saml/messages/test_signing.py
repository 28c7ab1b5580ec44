"""What we sign, read by others: xmlsec, `xmlsec1`, python3-saml, pysaml2. And what they sign, read by us."""

from __future__ import annotations

import re
import shutil
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import xmlsec
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from saml2 import pack
from saml2.cryptography.asymmetric import load_pem_private_key
from saml2.sigver import CryptoBackendXmlSec1, RSACrypto, SignatureError, pre_signature_part, verify_redirect_signature

from idp.saml.messages import names, signing
from idp.saml.messages.encryption import Recipient, encrypted_assertion
from idp.saml.messages.http_redirect import decode_redirect, deflate, encode_redirect
from idp.saml.messages.signature_gate import SECURE
from idp.saml.messages.signatures import open_message, verify_enveloped
from idp.saml.messages.signing import sign, signing_key
from idp.saml.messages.xml import Element, c14n, child, element, parse, serialize
from tests.saml.pairs import Pair, ec_pair, rsa_pair
from tests.saml.samples import IDP, ROOTS, SP, WHO, assertion, authn_request, logout_response, response, signed

DS = f"{{{names.DS}}}"
SIGNED = [
    f"{names.SAMLP}:Response",
    f"{names.SAML}:Assertion",
    *(f"{names.SAMLP}:{name}" for name in ROOTS if name != "EntityDescriptor"),
    f"{names.MD}:EntityDescriptor",
]


def signed_response(pair: Pair, algorithm: str | None = None) -> Element:
    """Both signatures: the Assertion's, then the Response's around it."""
    inner = assertion()
    sign(inner, pair.signer(algorithm), prefixes=("xs",))
    outer = response(inner)
    sign(outer, pair.signer(algorithm), prefixes=("xs",))
    return outer


def xmlsec_accepts(document: bytes, pair: Pair, path: str = "/*") -> bool:
    root = etree.fromstring(document)
    for node in root.iter("*"):
        if node.get("ID"):
            xmlsec.tree.add_ids(node, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pair.certificate, xmlsec.constants.KeyDataFormatCertDer)
    (owner,) = root.xpath(path, namespaces=names.PREFIXES)
    context.verify(owner.find(DS + "Signature"))
    return True


# -- the form --------------------------------------------------------------------------------------------------------


@pytest.mark.spec("Core 5.4.2")
def test_a_signature_stands_behind_the_issuer_and_refers_to_the_root():
    root = authn_request()
    sign(root, rsa_pair().signer())
    assert [etree.QName(node).localname for node in root][:2] == ["Issuer", "Signature"]
    assert root[1].find(f"{DS}SignedInfo/{DS}Reference").get("URI") == f"#{root.get('ID')}"
    assert (
        root[1].findtext(f"{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate") == b64encode(rsa_pair().certificate).decode()
    )
    metadata = ROOTS["EntityDescriptor"]()
    sign(metadata, rsa_pair().signer())
    assert metadata[0].tag == DS + "Signature"


def test_the_defaults_are_what_every_service_provider_reads():
    """Decision 4: RSA-SHA256, SHA-256, exclusive canonicalisation."""
    methods = re.findall(rb'Algorithm="([^"]+)"', signed(authn_request()))
    assert [method.decode() for method in methods] == [
        names.EXC_C14N,
        names.RSA_SHA256,
        names.ENVELOPED,
        names.EXC_C14N,
        names.SHA256,
    ]
    assert ec_pair(256).signer().algorithm == names.ECDSA_SHA256
    assert ec_pair(384).signer().algorithm == names.ECDSA_SHA384
    assert ec_pair(521).signer().algorithm == names.ECDSA_SHA512


def test_what_cannot_be_signed_says_so():
    with pytest.raises(ValueError, match="without ID"):
        sign(element(names.SAMLP, "Response"), rsa_pair().signer())
    root = authn_request()
    sign(root, rsa_pair().signer())
    with pytest.raises(ValueError, match="signed already"):
        sign(root, rsa_pair().signer())


def test_a_key_its_certificate_and_its_algorithm_must_fit():
    with pytest.raises(ValueError, match="not of this key"):
        signing_key(rsa_pair().key, rsa_pair("other").certificate)
    for pair, algorithm in (
        (rsa_pair(), names.ECDSA_SHA256),
        (ec_pair(), names.RSA_SHA256),
        (rsa_pair(), names.RSA_SHA1),
        (ec_pair(), names.ECDSA_SHA1),
        (rsa_pair(), "none"),
    ):
        with pytest.raises(ValueError, match="not an algorithm"):
            pair.signer(algorithm)


def test_the_first_signature_under_a_new_prefix_verifies_as_well(monkeypatch: pytest.MonkeyPatch):
    """lxml leaves out a prefix that its thread has never read: the first Response of a process would be refused."""
    monkeypatch.setitem(names.PREFIXES, "neverseen", "urn:never:seen")
    root = element(names.SAML, "Assertion", {"ID": "_1"}, declare=("neverseen",))
    sign(root, rsa_pair().signer(), prefixes=("neverseen",))
    assert b'<saml:Assertion xmlns:neverseen="urn:never:seen"' in c14n(root, ("neverseen",))
    assert xmlsec_accepts(serialize(root), rsa_pair())


@pytest.mark.spec("RFC9231 2.3.6")
def test_an_ecdsa_signature_is_r_and_s_side_by_side():
    for bits, size in ((256, 64), (384, 96), (521, 132)):
        assert {len(ec_pair(bits).signer().sign(b"x")) for _ in range(20)} == {size}


# -- our signatures, their verifiers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", [*signing.RSA, *signing.RSA_PSS, *signing.ECDSA])
def test_xmlsec_verifies_both_signatures_in_every_algorithm(algorithm: str):
    pair = ec_pair() if algorithm in signing.ECDSA else rsa_pair()
    document = serialize(signed_response(pair, algorithm))
    assert xmlsec_accepts(document, pair)
    assert xmlsec_accepts(document, pair, "/*/saml:Assertion")


@pytest.mark.spec("IIP-SSO04")
def test_a_signed_assertion_verifies_when_it_is_taken_out_of_its_response():
    """Exclusive canonicalisation: it depends on nothing that it stands in."""
    document = serialize(signed_response(rsa_pair()))
    inner = etree.fromstring(document).find(f"{{{names.SAML}}}Assertion")
    alone = c14n(inner, ("xs",))
    assert xmlsec_accepts(alone, rsa_pair())
    assert verify_enveloped(parse(alone), [rsa_pair().public]).get("ID") == "_assertion"
    assert b'xsi:type="xs:string"' in alone
    assert f'xmlns:xs="{names.XS}"'.encode() in alone


def test_a_response_around_an_encrypted_assertion_is_signed_as_it_is_sent():
    """authentik#12306: "sign both" with encryption broke both; the order is sign, encrypt, sign."""
    inner = assertion()
    sign(inner, rsa_pair().signer())
    outer = response(encrypted_assertion(inner, Recipient(rsa_pair("sp").public)))
    sign(outer, rsa_pair().signer())
    assert xmlsec_accepts(serialize(outer), rsa_pair())


def run_xmlsec1(tmp_path: Path, document: bytes, pair: Pair, *how: str) -> subprocess.CompletedProcess[str]:
    certificate, _ = pair.write(tmp_path)
    file = tmp_path / "document.xml"
    file.write_bytes(document)
    binary = shutil.which("xmlsec1")
    assert binary, "install Debian's xmlsec1"
    named = [part for name in SIGNED for part in ("--id-attr:ID", name)]
    command = [binary, "--verify", "--pubkey-cert-pem", certificate, *named, *how, str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", [*signing.RSA, *signing.ECDSA])
@pytest.mark.parametrize("where", ["Response", "Assertion"])
def test_debians_xmlsec1_verifies_both_signatures(where: str, algorithm: str, tmp_path: Path):
    pair = ec_pair() if algorithm in signing.ECDSA else rsa_pair()
    document = serialize(signed_response(pair, algorithm))
    path = (
        "/*/*[local-name()='Signature']"
        if where == "Response"
        else "//*[local-name()='Assertion']/*[local-name()='Signature']"
    )
    ran = run_xmlsec1(tmp_path, document, pair, "--node-xpath", path)
    assert ran.returncode == 0, ran.stderr
    changed = document.replace(b"Bob", b"Eve")
    assert run_xmlsec1(tmp_path, changed, pair, "--node-xpath", path).returncode != 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ROOTS)
def test_debians_xmlsec1_verifies_every_kind_of_message(kind: str, tmp_path: Path):
    assert run_xmlsec1(tmp_path, signed(ROOTS[kind]()), rsa_pair()).returncode == 0


def test_python3_saml_verifies_both_signatures():
    document = serialize(signed_response(rsa_pair()))
    pem = rsa_pair().certificate_pem
    response_path = "/samlp:Response/ds:Signature"
    assertion_path = "/samlp:Response/saml:Assertion/ds:Signature"
    for path in (response_path, assertion_path):
        assert OneLogin_Saml2_Utils.validate_sign(document, cert=pem, xpath=path, raise_exceptions=True)
    assert not OneLogin_Saml2_Utils.validate_sign(document.replace(b"Bob", b"Eve"), cert=pem, xpath=response_path)


@pytest.mark.slow
def test_pysaml2_verifies_both_signatures(tmp_path: Path):
    certificate, _ = rsa_pair().write(tmp_path)
    backend = CryptoBackendXmlSec1(shutil.which("xmlsec1"))
    document = serialize(signed_response(rsa_pair()))
    for name, identifier in ((f"{names.SAMLP}:Response", "_response"), (f"{names.SAML}:Assertion", "_assertion")):
        assert backend.validate_signature(document, certificate, "pem", name, identifier)
    with pytest.raises(SignatureError):
        backend.validate_signature(
            document.replace(b"Bob", b"Eve"), certificate, "pem", f"{names.SAMLP}:Response", "_response"
        )


def redirected(algorithm: str | None = None) -> dict[str, str]:
    sent = encode_redirect(
        "https://sp.example.com/slo", "SAMLResponse", logout_response(), "a b&c=ü", rsa_pair().signer(algorithm)
    )
    return dict(parse_qsl(urlsplit(sent.location).query))


@pytest.mark.spec("Bind 3.4.4.1")
def test_python3_saml_verifies_a_redirect():
    got = redirected()
    octets = urlsplit(
        encode_redirect(
            "https://sp.example.com/slo", "SAMLResponse", logout_response(), "a b&c=ü", rsa_pair().signer()
        ).location
    ).query.partition("&Signature=")[0]
    assert OneLogin_Saml2_Utils.validate_binary_sign(
        octets, b64decode(got["Signature"]), rsa_pair().certificate_pem, got["SigAlg"]
    )


def test_pysaml2_verifies_a_redirect():
    """It encodes the decoded values anew (a space as "+"), so this one is without a space."""
    sent = encode_redirect(
        "https://sp.example.com/slo", "SAMLResponse", logout_response(), "ss:mem:1", rsa_pair().signer()
    )
    got = dict(parse_qsl(urlsplit(sent.location).query))
    crypto = RSACrypto(load_pem_private_key(rsa_pair().key_pem.encode()))
    body = "".join(rsa_pair().certificate_pem.splitlines()[1:-1])
    assert verify_redirect_signature(got, crypto, body)
    assert not verify_redirect_signature(got | {"RelayState": "ss:mem:2"}, crypto, body)


# -- their signatures, our gate --------------------------------------------------------------------------------------


def by_python3_saml(root: Element, tmp_path: Path) -> bytes:
    document: bytes = OneLogin_Saml2_Utils.add_sign(
        etree.tostring(root).decode(),
        rsa_pair().key_pem,
        rsa_pair().certificate_pem,
        sign_algorithm=names.RSA_SHA256,
        digest_algorithm=names.SHA256,
    )
    return document


def by_pysaml2(root: Element, tmp_path: Path) -> bytes:
    """Its own template, its own call of xmlsec1."""
    part = pre_signature_part(root.get("ID"), identifier="1", digest_alg=names.SHA256, sign_alg=names.RSA_SHA256)
    root.insert(1 if root[0].tag.endswith("Issuer") else 0, etree.fromstring(part.to_string()))
    _, key = rsa_pair().write(tmp_path)
    name = etree.QName(root)
    backend = CryptoBackendXmlSec1(shutil.which("xmlsec1"))
    signed: str = backend.sign_statement(
        etree.tostring(root).decode(), f"{name.namespace}:{name.localname}", key, root.get("ID")
    )
    return signed.encode()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ROOTS)
@pytest.mark.parametrize("by", [by_python3_saml, by_pysaml2])
def test_the_gate_opens_for_what_other_libraries_sign(by: Callable[[Element, Path], bytes], kind: str, tmp_path: Path):
    document = by(ROOTS[kind](), tmp_path)
    assert SP in etree.tostring(verify_enveloped(parse(document), [rsa_pair().public], allowed=SECURE)).decode()


def test_the_gate_opens_for_redirects_of_pysaml2():
    crypto = RSACrypto(load_pem_private_key(rsa_pair().key_pem.encode()))
    message = etree.tostring(authn_request()).decode()
    sent = pack.http_redirect_message(message, IDP, "a b/ü", "SAMLRequest", names.RSA_SHA256, True, crypto)
    received = decode_redirect(urlsplit(dict(sent["headers"])["Location"]).query)
    assert received.relay_state == "a b/ü"
    assert open_message(received, [rsa_pair().public]).signed


@pytest.mark.parametrize("lowercase", [False, True])
def test_the_gate_opens_for_redirects_of_python3_saml(lowercase: bool):
    """With ADFS's lower-case escapes as well, which python3-saml can write."""
    parts = {
        "SAMLRequest": b64encode(deflate(serialize(authn_request()))).decode(),
        "RelayState": "https://sp.example.com/a b?c=d&e",
        "SigAlg": names.RSA_SHA256,
    }
    octets = "&".join(
        f"{name}={OneLogin_Saml2_Utils.case_sensitive_urlencode(value, lowercase)}"
        if hasattr(OneLogin_Saml2_Utils, "case_sensitive_urlencode")
        else f"{name}={OneLogin_Saml2_Utils.escape_url(value, lowercase)}"
        for name, value in parts.items()
    )
    value = OneLogin_Saml2_Utils.sign_binary(octets, rsa_pair().key_pem, xmlsec.Transform.RSA_SHA256)
    signature = OneLogin_Saml2_Utils.escape_url(b64encode(value).decode(), lowercase)
    received = decode_redirect(f"{octets}&Signature={signature}")
    assert open_message(received, [rsa_pair().public]).signed
    assert received.relay_state == parts["RelayState"]


def test_values_of_any_script_survive_signing_and_verifying():
    root: Any = assertion()
    child(root, names.SAML, "Advice", None, WHO + "\t\r\n")
    tree = verify_enveloped(parse(signed(root)), [rsa_pair().public])
    assert tree[-1].text == WHO + "\t\r\n"
