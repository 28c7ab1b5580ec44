"""Peers who are registered, or stand between, and want more than is theirs: one test for each way that was found."""

# ruff: noqa: F811 - pytest hands fixtures over by name

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography import x509

from clients.client import Client
from idp.accounts.person import Person
from idp.protocols import Services
from idp.saml.assertions import attributes
from idp.saml.messages import names, soap
from idp.saml.messages.encryption import Recipient, encrypted_id
from idp.saml.messages.signing import sign
from idp.saml.messages.xml import Element, element, parse, serialize
from idp.saml.metadata import reading, sources
from idp.saml.metadata.sources import Origin, SourceDraft, fetching
from tests.backends import Clock
from tests.provider import Answer, Browser, Provider
from tests.saml import cpu, enhanced_client, logging_out, resolving, xsw
from tests.saml.asking import authn_request, by_post, by_redirect
from tests.saml.documents import acs, key, signed, sp
from tests.saml.pairs import rsa_pair
from tests.saml.publishing import ENTITY, PINNED, Publisher, publisher, refresh, services, stamp  # noqa: F401
from tests.saml.relying import NS, certificate, facts, message, register, status

SECRET = "somebody.else@example.com"


# -- threat 13: one request, one assertion ---------------------------------------------------------------------------


@pytest.mark.spec("threat 13")
def test_T13_a_request_is_answered_once_however_late_its_address_or_page_comes_back(
    provider: Provider, wiki: Client, signed_in: Browser, browser: Browser, clock: Clock
) -> None:
    page = by_redirect(browser, authn_request(provider))
    assert status(browser.log_in(page))[0] == "Success"
    hop = by_post(provider.browser(), authn_request(provider)).location  # bound to no browser
    assert status(signed_in.get(hop))[0] == "Success"
    # Whoever had the answer, in the session that had it, is led to the application's start (N28).
    for hours, is_led_on in ((0.3, True), (10, True), (13, False)):
        clock.advance(hours * 3600)
        again = provider.browser()
        again.log_in(again.get("/"))
        assert status(again.get(hop))[:2] == ("Requester", "RequestDenied")
        late = browser.submit(page, login="ann", password="correct horse battery staple")
        if is_led_on:
            assert (late.status, late.location) == (303, f"{provider.issuer}/saml/start/{wiki.id}")
        else:
            assert status(late)[:2] == ("Requester", "RequestDenied")


# -- threat 25: encrypted names --------------------------------------------------------------------------------------


def caught(provider: Provider, name: str = SECRET) -> Element:
    """A Subject that somebody encrypted for us, and that somebody else caught on its way."""
    ours = provider.services.certificates.active("encryption").certificate
    key: Any = x509.load_der_x509_certificate(ours).public_key()
    name_id = element(names.SAML, "NameID", {"Format": names.NAMEID_EMAIL}, name)
    return element(names.SAML, "Subject", None, encrypted_id(name_id, Recipient(key)))


@pytest.mark.spec("threat 25")
def test_T25_nothing_is_decrypted_for_whoever_does_not_sign(provider: Provider, wiki: Client, browser: Browser) -> None:
    for send in (by_redirect, by_post):
        answer = send(browser, authn_request(provider, caught(provider)))
        assert status(answer)[:2] == ("Requester", "RequestDenied")
        assert SECRET not in answer.text
    # And what cannot be decrypted looks the same.
    foreign = Recipient(rsa_pair("somebody").key.public_key())
    name_id = element(names.SAML, "NameID", None, SECRET)
    other = element(names.SAML, "Subject", None, encrypted_id(name_id, foreign))
    assert status(by_redirect(browser, authn_request(provider, other)))[:2] == ("Requester", "RequestDenied")


@pytest.mark.spec("threat 25")
def test_T25_a_name_that_was_encrypted_stands_on_no_page(provider: Provider, ann: Person, browser: Browser) -> None:
    pair = rsa_pair("evil")
    register(provider, said=facts(signing_certificates=[certificate(pair)]))
    page = by_redirect(browser, authn_request(provider, caught(provider)), pair=pair)
    assert page.is_login_page
    assert SECRET not in page.text


# -- threat 20: who hears of whom ------------------------------------------------------------------------------------


