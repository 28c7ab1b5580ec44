"""The gate: what a signature may look like, and who may have made it. Core §5.4; threats 7, 8, 9, 11, 12; IIP-ALG."""

from __future__ import annotations

import copy
import hashlib
import hmac
import time
from base64 import b64decode, b64encode
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote

import pytest
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from idp.saml.messages import decryption, names, signature_gate, signing, soap
from idp.saml.messages.bindings import DetachedSignature, Received
from idp.saml.messages.http_redirect import decode_redirect, deflate, encode_redirect
from idp.saml.messages.public_keys import public_key
from idp.saml.messages.signature_gate import SECURE, WITH_SHA1, BadSignature
from idp.saml.messages.signatures import is_signed, open_message, verify_detached, verify_enveloped
from idp.saml.messages.xml import BadXml, parse, serialize
from tests.saml.pairs import ec_pair, rsa_pair, self_signed
from tests.saml.samples import IDP, SP, authn_request, signed

DS = f"{{{names.DS}}}"


def keys() -> list[Any]:
    return [rsa_pair().public]


def refused(root: Any, allowed: signature_gate.Algorithms = SECURE) -> str:
    with pytest.raises((BadSignature, BadXml)) as caught:
        verify_enveloped(parse(etree.tostring(root)), keys(), allowed=allowed)
    return caught.value.reason


def good() -> Any:
    return etree.fromstring(signed(authn_request()))


def find(root: Any, path: str) -> Any:
    return root.find(DS + "Signature" + "".join(f"/{DS}{part}" for part in path.split("/") if part))


# -- the shape of a signature (threats 3 and 7) ----------------------------------------------------------------------

TRANSFORMS = {
    "XSLT": (
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        '<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0"><x:template match="/">'
        '<x:call-template name="f"/></x:template><x:template name="f"><x:call-template name="f"/>'
        '<x:call-template name="f"/></x:template></x:stylesheet>',
    ),
    "XPath": (
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        f'<ds:XPath xmlns:ds="{names.DS}">count(//.|//@*|//namespace::*) &gt; count(//.//.//.//.)</ds:XPath>',
    ),
    "XPath filter": (
        "http://www.w3.org/2002/06/xmldsig-filter2",
        '<f:XPath xmlns:f="http://www.w3.org/2002/06/xmldsig-filter2" Filter="subtract">//*</f:XPath>',
    ),
    "base64": ("http://www.w3.org/2000/09/xmldsig#base64", ""),
    "XPointer": ("http://www.w3.org/2001/04/xmldsig-more/xptr", ""),
    "XML decryption": ("http://www.w3.org/2002/07/decrypt#XML", ""),
    "STR": ("http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform", ""),
    "Visa 3D": ("http://www.aleksey.com/xmlsec/2005/09/visa-3d", ""),
    "unknown": ("urn:unknown", ""),
}


def with_transform(name: str, place: int, replace: bool) -> Any:
    root = good()
    transforms = find(root, "SignedInfo/Reference/Transforms")
    algorithm, content = TRANSFORMS[name]
    made = etree.Element(f"{DS}Transform", Algorithm=algorithm)
    if content:
        made.append(etree.fromstring(content))
    if replace:
        del transforms[place]
    transforms.insert(place, made)
    return root


@pytest.mark.spec("Core 5.4.4")
@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("name", TRANSFORMS)
def test_threat_7_other_transforms_are_refused_before_they_run(name: str, place: int, replace: bool):
    root = parse(etree.tostring(with_transform(name, min(place, 1) if replace else place, replace)))
    best = 1.0
    for _ in range(20):
        started = time.process_time()
        with pytest.raises(BadSignature) as caught:
            verify_enveloped(root, keys())
        best = min(best, time.process_time() - started)
    assert "Transform" in caught.value.reason or "transform" in caught.value.reason or "canon" in caught.value.reason
    assert best < 0.001


