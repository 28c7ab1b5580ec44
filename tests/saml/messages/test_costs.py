"""What a document costs before anybody is known to have signed it: N10, threats 7 and 15, X25.

Counted in processor time and against each other, never by the clock on the wall: a busy machine changes nothing.
"""

from __future__ import annotations

import copy
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from lxml import etree

from clients.client import Client
from idp.saml.messages import names, signatures
from idp.saml.messages.bindings import Received
from idp.saml.messages.http_redirect import deflate
from idp.saml.messages.signature_gate import BadSignature
from idp.saml.messages.signatures import open_message, verify_metadata
from idp.saml.messages.signing import sign
from idp.saml.messages.soap import encode_soap
from idp.saml.messages.xml import Element, parse, serialize
from tests.provider import Answer, Browser, Provider
from tests.saml import cpu
from tests.saml.asking import authn_request
from tests.saml.documents import aggregate, federated, signed
from tests.saml.pairs import ec_pair, rsa_pair
from tests.saml.relying import SP, certificate, facts, register

MANY = [rsa_pair(f"key {number % 4}").public for number in range(20)]  # as many as a registration can have


def _prefixed(number: int) -> bytes:
    """Elements of as many namespaces as are allowed, fifty deep: what costs a canonicalisation most."""
    declared = " ".join(f'xmlns:n{n}="urn:n{n}"' for n in range(58))
    inside = "".join(f"<n{n % 58}:b/>" for n in range(number))
    return f"<x {declared}>{'<y>' * 50}{inside}{'</y>' * 50}</x>".encode()


BULK = {
    "5,200 prefixed elements": _prefixed(5200),
    "attributes": b"<x>" + (b"<b " + b" ".join(b'a%d="1"' % n for n in range(60)) + b"/>") * 230 + b"</x>",
    "a namespace on each": b"<x>" + b"".join(b'<n:b xmlns:n="urn:%d"/>' % n for n in range(4000)) + b"</x>",
    "references to characters": b"<x>" + b"&#13;&amp;" * 11_000 + b"</x>",
}


def stuffed(root: Element, bulk: bytes) -> Element:
    """The message with a pile in its Extensions."""
    made = copy.deepcopy(root)
    extensions = etree.Element(f"{{{names.SAMLP}}}Extensions")
    extensions.append(etree.fromstring(bulk))
    made.insert(1, extensions)
    return parse(serialize(made))


def forged(root: Element) -> bytes:
    """Signed-looking: a stranger's signature, with everything in the right place."""
    sign(root, rsa_pair("stranger").signer())
    return serialize(root)


def of_message(document: bytes, keys: Any) -> Callable[[], Any]:
    return lambda: open_message(Received(names.HTTP_POST, "SAMLRequest", document), keys)


@pytest.mark.spec("threat 15")
@pytest.mark.parametrize("name", BULK)
def test_n10_a_garbage_signature_costs_the_same_whatever_the_document_and_however_many_keys(
    provider: Provider, name: str
) -> None:
    document = forged(stuffed(authn_request(provider), BULK[name]))
    parsing, _ = cpu.seconds(lambda: parse(document), tries=7)
    judging, opened = cpu.seconds(of_message(document, MANY), BadSignature, limit=2 * parsing, tries=7)
    assert opened is None
    # To parse it once, and twenty looks at a few hundred bytes. It was fifteen parses and more.
    assert judging < 2 * parsing + 0.01