@pytest.mark.spec("threat 20")
def test_T20_a_service_provider_that_answers_by_itself_does_not_hear_of_the_others(
    provider: Provider, browser: Browser, clock: Clock
) -> None:
    provider.add_person("ann")
    evil, wiki = logging_out.add(provider, "evil"), logging_out.add(provider, "wiki")
    evil.sign_in(browser)
    clock.advance(1)
    wiki.sign_in(browser)
    page = browser.follow(browser.submit(browser.get("logout"), "confirm"))
    _, root = logging_out.incoming(logging_out.hop_of(page))
    server = provider.browser("198.51.100.66")  # the browser never brings the request to it
    answer = server.get(evil.redirect(evil.response(root.get("ID", "")), "SAMLResponse"))
    seen = server.follow(answer)
    assert not seen.dom.find("a", id="sign-out-hop")
    assert "Wiki" not in seen.text
    # The person's own browser goes on.
    page = browser.get(page.dom.find("a", id="sign-out-skip")[0]["href"])
    assert logging_out.incoming(logging_out.hop_of(page))[0] == wiki.slo


def test_a_chain_or_handle_that_is_none_leads_nowhere_and_breaks_nothing(provider: Provider, browser: Browser) -> None:
    for name in ("\0", "x" * 5000, "ü", "../", "a" * 43, "a" * 32):
        query = urlencode({"chain": name, "handle": name, "request": name})
        assert browser.get("/logout/next?" + query).status == 200
        assert browser.get("/saml/continue?" + query).is_error_page
        assert browser.get("/saml/continue?" + urlencode({"handle": name})).is_error_page
    assert not provider.events("error:server_error")


# -- threat 1: wrapped messages at the doors themselves --------------------------------------------------------------


def wrapped(root: Element) -> list[tuple[str, bytes]]:
    sign(root, rsa_pair("wiki").signer())
    return list(xsw.variants(serialize(root), rsa_pair("attacker")))


def in_soap(forged: bytes) -> bytes:
    return b'<s:Envelope xmlns:s="%s"><s:Body>%s</s:Body></s:Envelope>' % (names.SOAP.encode(), forged)


@pytest.mark.spec("threat 1")
def test_T1_no_wrapped_request_signs_anybody_in(provider: Provider, ann: Person, signed_in: Browser) -> None:
    register(provider, said=facts(signing_certificates=[certificate(rsa_pair("wiki"))]))
    register(provider, "Evil", facts("https://evil.example.com", "https://evil.example.com/acs"))
    for name, forged in wrapped(authn_request(provider)):
        answer = signed_in.post("/saml/sso", {"SAMLRequest": b64encode(forged).decode()})
        assert answer.is_error_page, name
        assert not answer.sent, name


@pytest.mark.spec("threat 1")
def test_T1_no_wrapped_request_resolves_an_artifact(provider: Provider, ann: Person, browser: Browser) -> None:
    pair = resolving.add(provider, "wiki")
    _, sent = resolving.sign_in(provider, browser, pair)
    kept: list[bytes] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resolving, "post", lambda _, body: kept.append(soap.decode_soap(body).message))
        resolving.resolve(provider, pair, sent["SAMLart"])
    for name, forged in xsw.variants(kept[0], rsa_pair("attacker")):
        answer = resolving.post(provider, in_soap(forged))
        assert (answer.status, b"Fault" in answer.body) == (500, True), name
    assert resolving.read(provider, resolving.resolve(provider, pair, sent["SAMLart"]))[1] is not None


@pytest.mark.spec("threat 1")
def test_T1_no_wrapped_request_signs_in_by_ecp(provider: Provider) -> None:
    provider.add_person("ann", password=enhanced_client.ANN[1])
    register(provider, said=enhanced_client.said())
    root = enhanced_client.request(provider, Destination=provider.services.url("/saml/ecp"))
    for name, forged in wrapped(root):
        answer = enhanced_client.send(provider, in_soap(forged))
        assert b"Fault" in answer.body, name
        assert b"Assertion" not in answer.body, name


# -- one artifact, one Response --------------------------------------------------------------------------------------


@pytest.mark.spec("SAML2 Bind 3.6.4")
def test_of_many_who_resolve_one_artifact_at_once_one_gets_it(
    provider: Provider, ann: Person, browser: Browser
) -> None:
    pair = resolving.add(provider, "wiki")
    _, sent = resolving.sign_in(provider, browser, pair)
    with ThreadPoolExecutor(8) as pool:
        tries = [pool.submit(resolving.resolve, provider, pair, sent["SAMLart"]) for _ in range(8)]
        answers = [resolving.read(provider, one.result()) for one in tries]
    assert [code for code, _ in answers] == ["Success"] * 8
    assert sum(found is not None for _, found in answers) == 1


