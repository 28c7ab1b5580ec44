"""The gate against signature wrapping. Threats 1, 2, 3, 4, 9; IIP-SSO; Core §5.4; X25."""

from __future__ import annotations

import contextlib

import pytest
import xmlsec
from lxml import etree

from idp.saml.messages import names, signatures, signing
from idp.saml.messages.bindings import Received
from idp.saml.messages.signature_gate import BadSignature
from idp.saml.messages.signatures import open_message, verify_enveloped, verify_metadata
from idp.saml.messages.xml import BadXml, parse, serialize
from tests.saml import xsw
from tests.saml.pairs import rsa_pair
from tests.saml.samples import ROOTS, SP, authn_request, signed

NAMES = [make.__name__ for make in xsw.ALL]


@pytest.mark.parametrize("nested", [False, True], ids=["message", "metadata"])
@pytest.mark.parametrize("variant", NAMES)
@pytest.mark.parametrize("kind", ROOTS)
def test_threat_1_every_wrapped_document_is_refused(kind: str, variant: str, nested: bool):
    document = signed(ROOTS[kind]())
    make = getattr(xsw, variant)
    forged = etree.tostring(make(xsw.Parts(document), rsa_pair("attacker")))
    with pytest.raises((BadSignature, BadXml)):
        verify_enveloped(parse(forged), [rsa_pair().public], nested=nested)


@pytest.mark.parametrize("variant", NAMES)
@pytest.mark.parametrize("kind", ["AuthnRequest", "LogoutRequest"])
def test_threat_1_nor_does_a_posted_message_pass_as_unsigned(kind: str, variant: str):
    """A bad signature is fatal where none is required (SDP-IDP05), wherever in the document it stands."""
    forged = etree.tostring(getattr(xsw, variant)(xsw.Parts(signed(ROOTS[kind]())), rsa_pair("attacker")))
    with pytest.raises((BadSignature, BadXml)):
        open_message(Received(names.HTTP_POST, "SAMLRequest", forged), [rsa_pair().public])


@pytest.mark.parametrize("kind", ROOTS)
def test_the_document_that_the_variants_are_made_of_is_good(kind: str):
    tree = verify_enveloped(parse(signed(ROOTS[kind]())), [rsa_pair().public])
    assert tree.tag.endswith(kind)
    assert SP in etree.tostring(tree).decode()


def naive(document: bytes, backwards: bool) -> bool:
    """What a careless service does: the first signature anywhere, whatever element has the ID, all transforms."""
    root = etree.fromstring(document)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(rsa_pair().certificate, xmlsec.constants.KeyDataFormatCertDer)
    named = [node for node in root.iter("*") if node.get("ID")]
    for node in reversed(named) if backwards else named:
        with contextlib.suppress(xmlsec.Error):  # the ID is taken: the first one wins
            context.register_id(node, "ID")
    try:
        context.verify(root.find(".//" + xsw.DS + "Signature"))
    except xmlsec.Error:
        return False
    return True


def test_the_variants_are_live_ammunition():
    """Plain xmlsec, used without care, accepts many of them as the sender's."""
    documents = dict(xsw.variants(signed(authn_request()), rsa_pair("attacker")))
    passed = {name for name, document in documents.items() if naive(document, False) or naive(document, True)}
    assert {"original_in_extensions", "original_in_extensions_same_id", "original_first_same_id"} <= passed
    assert {"signed_original_inside", "signed_original_inside_same_id", "xsw3", "xsw4", "xsw5", "xsw7"} <= passed


def test_threat_2_what_comes_back_holds_nothing_that_was_not_signed():
    document = signed(authn_request())
    tree = verify_enveloped(parse(document), [rsa_pair().public])
    assert tree.find(xsw.DS + "Signature") is None  # the signature itself is not signed
    root = parse(document)
    assert tree is not root
    root[0].text = "https://evil.example.com"
    assert tree[0].text == SP


@pytest.mark.spec("threat 2")
def test_threat_2_what_was_signed_is_digested_anew_whatever_the_verifier_says(monkeypatch: pytest.MonkeyPatch):
    """A verifier that was led to other bytes than those we read (CVE-2025-66568) opens nothing."""
    document = signed(ROOTS["AuthnRequest"]())
    forged = document.replace(b"https://sp.example.com/acs", b"https://evil.example/acs")
    assert forged != document
    monkeypatch.setattr(signatures, "_is_made_by", lambda *_: True)
    assert verify_enveloped(parse(document), [rsa_pair().public]) is not None
    with pytest.raises(BadSignature):
        verify_enveloped(parse(forged), [rsa_pair().public])


def test_the_callers_tree_is_left_as_it_was():
    root = parse(signed(authn_request()))
    before = serialize(root)
    verify_enveloped(root, [rsa_pair().public])
    assert serialize(root) == before


def test_a_part_of_a_document_cannot_be_verified():
    outer = etree.fromstring(b"<a>" + signed(authn_request()) + b"</a>")
    with pytest.raises(BadSignature):
        verify_enveloped(outer[0], [rsa_pair().public])


def aggregate() -> bytes:
    """A signed EntitiesDescriptor with a comment, whose one entity somebody else signed."""
    inner = ROOTS["EntityDescriptor"]()
    inner.set("ID", "_inner")
    signing.sign(inner, rsa_pair("attacker").signer())
    outer = etree.Element(f"{{{names.MD}}}EntitiesDescriptor", ID="_outer")
    outer.append(inner)
    return b"<!-- ours -->" + signed(outer).replace(b"<md:SPSSO", b"<!-- theirs --><md:SPSSO")


def test_an_aggregate_may_hold_signed_entities_but_only_its_own_signature_counts():
    tree = verify_metadata(aggregate(), [rsa_pair().public])
    assert tree[0].find(xsw.DS + "Signature") is not None
    assert b"<!--" not in etree.tostring(tree.getroottree())
    with pytest.raises(BadSignature, match="no signing key"):
        verify_metadata(aggregate(), [rsa_pair("attacker").public])
    with pytest.raises(BadSignature, match="second signature"):
        verify_enveloped(parse(aggregate(), drop_comments=True), [rsa_pair().public])


def test_a_root_with_two_signatures_is_refused_wherever_the_good_one_stands():
    for index in (0, 1):
        root = etree.fromstring(signed(ROOTS["EntityDescriptor"]()))
        root.insert(index, xsw.Parts(signed(authn_request(), rsa_pair("attacker"))).signature())
        with pytest.raises(BadSignature, match="exactly one"):
            verify_metadata(etree.tostring(root), [rsa_pair().public])


def test_metadata_has_its_own_size():
    with pytest.raises(BadXml, match="more than 500 bytes"):
        verify_metadata(aggregate(), [rsa_pair().public], max_bytes=500)


@pytest.mark.parametrize("variant", NAMES)
def test_threat_21_wrapped_metadata_is_refused(variant: str):
    forged = etree.tostring(getattr(xsw, variant)(xsw.Parts(signed(ROOTS["EntityDescriptor"]())), rsa_pair("attacker")))
    # A comment is dropped from metadata before anything is read, so this one is a plain change of content.
    with pytest.raises((BadSignature, BadXml)):
        verify_metadata(forged, [rsa_pair().public])