def test_threat_7_xmlsec_itself_would_run_them():
    """Why the list comes first: xmlsec runs the XPath of a signature that nobody made."""
    root = with_transform("XPath", 1, False)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(rsa_pair().certificate, xmlsec.constants.KeyDataFormatCertDer)
    context.register_id(root, "ID")
    filler = etree.SubElement(root, "x")
    for _ in range(100):
        etree.SubElement(filler, "y")
    started = time.thread_time()
    with pytest.raises(xmlsec.Error):
        context.verify(root.find(DS + "Signature"))
    assert time.thread_time() - started > 0.005


def put(root: Any, path: str, xml: str, index: int = 0) -> None:
    find(root, path).insert(index, etree.fromstring(xml))


def drop(root: Any, path: str) -> None:
    node = find(root, path)
    node.getparent().remove(node)


def twice(root: Any, path: str) -> None:
    node = find(root, path)
    node.addnext(copy.deepcopy(node))


def text(root: Any, path: str, value: str) -> None:
    find(root, path).text = value


SHAPES = {
    "an Object": lambda r: put(r, "", f'<Object xmlns="{names.DS}"/>', 3),
    "something unknown": lambda r: put(r, "", "<x/>", 2),
    "no SignatureValue": lambda r: drop(r, "SignatureValue"),
    "two SignatureValues": lambda r: twice(r, "SignatureValue"),
    "an empty SignatureValue": lambda r: text(r, "SignatureValue", ""),
    "a SignatureValue that is no base64": lambda r: text(r, "SignatureValue", "ü"),
    "no SignedInfo": lambda r: drop(r, "SignedInfo"),
    "two SignedInfos": lambda r: twice(r, "SignedInfo"),
    "two KeyInfos": lambda r: twice(r, "KeyInfo"),
    "the wrong order": lambda r: r.find(DS + "Signature").append(find(r, "SignedInfo")),
    "no Reference": lambda r: drop(r, "SignedInfo/Reference"),
    "two References": lambda r: twice(r, "SignedInfo/Reference"),
    "two SignatureMethods": lambda r: twice(r, "SignedInfo/SignatureMethod"),
    "an HMAC length": lambda r: put(
        r, "SignedInfo/SignatureMethod", f'<HMACOutputLength xmlns="{names.DS}">1</HMACOutputLength>'
    ),
    "two CanonicalizationMethods": lambda r: twice(r, "SignedInfo/CanonicalizationMethod"),
    "another canonicalisation": lambda r: find(r, "SignedInfo/CanonicalizationMethod").set(
        "Algorithm", "http://www.w3.org/2010/xml-c14n2"
    ),
    "prefixes of inclusive canonicalisation": lambda r: find(r, "SignedInfo/CanonicalizationMethod").extend(
        [find(r, "SignedInfo/CanonicalizationMethod").set("Algorithm", names.C14N) or etree.Element(f"{DS}x")]
    ),
    "the transforms the other way round": lambda r: find(r, "SignedInfo/Reference/Transforms").append(
        find(r, "SignedInfo/Reference/Transforms")[0]
    ),
    "canonicalisation alone": lambda r: find(r, "SignedInfo/Reference/Transforms").remove(
        find(r, "SignedInfo/Reference/Transforms")[0]
    ),
    "no Transforms": lambda r: drop(r, "SignedInfo/Reference/Transforms"),
    "no Transform": lambda r: find(r, "SignedInfo/Reference/Transforms").clear(),
    "two DigestMethods": lambda r: twice(r, "SignedInfo/Reference/DigestMethod"),
    "two DigestValues": lambda r: twice(r, "SignedInfo/Reference/DigestValue"),
    "a child in DigestValue": lambda r: put(r, "SignedInfo/Reference/DigestValue", "<x/>"),
    "a child in SignatureValue": lambda r: put(r, "SignatureValue", "<x/>"),
    "no URI": lambda r: find(r, "SignedInfo/Reference").attrib.pop("URI"),
    "a Type": lambda r: find(r, "SignedInfo/Reference").set("Type", f"{names.DS}Object"),
    "a file": lambda r: find(r, "SignedInfo/Reference").set("URI", "file:///etc/passwd"),
    "a URL": lambda r: find(r, "SignedInfo/Reference").set("URI", "http://127.0.0.1:9/x"),
    "text between": lambda r: text(r, "SignedInfo", "x"),
    "text behind": lambda r: setattr(find(r, "SignedInfo"), "tail", "x"),
    "no ID": lambda r: r.attrib.pop("ID"),
    "an empty ID": lambda r: (r.set("ID", ""), find(r, "SignedInfo/Reference").set("URI", "#")),
    "an ID that is an XPointer": lambda r: (
        r.set("ID", "xpointer(/)"),
        find(r, "SignedInfo/Reference").set("URI", "#xpointer(/)"),
    ),
    "another ID": lambda r: r.set("ID", "_other"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_threat_3_a_signature_has_one_shape(name: str):
    root = good()
    SHAPES[name](root)
    # Refused for its shape, not because the signature happens to break.
    assert "no signing key" not in refused(root)


def test_threat_4_a_document_without_a_canonical_form_is_refused():
    """CVE-2025-66568: some libraries sign and verify the digest of nothing."""
    root = good()
    root.append(etree.fromstring('<x xmlns="relative"/>'))
    find(root, "SignedInfo/Reference/DigestValue").text = b64encode(hashlib.sha256(b"").digest()).decode()
    refused(root)


def test_white_space_between_the_parts_of_a_signature_is_no_harm():
    """xmlsec, .NET and Java all break their base64 into lines."""
    root = authn_request()
    signature = xmlsec.template.create(
        root, xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformRsaSha256, "S1", "ds"
    )
    reference = xmlsec.template.add_reference(signature, xmlsec.constants.TransformSha256, uri=f"#{root.get('ID')}")
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
    root.insert(1, signature)
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(rsa_pair().key_pem, xmlsec.constants.KeyDataFormatPem)
    context.sign(signature)
    document = etree.tostring(root)
    assert b"\n" in document
    assert b'Id="S1"' in document
    assert verify_enveloped(parse(document), keys())[0].text == SP


@pytest.mark.parametrize("where", ["root", "Issuer", "attribute", "tail"])
def test_a_changed_document_is_refused(where: str):
    root = good()
    if where == "root":
        root.set("ForceAuthn", "true")
    elif where == "Issuer":
        root[0].text = f"{SP}x"
    elif where == "attribute":
        root[-1].set("AllowCreate", "false")
    else:
        root[-1].tail = "x"
    assert "changed after it was signed" in refused(root)


# -- what old .NET software signs with (docs/decisions/saml-signatures.md) -------------------------------------------


def signed_with(canonical: str, transforms: Sequence[str], root: Any = None) -> bytes:
    """A request as xmlsec signs it: the oracle for every canonicalisation."""
    root = authn_request() if root is None else root
    signature = xmlsec.template.create(root, canonical, xmlsec.constants.TransformRsaSha256)
    reference = xmlsec.template.add_reference(signature, xmlsec.constants.TransformSha256, uri=f"#{root.get('ID')}")
    for transform in transforms:
        xmlsec.template.add_transform(reference, transform)
    root.insert(1, signature)
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = private()
    context.sign(signature)
    return etree.tostring(root)


def crowded() -> Any:
    """A request with namespaces that nothing in it uses, as serialisers leave them: the inclusive form has them all."""
    nsmap = {"xsd": names.XS, "xsi": names.XSI, None: "urn:unused"}
    made = etree.Element(
        f"{{{names.SAMLP}}}AuthnRequest", dict(authn_request().attrib), {"samlp": names.SAMLP, **nsmap}
    )
    made.extend(authn_request())
    return made


_C = xmlsec.constants
FORMS = {
    "SignedXml of .NET as it comes": (_C.TransformInclC14N, [_C.TransformEnveloped]),
    "enveloped alone": (_C.TransformExclC14N, [_C.TransformEnveloped]),
    "inclusive": (_C.TransformInclC14N, [_C.TransformEnveloped, _C.TransformInclC14N]),
    "inclusive, with comments": (
        _C.TransformInclC14NWithComments,
        [_C.TransformEnveloped, _C.TransformInclC14NWithComments],
    ),
    "inclusive 1.1": (_C.TransformInclC14N11, [_C.TransformEnveloped, _C.TransformInclC14N11]),
    "inclusive around, exclusive within": (_C.TransformInclC14N, [_C.TransformEnveloped, _C.TransformExclC14N]),
    "exclusive around, inclusive within": (_C.TransformExclC14N, [_C.TransformEnveloped, _C.TransformInclC14N]),
}


@pytest.mark.spec("Core 5.4.3")
@pytest.mark.spec("XMLDSig 4.4.3.2")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("make", [authn_request, crowded])
def test_a_request_may_be_signed_in_any_canonical_form_and_is_read_from_it(form: str, make: Any):
    """Core §5.4.3, §5.4.4 say SHOULD of the exclusive one; a whole document means the same in either."""
    document = signed_with(*FORMS[form], root=make())
    opened = open_message(Received(names.HTTP_POST, "SAMLRequest", document), keys())
    assert opened.signed
    assert opened.root[0].text == SP
    for changed in (
        document.replace(b'AllowCreate="true"', b'AllowCreate="false"'),
        document.replace(SP.encode(), b"https://evil.example.com"),
        document.replace(b"xml-exc-c14n#", b"xml-exc-c14n#WithComments"),
        document.replace(b"http://www.w3.org/TR/2001/REC-xml-c14n-20010315", b"http://www.w3.org/2006/12/xml-c14n11"),
    ):
        if changed != document:
            with pytest.raises(BadSignature):
                open_message(Received(names.HTTP_POST, "SAMLRequest", changed), keys())


def test_the_inclusive_form_of_a_message_in_an_envelope_is_that_of_the_message_where_it_stood():
    """A message signed by itself and put into an envelope that declares more than it knows fails, and never opens."""
    document = signed_with(*FORMS["SignedXml of .NET as it comes"])
    plain = f'<S:Envelope xmlns:S="{names.SOAP}"><S:Body>'.encode()
    opened = soap.decode_soap(plain + document + b"</S:Body></S:Envelope>")
    with pytest.raises(BadSignature):
        open_message(opened, keys())


def test_the_prefix_list_is_honoured_and_bounded():
    root = authn_request()
    etree.SubElement(root, f"{{{names.SAMLP}}}Extensions", nsmap={"xs": names.XS})
    document = signed(root, prefixes=("xs", "samlp"))
    assert verify_enveloped(parse(document), keys())[-1].nsmap["xs"] == names.XS
    many = etree.fromstring(document)
    next(many.iter(f"{{{names.EC}}}InclusiveNamespaces")).set("PrefixList", "a " * 40)
    assert "prefixes" in refused(many)


# -- who made it, and how (threats 8 and 9) --------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", [*signing.RSA, *signing.RSA_PSS])
@pytest.mark.parametrize("digest", [names.SHA256, names.SHA384, names.SHA512])
@pytest.mark.spec("IIP-ALG01")
def test_every_rsa_signature_we_take(algorithm: str, digest: str):
    document = signed(authn_request(), rsa_pair(), algorithm, digest=digest)
    assert (
        verify_enveloped(parse(document), [ec_pair().public, rsa_pair("old").public, rsa_pair().public])[0].text == SP
    )


@pytest.mark.parametrize("bits", [256, 384, 521])
@pytest.mark.parametrize("algorithm", [*signing.ECDSA])
def test_every_ecdsa_signature_we_take(bits: int, algorithm: str):
    document = signed(authn_request(), ec_pair(bits), algorithm)
    assert verify_enveloped(parse(document), [rsa_pair().public, ec_pair(bits).public])[0].text == SP


@pytest.mark.spec("IIP-MD07")
def test_every_key_is_tried_and_no_key_is_no():
    document = signed(authn_request())
    verify_enveloped(parse(document), [rsa_pair("next").public, rsa_pair().public])
    for wrong in ([], [rsa_pair("next").public], [ec_pair().public]):
        with pytest.raises(BadSignature, match="no signing key"):
            verify_enveloped(parse(document), wrong)


def signed_by_xmlsec(method: str, digest: str, key: Any) -> bytes:
    """Any algorithm at all, by URI."""
    root = authn_request()
    signing.sign(root, rsa_pair().signer())
    signature = root.find(DS + "Signature")
    find(root, "SignedInfo/SignatureMethod").set("Algorithm", method)
    find(root, "SignedInfo/Reference/DigestMethod").set("Algorithm", digest)
    find(root, "SignedInfo/Reference/DigestValue").text = None
    find(root, "SignatureValue").text = None
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = key
    context.sign(signature)
    return etree.tostring(root)


def private() -> Any:
    return xmlsec.Key.from_memory(rsa_pair().key_pem, xmlsec.constants.KeyDataFormatPem)


@pytest.mark.parametrize(
    ("method", "digest"), [(names.RSA_SHA1, names.SHA1), (names.RSA_SHA1, names.SHA256), (names.RSA_SHA256, names.SHA1)]
)
@pytest.mark.spec("IIP-ALG02")
def test_threat_8_sha_1_is_refused_unless_the_administrator_says_otherwise(method: str, digest: str):
    document = signed_by_xmlsec(method, digest, private())
    with pytest.raises(BadSignature, match="not accepted"):
        verify_enveloped(parse(document), keys())
    assert verify_enveloped(parse(document), keys(), allowed=WITH_SHA1)[0].text == SP


@pytest.mark.parametrize("allowed", [SECURE, WITH_SHA1], ids=["secure", "with SHA-1"])
def test_threat_8_md5_is_never_accepted(allowed: signature_gate.Algorithms):
    document = signed_by_xmlsec("http://www.w3.org/2001/04/xmldsig-more#rsa-md5", names.SHA256, private())
    with pytest.raises(BadSignature, match="not accepted"):
        verify_enveloped(parse(document), keys(), allowed=allowed)


@pytest.mark.parametrize("allowed", [SECURE, WITH_SHA1], ids=["secure", "with SHA-1"])
@pytest.mark.parametrize("name", ["hmac-sha1", "hmac-sha256"])
def test_threat_8_an_hmac_with_the_public_key_is_no_signature(name: str, allowed: signature_gate.Algorithms):
    base = "http://www.w3.org/2000/09/xmldsig#" if name == "hmac-sha1" else "http://www.w3.org/2001/04/xmldsig-more#"
    for secret in (rsa_pair().certificate, rsa_pair().certificate_pem.encode()):
        key = xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataHmac, secret)
        document = signed_by_xmlsec(base + name, names.SHA256, key)
        with pytest.raises(BadSignature, match="not accepted"):
            verify_enveloped(parse(document), keys(), allowed=allowed)


@pytest.mark.parametrize(
    "algorithm",
    [
        "",
        "none",
        "urn:none",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2009/xmldsig11#dsa-sha256",
        names.RSA_SHA256 + " ",
        names.RSA_SHA256.upper(),
    ],
)
def test_threat_8_no_other_algorithm_has_a_chance(algorithm: str):
    root = good()
    find(root, "SignedInfo/SignatureMethod").set("Algorithm", algorithm)
    assert "not accepted" in refused(root, WITH_SHA1)
    with pytest.raises(BadSignature, match="not accepted"):
        verify_detached(DetachedSignature(algorithm, b"x", b"x"), keys(), allowed=WITH_SHA1)


@pytest.mark.spec("IIP-ALG08")
def test_an_operator_may_block_more():
    document = signed(authn_request(), algorithm=names.RSA_SHA512, digest=names.SHA512)
    for blocked in (names.RSA_SHA512, names.SHA512):
        with pytest.raises(BadSignature, match="not accepted"):
            verify_enveloped(parse(document), keys(), allowed=SECURE.without(frozenset({blocked})))


def test_threat_9_a_certificate_in_the_message_is_not_looked_at():
    attacker = rsa_pair("attacker")
    document = signed(authn_request(), attacker)
    with pytest.raises(BadSignature, match="no signing key"):
        verify_enveloped(parse(document), keys())
    # Nor does it matter what stands there when the signature is right.
    root = good()
    key_info = find(root, "KeyInfo")
    key_info.clear()
    etree.SubElement(key_info, f"{DS}RetrievalMethod", URI="http://127.0.0.1:9/", Type="x")
    assert verify_enveloped(parse(etree.tostring(root)), keys())[0].text == SP


# -- HTTP-Redirect and messages without a signature (threats 11 and 12) ----------------------------------------------


def query(message: bytes | None = None, relay_state: str | None = "r&=", **how: Any) -> str:
    pair, algorithm = how.get("pair", rsa_pair()), how.get("algorithm")
    sent = encode_redirect(
        IDP, "SAMLRequest", parse(message) if message else authn_request(), relay_state, pair.signer(algorithm)
    )
    return sent.location.split("?", 1)[1]


@pytest.mark.parametrize(
    ("pair", "algorithm"),
    [*((rsa_pair, a) for a in (*signing.RSA, *signing.RSA_PSS)), *((ec_pair, a) for a in signing.ECDSA)],
)
def test_every_redirect_signature_we_take(pair: Any, algorithm: str):
    opened = open_message(
        decode_redirect(query(pair=pair(), algorithm=algorithm)), [rsa_pair().public, ec_pair().public]
    )
    assert opened.signed
    assert opened.root[0].text == SP


@pytest.mark.spec("RFC9231 2.3.6")
def test_an_ecdsa_signature_has_one_length():
    received = decode_redirect(query(pair=ec_pair()))
    signature = received.signature
    assert signature is not None
    verify_detached(signature, [ec_pair().public])
    r, s = signature.value[:32], signature.value[32:]
    der = utils.encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    for value in (r + b"\0" + s, b"\0" + r + b"\0" + s, der, r, bytes(64), b"\xff" * 64):
        with pytest.raises(BadSignature):
            verify_detached(replace(signature, value=value), [ec_pair().public])


@pytest.mark.parametrize("how", ["message", "relay state", "no relay state", "algorithm", "signature", "key", "short"])
def test_threat_12_a_changed_redirect_is_refused(how: str):
    raw = query()
    if how == "message":
        other = authn_request()
        other.set("ForceAuthn", "true")
        _, _, rest = raw.partition("&")
        raw = "SAMLRequest=" + quote(b64encode(deflate(serialize(other))).decode(), safe="") + "&" + rest
    elif how == "relay state":
        raw = raw.replace("RelayState=r", "RelayState=s")
    elif how == "no relay state":
        raw = "&".join(part for part in raw.split("&") if not part.startswith("RelayState"))
    elif how == "algorithm":
        raw = raw.replace("rsa-sha256", "rsa-sha512")
    elif how == "signature":
        rest, _, value = raw.partition("&Signature=")
        turned = bytes(byte ^ 1 for byte in b64decode(unquote(value)))
        raw = f"{rest}&Signature={quote(b64encode(turned).decode(), safe='')}"
    elif how == "short":
        raw = raw.partition("&Signature=")[0] + "&Signature=YQ%3D%3D"
    with pytest.raises(BadSignature):
        open_message(decode_redirect(raw), [rsa_pair("other").public] if how == "key" else keys())


def test_threat_12_another_encoding_of_the_same_values_breaks_the_signature():
    raw = query()
    assert open_message(decode_redirect(raw), keys()).signed
    with pytest.raises(BadSignature):
        open_message(decode_redirect(raw.replace("%2B", "%2b").replace("%2F", "%2f").replace("%3A", "%3a")), keys())


@pytest.mark.spec("Bind 3.4.4.1")
def test_a_sender_may_write_lower_case_hex_and_any_order():
    """ADFS percent-encodes in lower case, and the signature is over what it wrote."""
    encoded = quote(b64encode(deflate(serialize(authn_request()))).decode(), safe="")
    for escape in ("%2B", "%2F", "%3D"):
        encoded = encoded.replace(escape, escape.lower())
    algorithm = quote(names.RSA_SHA256, safe="").replace("%3A", "%3a").replace("%2F", "%2f")
    octets = f"SAMLRequest={encoded}&RelayState=a+b&SigAlg={algorithm}"
    signature = quote(
        b64encode(rsa_pair().key.sign(octets.encode(), padding.PKCS1v15(), hashes.SHA256())).decode(), safe=""
    )
    first, second, third = octets.split("&")
    assert open_message(decode_redirect(f"{octets}&Signature={signature}"), keys()).signed
    assert open_message(decode_redirect(f"Signature={signature}&{third}&x=1&{second}&{first}"), keys()).signed


def test_threat_12_a_signature_over_another_order_is_refused():
    message, relay_state, algorithm, _ = query(relay_state="a").split("&")
    octets = "&".join((relay_state, message, algorithm))
    value = b64encode(rsa_pair().key.sign(octets.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
    with pytest.raises(BadSignature):
        open_message(decode_redirect(f"{octets}&Signature={quote(value, safe='')}"), keys())


def test_threat_8_a_redirect_is_held_to_the_same_algorithms():
    message = query().partition("&")[0]
    for uri, allowed, digest in (
        (names.RSA_SHA1, SECURE, hashes.SHA1()),
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-md5", WITH_SHA1, hashes.SHA256()),
    ):
        octets = f"{message}&SigAlg={quote(uri, safe='')}"
        value = quote(b64encode(rsa_pair().key.sign(octets.encode(), padding.PKCS1v15(), digest)).decode(), safe="")
        received = decode_redirect(f"{octets}&Signature={value}")
        with pytest.raises(BadSignature, match="not accepted"):
            open_message(received, keys(), allowed=allowed)
        if uri == names.RSA_SHA1:
            assert open_message(received, keys(), allowed=WITH_SHA1).signed
    secret = rsa_pair().certificate
    octets = f"{message}&SigAlg={quote('http://www.w3.org/2000/09/xmldsig#hmac-sha1', safe='')}"
    value = quote(b64encode(hmac.digest(secret, octets.encode(), "sha1")).decode(), safe="")
    with pytest.raises(BadSignature, match="not accepted"):
        open_message(decode_redirect(f"{octets}&Signature={value}"), keys(), allowed=WITH_SHA1)


def test_threat_11_a_signature_inside_a_redirected_message_does_not_count():
    document = signed(authn_request())
    raw = "SAMLRequest=" + quote(b64encode(deflate(document)).decode(), safe="")
    opened = open_message(decode_redirect(raw), keys())
    assert not opened.signed
    assert not is_signed(opened.root)
    assert opened.root[0].text == SP


def test_threat_11_a_message_whose_signature_was_taken_off_is_unsigned():
    root = good()
    root.remove(root.find(DS + "Signature"))
    opened = open_message(Received(names.HTTP_POST, "SAMLRequest", etree.tostring(root)), keys())
    assert not opened.signed
    stripped = query().partition("&SigAlg")[0]
    assert not open_message(decode_redirect(stripped), keys()).signed


def test_a_posted_message_is_read_from_what_was_signed():
    opened = open_message(Received(names.HTTP_POST, "SAMLRequest", signed(authn_request())), keys())
    assert opened.signed
    assert not is_signed(opened.root)
    received = soap.decode_soap(soap.encode_soap(good()).body)
    assert open_message(received, keys()).signed


@pytest.mark.parametrize("binding", [names.HTTP_POST, names.SOAP_BINDING])
def test_a_wrong_signature_is_fatal_where_none_is_needed(binding: str):
    with pytest.raises(BadSignature):
        open_message(Received(binding, "SAMLRequest", signed(authn_request(), rsa_pair("attacker"))), keys())
    with pytest.raises(BadSignature):
        open_message(Received(binding, "SAMLRequest", signed(authn_request())), [])


# -- keys ------------------------------------------------------------------------------------------------------------


@pytest.mark.spec("IIP-MD12")
def test_a_certificate_is_a_bare_key_in_any_of_its_writings():
    pair = rsa_pair()
    body = b64encode(pair.certificate).decode()
    lines = "\n      ".join(body[n : n + 64] for n in range(0, len(body), 64))
    for text in (
        pair.certificate,
        pair.certificate_pem,
        pair.certificate_pem.encode(),
        body,
        f"\n  {lines}\n",
        lines.encode(),
    ):
        assert public_key(text).public_numbers() == pair.key.public_key().public_numbers()


@pytest.mark.spec("IIP-MD12")
@pytest.mark.parametrize(("start", "end"), [(2000, 2001), (2090, 2099)])
def test_a_certificate_that_expired_or_is_not_yet_valid_is_a_key_like_any_other(start: int, end: int):
    pair = self_signed(rsa_pair().key, start=start, end=end)
    verify_enveloped(parse(signed(authn_request())), [public_key(pair.certificate)])


def certificate_of(key: Any) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test")])
    issued = x509.load_der_x509_certificate(rsa_pair().certificate)
    builder = x509.CertificateBuilder(
        issued.issuer, name, key.public_key(), 1, issued.not_valid_before_utc, issued.not_valid_after_utc
    )
    return builder.sign(rsa_pair().key, hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    "make",
    [
        lambda: rsa.generate_private_key(65537, 1024),
        lambda: dsa.generate_private_key(2048),
        lambda: ec.generate_private_key(ec.SECP256K1()),
        ed25519.Ed25519PrivateKey.generate,
    ],
)
def test_threat_8_weak_and_odd_keys_are_refused(make: Any):
    with pytest.raises(BadSignature):
        public_key(certificate_of(make()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "MIIB",
        b"\x30\x03\x02\x01\x01",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "ü",
        b"\xff",
    ],
)
def test_what_is_no_certificate_is_refused(text: Any):
    with pytest.raises(BadSignature):
        public_key(text)


def test_a_bare_public_key_is_no_certificate():
    spki = rsa_pair().key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(BadSignature):
        public_key(spki)


# -- the libraries ---------------------------------------------------------------------------------------------------


def test_lxml_and_xmlsec_share_one_libxml2(monkeypatch: pytest.MonkeyPatch):
    decryption.check_libraries()
    monkeypatch.setattr(etree, "LIBXML_VERSION", (2, 9, 14))
    with pytest.raises(ImportError, match="pip install"):
        decryption.check_libraries()


def test_many_threads_may_verify_at_once():
    document, wrong = signed(authn_request()), signed(authn_request(), rsa_pair("attacker"))

    def work(number: int) -> bool:
        try:
            return verify_enveloped(parse(wrong if number % 3 == 0 else document), keys())[0].text == SP
        except BadSignature:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(300))) == [number % 3 != 0 for number in range(300)]
