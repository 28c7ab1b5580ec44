"""Enhanced Client or Proxy: HTTP Basic in, a Response or a SOAP fault out, never a page (Prof §4.2, IIP-IDP13)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable

import pytest
import xmlsec

from clients.access import Access
from clients.client import Client
from idp.accounts import factors
from idp.saml.messages import names, soap
from idp.saml.messages.public_keys import public_key
from idp.saml.messages.signatures import verify_enveloped
from idp.saml.messages.signing import sign
from idp.saml.messages.xml import Element, child, element, parse, serialize
from idp.saml.sign_on.channel_bindings import NEXT
from tests.provider import PASSWORD, Answer, Provider
from tests.saml.enhanced_client import ANN, PAOS, codes, read, request, said, send
from tests.saml.pairs import Pair, rsa_pair
from tests.saml.relying import NS, certificate, register
from tests.saml.schemas import check


@pytest.fixture
def wiki(provider: Provider) -> Client:
    provider.add_person("ann", password="pässword: with colons and ümlauts")
    return register(provider, said=said())


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
    unknown = request(provider)  # mod_shib: which identity provider the client will ask is not known yet
    sign(unknown, rsa_pair("wiki").signer())
    assert codes(read(provider, send(provider, unknown))[1]) == ["Success"]
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


# -- channel bindings (IIP-IDP13) and session keys (IIP-IDP15) ---------------------------------------------------------

SEEN = b64encode(b"what TLS says of the channel").decode()


def bound(provider: Provider, data: str | None = SEEN, *, signed: bool = True, kind: str = "tls-exporter") -> Element:
    """A request of a service provider that says which channel it sees; None: it says nothing."""
    root = request(provider, Destination=provider.services.url("/saml/ecp"))
    if data is not None:
        extensions = element(names.SAMLP, "Extensions")
        child(extensions, names.CB, "ChannelBindings", {"Type": kind}, data)
        root.insert(1, extensions)
    if signed:
        sign(root, rsa_pair("wiki").signer())
    return root


def with_headers(root: Element, *headers: Element) -> bytes:
    return soap.encode_soap(root, headers).body


def seen_by_client(data: str = SEEN, kind: str = "tls-exporter") -> Element:
    about = {"Type": kind, f"{{{names.SOAP}}}mustUnderstand": "1", f"{{{names.SOAP}}}actor": NEXT}
    return element(names.CB, "ChannelBindings", about, data)


def opened(provider: Provider, answer: Answer) -> tuple[dict[str, Element], Element]:
    """The header blocks by name, and the Response."""
    assert answer.status == 200, answer.text
    received = soap.decode_soap(answer.body)
    key = public_key(provider.services.certificates.active("signing").certificate)
    response = verify_enveloped(parse(received.message), [key], nested=True)
    return {str(block.tag).rpartition("}")[2]: block for block in received.headers}, response


def decrypted(encrypted: Element, pair: Pair) -> Element:
    """By xmlsec, detached from the rest."""
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(pair.key_pem, xmlsec.constants.KeyDataFormatPem))
    [data] = parse(serialize(encrypted)).iter(f"{{{names.XENC}}}EncryptedData")
    return xmlsec.EncryptionContext(manager).decrypt(data)


@pytest.mark.spec("ECP2 2.3.6.2")
def test_IIP_IDP13_the_channel_that_both_see_is_told_to_both(provider: Provider, wiki: Client) -> None:
    spaced = f"\n  {SEEN[:10]}\n  {SEEN[10:]}\n"
    other = seen_by_client(b64encode(b"another").decode())
    answer = send(provider, with_headers(bound(provider, spaced), other, seen_by_client()))
    headers, response = opened(provider, answer)
    assert codes(response) == ["Success"]
    block = headers["ChannelBindings"]
    assert (block.get("Type"), block.text) == ("tls-exporter", SEEN)
    assert (block.get(f"{{{names.SOAP}}}mustUnderstand"), block.get(f"{{{names.SOAP}}}actor")) == ("1", NEXT)
    [told] = response.findall(f".//saml:Advice/{{{names.CB}}}ChannelBindings", NS)
    assert (told.get("Type"), told.text, len(told.attrib)) == ("tls-exporter", SEEN, 1)
    check("protocol", serialize(response))


@pytest.mark.parametrize(
    ("asked", "seen", "signed"),
    [
        (SEEN, [("b3RoZXI=", "tls-exporter")], True),
        (SEEN, [(SEEN, "tls-server-end-point")], True),
        (SEEN, [], True),
        (None, [(SEEN, "tls-exporter")], True),
        (SEEN, [(SEEN, "tls-exporter")], False),
        (None, [(SEEN, "tls-exporter")], False),
    ],
    ids=["others", "another type", "only the request", "only the client", "unsigned", "only the client, unsigned"],
)
def test_IIP_IDP13_channels_that_differ_get_no_assertion(
    provider: Provider, wiki: Client, asked: str | None, seen: list[tuple[str, str]], signed: bool
) -> None:
    root = bound(provider, asked, signed=signed)
    headers, response = opened(provider, send(provider, with_headers(root, *(seen_by_client(*one) for one in seen))))
    assert codes(response) == ["Requester", "RequestDenied"]
    assert response.find(".//saml:Assertion", NS) is None
    assert set(headers) == {"Response"}
    assert provider.events("saml:signed-in") == []


@pytest.mark.spec("SAML-EC 5.3.1")
def test_IIP_IDP15_a_key_for_both_goes_to_the_service_provider_in_what_is_encrypted(provider: Provider) -> None:
    provider.add_person("ann", password=ANN[1])
    reader = rsa_pair("reader")
    register(provider, said=said(encryption_keys=[{"certificate": certificate(reader)}]))
    keys = set()
    for root in (request(provider), bound(provider)):
        channel = [seen_by_client()] if root.find("samlp:Extensions", NS) is not None else []
        wants = element(names.SAMLEC, "SessionKey", {f"{{{names.SOAP}}}mustUnderstand": "1"})
        answer = send(provider, with_headers(root, wants, *channel))
        headers, response = opened(provider, answer)
        assert codes(response) == ["Success"]
        assert response.find("saml:Assertion", NS) is None
        assert b"GeneratedKey" not in serialize(response)
        block = headers["GeneratedKey"]
        assert block.get(f"{{{names.SOAP}}}actor") == NEXT
        assert len(b64decode(block.text or "")) == 32
        encrypted = response.find("saml:EncryptedAssertion", NS)
        assert encrypted is not None
        assertion = parse(serialize(decrypted(encrypted, reader)))
        assert assertion.findtext(f"saml:Advice/{{{names.SAMLEC}}}GeneratedKey", "", NS) == block.text
        assert len(assertion.findall("saml:Advice/*", NS)) == 1 + len(channel)
        check("assertion", serialize(assertion))
        keys.add(block.text)
    assert len(keys) == 2


def test_IIP_IDP15_without_encryption_there_is_no_key(provider: Provider, wiki: Client) -> None:
    headers, response = opened(provider, send(provider, request(provider)))
    assert set(headers) == {"Response"}
    assert response.find(".//saml:Advice", NS) is None


@pytest.mark.spec("IIP-IDP16")
def test_IIP_IDP16_metadata_alone_says_where_and_that_channels_can_be_bound(provider: Provider) -> None:
    root = parse(provider.browser().get("/saml/metadata").body)
    [service] = [
        node for node in root.iterfind(".//md:SingleSignOnService", NS) if node.get("Binding") == names.SOAP_BINDING
    ]
    assert service.get("Location") == provider.services.url("/saml/ecp")
    assert service.get(f"{{{names.CB}}}supportsChannelBindings") == "true"


def test_a_header_that_must_be_understood_and_is_not_is_a_fault(provider: Provider, wiki: Client) -> None:
    must = f"{{{names.SOAP}}}mustUnderstand"
    strange = element("urn:example:strange", "Header", {must: "1"})
    answer = send(provider, with_headers(request(provider), strange))
    assert (answer.status, b"soap:MustUnderstand" in answer.body) == (500, True)
    assert provider.events("session:started") == []
    for harmless in (
        element("urn:example:strange", "Header", {must: "0"}),
        element("urn:example:strange", "Header", {must: "1", f"{{{names.SOAP}}}actor": "https://elsewhere.example/"}),
        element(names.ECP, "RelayState", {must: "1", f"{{{names.SOAP}}}actor": NEXT}, "left over"),
    ):
        assert codes(opened(provider, send(provider, with_headers(request(provider), harmless)))[1]) == ["Success"]


@pytest.mark.spec("ASVS 6.3.4")
def test_S55_a_password_alone_is_no_way_round_a_second_factor(provider: Provider, wiki: Client) -> None:
    ann = provider.services.directory.find_by_login("ann")
    assert ann is not None
    with provider.services.db.transaction() as tx:
        factors.add(tx, provider.clock(), ann.id, "totp", "Phone")
    answer = send(provider, request(provider))
    assert answer.status == 403
    assert "Sign in with a browser" in answer.text
    assert provider.events("session:started") == []


@pytest.mark.spec("ASVS 6.3.4")
def test_S55_a_new_proof_is_all_of_it_where_a_second_factor_is_not_always_asked_for(
    open_provider: Callable[..., Provider],
) -> None:
    provider = open_provider(factors={"personal": "never"})
    ann = provider.add_person("ann", password=ANN[1])
    register(provider, said=said())
    with provider.services.db.transaction() as tx:
        factors.add(tx, provider.clock(), ann.id, "totp", "Phone")
    assert send(provider, request(provider, ForceAuthn="true")).status == 403
    assert send(provider, request(provider)).status == 200