@pytest.mark.parametrize("end", ["signs out", "is shut out"])
def test_whoever_is_out_before_the_artifact_is_resolved_stays_out(
    provider: Provider, ann: Person, browser: Browser, end: str
) -> None:
    pair = resolving.add(provider, "wiki")
    _, sent = resolving.sign_in(provider, browser, pair)
    if end == "signs out":
        browser.submit(browser.get("logout"), "confirm")
    else:
        provider.services.directory.disable(ann.id)
    assert resolving.read(provider, resolving.resolve(provider, pair, sent["SAMLart"])) == ("Success", None)


@pytest.mark.spec("threat 26")
@pytest.mark.parametrize("binding", [names.HTTP_POST, names.HTTP_ARTIFACT])
def test_T26_no_assertion_reaches_the_log_at_any_level(
    open_provider: Callable[..., Provider], capfd: pytest.CaptureFixture[str], binding: str
) -> None:
    provider = open_provider(log={"level": "debug", "format": "json"})
    ann = provider.add_person("ann", name="Ann Unheard-Of")
    pair, browser = resolving.add(provider, "wiki"), provider.browser()
    answer = browser.log_in(browser.get(resolving.ask(provider, pair, ProtocolBinding=binding)))
    if binding == names.HTTP_POST:
        sent = answer.sent["SAMLResponse"]
    else:
        sent = answer.sent["SAMLart"]
        resolving.resolve(provider, pair, sent)
    for wrong in ("saml/slo", "saml/sso"):  # a Response that somebody posts back to us
        browser.post(wrong, {"SAMLResponse": sent})
    provider.services.log.info("the end")
    logged = "".join(capfd.readouterr())
    assert "the end" in logged
    for secret in (sent[:60], ann.name, "saml:Assertion", "<samlp:Response"):
        assert secret not in logged
    assert not [event for event in provider.events() if ann.name in str(event.detail)]


# -- threats 15 and 21: metadata -------------------------------------------------------------------------------------