class Counter:
    """How many bytes are canonicalised, of which tags, and how often a key is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.canonical: list[tuple[str, int]] = []
        self.asked = 0
        write, is_made_by = signatures.c14n, signatures._is_made_by

        def counted(node: Element, *args: Any, **named: Any) -> bytes:
            found = write(node, *args, **named)
            self.canonical.append((etree.QName(node).localname, len(found)))
            return found

        def asked(*args: Any) -> bool:
            self.asked += 1
            return is_made_by(*args)

        monkeypatch.setattr(signatures, "c14n", counted)
        monkeypatch.setattr(signatures, "_is_made_by", asked)


@pytest.mark.spec("Core 5.4")
def test_n10_signed_info_is_judged_first_and_the_document_digested_once(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Counter(monkeypatch)
    root = stuffed(authn_request(provider), BULK["attributes"])
    with pytest.raises(BadSignature, match="no signing key"):
        of_message(forged(copy.deepcopy(root)), MANY)()
    assert [tag for tag, _ in work.canonical] == ["SignedInfo"]
    assert work.canonical[0][1] < 2000
    assert work.asked == 20
    work.canonical.clear()
    sign(root, rsa_pair("key 3").signer())
    assert of_message(serialize(root), MANY)().signed
    assert [tag for tag, _ in work.canonical] == ["SignedInfo", "AuthnRequest"]


def test_n10_a_signed_info_that_was_blown_up_is_not_hashed_with_every_key(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Counter(monkeypatch)
    root = authn_request(provider)
    sign(root, rsa_pair("stranger").signer())
    info = root.find(f"{{{names.DS}}}Signature/{{{names.DS}}}SignedInfo")
    assert info is not None
    info.text = " " * 100_000
    with pytest.raises(BadSignature, match="SignedInfo has more than"):
        of_message(serialize(root), MANY)()
    assert work.asked == 0


def test_n10_keys_of_another_kind_are_not_asked(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Counter(monkeypatch)
    with pytest.raises(BadSignature):
        of_message(forged(authn_request(provider)), [ec_pair().public] * 20)()
    assert work.asked == 0


@pytest.mark.spec("threat 21")
def test_n10_an_aggregate_that_the_pinned_key_did_not_sign_is_not_digested(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Counter(monkeypatch)
    document = signed(aggregate(federated(number) for number in range(50)), rsa_pair("stranger"))
    with pytest.raises(BadSignature, match="no signing key"):
        verify_metadata(document, MANY, max_bytes=10**7)
    assert [tag for tag, _ in work.canonical] == ["SignedInfo"]


# -- every door, over the whole stack --------------------------------------------------------------------------------


@pytest.fixture
def wiki(provider: Provider) -> Client:
    return register(provider, said=facts(signing_certificates=[certificate(rsa_pair(f"key {n}")) for n in range(20)]))


def _form(path: str) -> Callable[[Browser, bytes], Answer]:
    return lambda browser, data: browser.post(path, {"SAMLRequest": b64encode(data).decode()}, cookies=False)


def _query(path: str) -> Callable[[Browser, bytes], Answer]:
    """Unsigned, with a Signature that would say the opposite."""

    def send(browser: Browser, data: bytes) -> Answer:
        given = {"SAMLRequest": b64encode(deflate(data)).decode(), "SigAlg": names.RSA_SHA256, "Signature": "AAAA"}
        return browser.get(f"{path}?{urlencode(given)}")

    return send


def _soap(path: str) -> Callable[[Browser, bytes], Answer]:
    def send(browser: Browser, data: bytes) -> Answer:
        return browser.open("POST", path, encode_soap(parse(data)).body, {"Content-Type": "text/xml"})

    return send


DOORS = {
    "sign-in by POST": ("AuthnRequest", _form("saml/sso")),
    "sign-in by Redirect": ("AuthnRequest", _query("saml/sso")),
    "sign-out by POST": ("LogoutRequest", _form("saml/slo")),
    "sign-out by Redirect": ("LogoutRequest", _query("saml/slo")),
    "sign-out by SOAP": ("LogoutRequest", _soap("saml/slo")),
    "an artifact": ("ArtifactResolve", _soap("saml/artifact")),
    "ECP": ("AuthnRequest", _soap("saml/ecp")),
}


def small(provider: Provider, kind: str) -> Element:
    root = authn_request(provider)
    root.tag = f"{{{names.SAMLP}}}{kind}"
    return root


@pytest.mark.spec("threat 15")
@pytest.mark.parametrize("door", DOORS)
def test_n10_no_door_spends_much_on_a_stranger(provider: Provider, wiki: Client, browser: Browser, door: str) -> None:
    kind, send = DOORS[door]
    document = forged(stuffed(small(provider, kind), BULK["5,200 prefixed elements"]))
    parsing, _ = cpu.seconds(lambda: parse(document), tries=7)
    usual, _ = cpu.seconds(lambda: send(browser, forged(small(provider, kind))), tries=5)
    answers: list[Answer] = []
    spent, _ = cpu.seconds(lambda: answers.append(send(browser, document)), limit=usual + 5 * parsing, tries=7)
    assert answers[0].status >= 400
    # SOAP: the envelope, the message in it, and what our own test does to send it.
    assert spent < usual + 6 * parsing + 0.01


@pytest.mark.spec("Core 3.4.1")
def test_n10_an_unsigned_request_may_not_have_piles_of_anything_else(
    provider: Provider, wiki: Client, browser: Browser
) -> None:
    """A known issuer's name is no secret: what unsigned requests ask for must cost no more than to read it."""
    root = authn_request(provider)
    context = etree.SubElement(root, f"{{{names.SAMLP}}}RequestedAuthnContext")
    scoping = etree.SubElement(root, f"{{{names.SAMLP}}}Scoping")
    listed = etree.SubElement(scoping, f"{{{names.SAMLP}}}IDPList")
    for number in range(600):
        etree.SubElement(context, f"{{{names.SAML}}}AuthnContextClassRef").text = f"urn:{number}"
        etree.SubElement(listed, f"{{{names.SAMLP}}}IDPEntry", ProviderID=f"urn:{number}")
    document = serialize(root)
    parsing, _ = cpu.seconds(lambda: parse(document), tries=7)
    usual, _ = cpu.seconds(lambda: _form("saml/sso")(browser, serialize(authn_request(provider))), tries=5)
    limit = usual + 5 * parsing
    spent, _ = cpu.seconds(lambda: _form("saml/sso")(browser, document), limit=limit, tries=7)
    assert spent < limit + 0.01


def test_n10_what_is_kept_of_a_refused_message_is_small(provider: Provider, wiki: Client, browser: Browser) -> None:
    document = forged(stuffed(authn_request(provider), BULK["5,200 prefixed elements"]))
    assert _form("saml/sso")(browser, document).is_error_page
    (event,) = [one for one in provider.events() if one.action.startswith("error:saml")]
    assert SP in event.detail["evidence"]
    assert len(str(event.detail)) < 10_000