@pytest.mark.spec("threat 15")
@pytest.mark.parametrize("name", ["AttributeConsumingService", "AssertionConsumerService", "ArtifactResolutionService"])
def test_T15_metadata_with_very_many_services_is_read_in_a_moment(name: str) -> None:
    bindings_of = {"AssertionConsumerService": names.HTTP_POST, "ArtifactResolutionService": names.SOAP_BINDING}
    one = f'<md:{name} Binding="{bindings_of.get(name, "")}" Location="https://a.example/b"/>'
    document = sp(acs("https://sp.example/acs") + one * (1_000_000 // len(one)))
    spent, found = cpu.seconds(lambda: reading.read(document, 1000.0), limit=1.0)
    assert spent < 1.0
    assert found.facts["acs"]


CATEGORIES = (
    '<md:Extensions><mdattr:EntityAttributes xmlns:mdattr="urn:oasis:names:tc:SAML:metadata:attribute">'
    '<saml:Attribute xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Name="http://macedir.org/entity-category">'
    "<saml:AttributeValue>https://refeds.org/category/code-of-conduct/v2</saml:AttributeValue></saml:Attribute>"
    '<saml:Attribute xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Name="urn:x"><saml:AttributeValue>kept'
    "</saml:AttributeValue></saml:Attribute></mdattr:EntityAttributes></md:Extensions>"
)
WISHES = (
    '<md:AttributeConsumingService index="0"><md:ServiceName xml:lang="en">S</md:ServiceName>'
    '<md:RequestedAttribute Name="groups"/><md:RequestedAttribute Name="employee_number"/>'
    "</md:AttributeConsumingService>"
)


@pytest.mark.spec("threat 21")
def test_T21_a_service_provider_gives_itself_no_category_that_opens_more_attributes(
    services: Services,
    publisher: Publisher,
) -> None:
    plain = sp(acs("https://sp.example/acs"))
    url = publisher.put("/sp", plain)
    made = sources.register(services, sources.read_url(services, url), origin=Origin(url))
    # Some day it asks for more, and says of itself that it may.
    greedy = sp(acs("https://sp.example/acs") + WISHES, extensions=CATEGORIES)
    publisher.put("/sp", greedy)
    outcome = sources.refresh_client(services, made.client)
    provider = services.registry.get(made.client.id).saml
    assert provider is not None
    assert provider.entity_attributes == {"urn:x": ("kept",)}
    assert not {one.source for one in attributes.to_release(provider)} & {"groups", "employee_number"}
    assert any("categories" in note for note in outcome.notes)


def test_a_name_of_any_length_is_asked_for_at_an_mdq_server(
    services: Services,
    publisher: Publisher,
) -> None:
    source = sources.add(
        services, SourceDraft("mdq", publisher.site.origin + "/mdq", (certificate(rsa_pair("federation")),))
    )
    for _ in range(2):
        assert sources.find_service_provider(services, "urn:" + "x" * 1000) is None
    assert len(publisher.asked) == 1
    assert refresh(services, source).entities == 0


def test_an_mdq_server_is_asked_anew_for_what_could_not_be_taken(
    services: Services, publisher: Publisher, clock: Clock
) -> None:
    sources.add(services, SourceDraft("mdq", publisher.site.origin + "/mdq", PINNED))
    path = fetching.mdq_url("/mdq", ENTITY)

    def put(document: bytes) -> None:
        root = parse(document)
        root.set("validUntil", stamp(clock() + 86400))
        publisher.put(path, signed(root))

    put(sp(acs("https://sp.example/acs"), role='AuthnRequestsSigned="true"'))  # and no key to check them with
    assert sources.find_service_provider(services, ENTITY) is None
    put(sp(key("signing", "a") + acs("https://sp.example/acs"), role='AuthnRequestsSigned="true"'))
    clock.advance(31)
    assert sources.find_service_provider(services, ENTITY) is not None


# -- threat 24: nothing is issued in silence --------------------------------------------------------------------------


@pytest.mark.spec("threat 24")
def test_T24_every_assertion_names_a_session_that_the_records_know(
    provider: Provider, wiki: Client, signed_in: Browser, clock: Clock
) -> None:
    register(provider, "Other", facts("https://other.example/md", "https://other.example/acs"))
    issued = set()
    for issuer in (None, "https://other.example/md", None):
        clock.advance(1)
        request = authn_request(provider, issuer=issuer) if issuer else authn_request(provider)
        statement = message(by_redirect(signed_in, request)).find(".//saml:AuthnStatement", NS)
        assert statement is not None
        issued.add(statement.get("SessionIndex"))
    assert issued == {event.detail["session_index"] for event in provider.events("saml:signed-in")}
    assert len(issued) == 2


# -- odd, and no crash -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["².0", "٣.0", "-2.0", "2", "9" * 4000, ""])
def test_a_version_that_is_no_number_is_told_as_such(
    provider: Provider, wiki: Client, signed_in: Browser, version: str
) -> None:
    assert status(by_redirect(signed_in, authn_request(provider, Version=version)))[0] == "VersionMismatch"


@pytest.mark.parametrize("path", ["saml/ecp", "saml/artifact", "saml/slo"])
def test_a_body_that_is_too_long_gets_a_fault_and_no_page(browser: Browser, path: str) -> None:
    answer: Answer = browser.open("POST", path, b"<" * (140 * 1024), {"Content-Type": "text/xml"})
    assert (answer.status, answer.headers["Content-Type"]) == (500, "text/xml; charset=utf-8")
    assert b"Fault" in answer.body


def test_a_name_format_that_nobody_has_is_told_to_the_application_where_it_begins_here(
    provider: Provider, ann: Person, signed_in: Browser
) -> None:
    odd = register(provider, name_id_format="urn:x:y")
    answer = signed_in.get(f"/saml/start/{odd.id}", headers={"Sec-Fetch-Site": "same-origin"})
    assert status(answer)[:2] == ("Requester", "InvalidNameIDPolicy")


def test_a_reason_is_cut_before_it_is_kept(
    provider: Provider, wiki: Client, signed_in: Browser, open_provider: Callable[..., Provider]
) -> None:
    by_post(signed_in, authn_request(provider, ProtocolBinding="urn:" + "x" * 50_000), cross_site=False)
    (event,) = provider.events("error:saml_unsupportedbinding")
    assert len(event.detail["what"]) < 1000
