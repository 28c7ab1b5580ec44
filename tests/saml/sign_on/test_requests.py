"""What an AuthnRequest may not be: every untrusted one ends on our page, every other one at its own application."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from clients.client import Client
from idp.accounts.person import Person
from idp.saml.messages import names
from idp.saml.messages.http_redirect import deflate
from idp.saml.messages.schema_types import instant
from idp.saml.messages.signing import sign
from idp.saml.messages.xml import Element, child, element, serialize
from tests.backends import Clock
from tests.provider import Answer, Browser, Provider
from tests.saml.asking import (
    SSO,
    authn_request,
    by_post,
    by_redirect,
    policy,
    redirect_query,
    requested_context,
    subject,
)
from tests.saml.messages.test_signatures import FORMS, signed_with
from tests.saml.pairs import ec_pair
from tests.saml.relying import ACS, SP, certificate, facts, message, register, rsa_pair, status


def refused(provider: Provider, answer: Answer, code: str) -> dict[str, Any]:
    """It is our page, nothing was sent anywhere, and an admin finds why under its id."""
    assert answer.is_error_page, (answer.status, answer.sent)
    assert not answer.sent
    found = [event for event in provider.events(f"error:{code}") if event.error_id == answer.error_id]
    assert found, [event.action for event in provider.events()]
    return dict(found[0].detail)


# -- (a) who asks, and where the answer may go -----------------------------------------------------------------------


def test_an_unknown_issuer_sees_our_page_with_an_id(provider: Provider, wiki: Client, browser: Browser) -> None:
    for send in (by_redirect, by_post):
        detail = refused(
            provider, send(browser, authn_request(provider, issuer="https://evil.example")), "saml_unknown_issuer"
        )
        assert "https://evil.example" in detail["what"]
        assert "<saml:Issuer" in detail["evidence"]


@pytest.mark.spec("SAML2 Prof 4.1.4.1")
def test_the_issuer_is_required_and_an_entity(provider: Provider, wiki: Client, browser: Browser) -> None:
    refused(provider, by_redirect(browser, authn_request(provider, issuer=None)), "saml_unreadable")
    request = authn_request(provider)
    request[0].set("Format", names.NAMEID_EMAIL)
    refused(provider, by_redirect(browser, request), "saml_unreadable")
    request[0].set("Format", names.NAMEID_ENTITY)
    assert by_redirect(browser, request).is_login_page


@pytest.mark.spec("Core 5.4.3")
def test_a_request_that_old_net_software_signed_leads_to_the_sign_in_page(
    provider: Provider, ann: Person, browser: Browser
) -> None:
    """SignedXml as it comes: inclusive canonicalisation, the enveloped transform alone."""
    register(provider, said=facts(signing_certificates=[certificate(rsa_pair())], authn_requests_signed=True))
    document = signed_with(*FORMS["SignedXml of .NET as it comes"], root=authn_request(provider))
    answer = browser.follow(by_post(browser, document))
    assert answer.is_login_page
    assert status(browser.log_in(answer))[0] == "Success"
    changed = signed_with(*FORMS["SignedXml of .NET as it comes"], root=authn_request(provider))
    changed = changed.replace(b"<samlp:AuthnRequest", b'<samlp:AuthnRequest ForceAuthn="true"')
    detail = refused(provider, by_post(browser, changed), "saml_bad_signature")
    assert "changed after it was signed" in detail["what"]


def test_a_disabled_service_provider_gets_nothing(provider: Provider, wiki: Client, signed_in: Browser) -> None:
    provider.services.registry.disable(wiki.id)
    refused(provider, by_redirect(signed_in, authn_request(provider)), "disabled_client")
    crm = provider.add_client("CRM")
    refused(provider, by_redirect(signed_in, authn_request(provider, issuer=crm.id)), "saml_unknown_issuer")


def test_one_that_is_disabled_while_its_page_is_open_gets_nothing(
    provider: Provider, wiki: Client, browser: Browser
) -> None:
    page = by_redirect(browser, authn_request(provider))
    provider.services.registry.disable(wiki.id)
    assert browser.log_in(page).is_error_page


def test_one_whose_acs_changes_while_its_page_is_open_gets_nothing(
    provider: Provider, wiki: Client, browser: Browser
) -> None:
    page = by_redirect(browser, authn_request(provider))
    provider.services.registry.update(wiki.id, {"sp_metadata": facts(acs="https://wiki.example/new")})
    refused(provider, browser.log_in(page), "saml_untrusted_acs")


def test_metadata_of_a_source_that_ran_out_is_not_trusted(
    provider: Provider, ann: Person, signed_in: Browser, clock: Clock
) -> None:
    register(provider, said=facts(valid_until=clock() + 3600), metadata_source="m1")
    assert status(by_redirect(signed_in, authn_request(provider)))[0] == "Success"
    clock.advance(3000)
    assert status(by_redirect(signed_in, authn_request(provider)))[0] == "Success"
    clock.advance(601)
    refused(provider, by_redirect(signed_in, authn_request(provider)), "saml_metadata_expired")


FOREIGN = [
    "https://evil.example/acs", "https://wiki.example/acs/evil", "https://wiki.example/ac", "https://wiki.example/acs?x=1",
    "https://wiki.example/acs#x", "https://wiki.example/acs/", "https://wiki.example/ACS", "https://WIKI.example/acs",
    "https://wiki.example:443/acs", "https://user@wiki.example/acs", "https://wiki.example@evil.example/acs",
    "https://wiki.example/x/../acs", "https://wiki.example./acs", "http://wiki.example/acs", "javascript:alert(1)",
    "//wiki.example/acs", "/acs", " https://wiki.example/acs", "https://wiki.example/acs ", "https://wiki.example/%61cs",
    "https://wiki.example\\@evil.example/acs", "",
]  # fmt: skip


@pytest.mark.spec("SAML2 Prof 4.1.4.1")
@pytest.mark.parametrize("url", FOREIGN)
def test_T10_the_acs_is_compared_byte_for_byte_and_never_replaced(
    provider: Provider, wiki: Client, signed_in: Browser, url: str
) -> None:
    answer = by_redirect(signed_in, authn_request(provider, AssertionConsumerServiceURL=url))
    detail = refused(provider, answer, "saml_untrusted_acs")
    # What is registered is told to admins, not on the page; what was sent itself is no news to whoever sent it (Q4).
    assert ACS in detail["fix"]
    assert ACS not in answer.text.replace(f"(AssertionConsumerServiceURL {url})", "")


def test_SDP_IDP06_the_acs_is_chosen_by_url_index_binding_or_default(
    provider: Provider, ann: Person, signed_in: Browser
) -> None:
    listed = [
        {"index": 3, "binding": names.HTTP_POST, "location": "https://wiki.example/3"},
        {"index": 1, "binding": names.PAOS, "location": "https://wiki.example/ecp"},
        {"index": 2, "binding": names.HTTP_POST, "location": "https://wiki.example/2"},
        {"index": 7, "binding": names.HTTP_POST, "location": "https://wiki.example/7", "is_default": True},
    ]
    register(provider, said={"entity_id": SP, "acs": listed})

    def place(**attributes: str) -> str:
        answer = by_redirect(signed_in, authn_request(provider, **attributes))
        assert status(answer)[0] == "Success"
        assert message(answer).get("Destination") == answer.form.action
        return answer.form.action.removeprefix("https://wiki.example/")

    assert place() == "7"
    assert place(AssertionConsumerServiceIndex="3") == "3"
    assert place(AssertionConsumerServiceURL="https://wiki.example/2") == "2"
    assert place(AssertionConsumerServiceURL="https://wiki.example/2", ProtocolBinding=names.HTTP_POST) == "2"
    assert place(ProtocolBinding=names.HTTP_POST) == "7"


def test_IIP_IDP12_without_a_default_the_first_one_that_is_not_marked_as_none(
    provider: Provider, ann: Person, signed_in: Browser
) -> None:
    listed = [
        {"index": 1, "binding": names.HTTP_POST, "location": "https://wiki.example/1", "is_default": False},
        {"index": 5, "binding": names.HTTP_POST, "location": "https://wiki.example/5"},
        {"index": 2, "binding": names.HTTP_POST, "location": "https://wiki.example/2"},
    ]
    register(provider, said={"entity_id": SP, "acs": listed})
    assert by_redirect(signed_in, authn_request(provider)).form.action == "https://wiki.example/2"


@pytest.mark.spec("SAML2 Core 3.4.1")
def test_url_and_index_together_or_an_unknown_index_are_refused(
    provider: Provider, wiki: Client, signed_in: Browser
) -> None:
    both = authn_request(provider, AssertionConsumerServiceURL=ACS, AssertionConsumerServiceIndex="0")
    refused(provider, by_redirect(signed_in, both), "saml_untrusted_acs")
    unknown = authn_request(provider, AssertionConsumerServiceIndex="9")
    refused(provider, by_redirect(signed_in, unknown), "saml_untrusted_acs")
    for wrong in ("-1", "65536", "x", "", "٣"):
        refused(
            provider, by_redirect(signed_in, authn_request(provider, AssertionConsumerServiceIndex=wrong)),
            "saml_unreadable",
        )  # fmt: skip


# -- signatures ------------------------------------------------------------------------------------------------------


@pytest.fixture
def signing(provider: Provider, ann: Person) -> Client:
    """A service provider whose metadata says that it signs."""
    return register(provider, said=facts(signing_certificates=[certificate(rsa_pair())], authn_requests_signed=True))


def test_T11_an_unsigned_request_of_one_that_signs_is_refused(
    provider: Provider, signing: Client, signed_in: Browser
) -> None:
    refused(provider, by_redirect(signed_in, authn_request(provider)), "saml_bad_signature")
    refused(provider, by_post(signed_in, authn_request(provider)), "saml_bad_signature")


def test_T11_half_a_signature_and_an_embedded_one_on_redirect_do_not_count(
    provider: Provider, signing: Client, signed_in: Browser
) -> None:
    query = redirect_query(authn_request(provider), pair=rsa_pair())
    refused(provider, signed_in.get(f"{SSO}?{query.partition('&Signature=')[0]}"), "saml_unreadable")
    request = authn_request(provider)
    sign(request, rsa_pair().signer())
    refused(provider, by_redirect(signed_in, request), "saml_bad_signature")


def test_SDP_IDP04_the_admins_word_and_ours_hold(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider()
    browser = provider.browser()
    wiki = register(provider, said=facts(signing_certificates=[certificate(rsa_pair())]))
    assert by_redirect(browser, authn_request(provider)).is_login_page
    provider.services.registry.update(wiki.id, {"require_signed_requests": True})
    refused(provider, by_redirect(browser, authn_request(provider)), "saml_bad_signature")
    assert by_redirect(browser, authn_request(provider), pair=rsa_pair()).is_login_page
    strict = open_provider(saml={"want_requests_signed": True})
    register(strict, said=facts(signing_certificates=[certificate(rsa_pair())]))
    refused(strict, by_redirect(strict.browser(), authn_request(strict)), "saml_bad_signature")


def test_SDP_IDP05_a_bad_signature_is_fatal_where_none_is_needed(
    provider: Provider, wiki: Client, signed_in: Browser
) -> None:
    refused(provider, by_redirect(signed_in, authn_request(provider), pair=rsa_pair()), "saml_bad_signature")
    refused(provider, by_post(signed_in, authn_request(provider), pair=rsa_pair()), "saml_bad_signature")


@pytest.mark.parametrize("change", ["rs=other", "no rs", "other key", "signature"])
def test_T12_a_signature_holds_for_its_own_octets_only(
    provider: Provider, signing: Client, signed_in: Browser, change: str
) -> None:
    query = redirect_query(authn_request(provider), pair=rsa_pair("other") if change == "other key" else rsa_pair())
    if change == "rs=other":
        query = query.replace("RelayState=rs", "RelayState=other")
    elif change == "no rs":
        query = query.replace("&RelayState=rs", "")
    elif change == "signature":
        query = query[:-12] + quote("AAAAAAAA", safe="") + query[-4:]
    answer = signed_in.get(f"{SSO}?{query}")
    assert answer.is_error_page
    assert not answer.sent


def test_IIP_MD07_every_signing_key_of_the_metadata_is_tried(provider: Provider, ann: Person, browser: Browser) -> None:
    listed = [certificate(rsa_pair("old")), certificate(rsa_pair("new")), certificate(ec_pair())]
    register(provider, said=facts(signing_certificates=listed, authn_requests_signed=True))
    for pair in (rsa_pair("old"), rsa_pair("new"), ec_pair()):
        assert by_redirect(browser, authn_request(provider), pair=pair).is_login_page
        assert browser.follow(by_post(browser, authn_request(provider), pair=pair)).is_login_page


def test_T8_sha1_is_refused_unless_an_admin_allows_it(provider: Provider, ann: Person, browser: Browser) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    wiki = register(provider, said=facts(signing_certificates=[certificate(rsa_pair())]))

    def query() -> str:
        pairs = [
            ("SAMLRequest", b64encode(deflate(serialize(authn_request(provider)))).decode()),
            ("SigAlg", names.RSA_SHA1),
        ]
        octets = urlencode(pairs)
        value = rsa_pair().key.sign(octets.encode(), padding.PKCS1v15(), hashes.SHA1())
        return octets + "&" + urlencode({"Signature": b64encode(value).decode()})

    refused(provider, browser.get(f"{SSO}?{query()}"), "saml_bad_signature")
    provider.services.registry.update(wiki.id, {"allow_sha1": True})
    assert browser.get(f"{SSO}?{query()}").is_login_page


def test_T9_a_key_inside_the_message_proves_nothing(provider: Provider, signing: Client, signed_in: Browser) -> None:
    request = authn_request(provider)
    sign(request, rsa_pair("attacker").signer())  # its certificate stands in KeyInfo
    refused(provider, by_post(signed_in, request), "saml_bad_signature")


def test_the_settings_can_block_an_algorithm(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(saml={"blocked_algorithms": [names.RSA_SHA256]})
    browser = provider.browser()
    register(provider, said=facts(signing_certificates=[certificate(rsa_pair())]))
    refused(provider, by_redirect(browser, authn_request(provider), pair=rsa_pair()), "saml_bad_signature")
    stronger = by_redirect(browser, authn_request(provider), pair=rsa_pair(), algorithm=names.RSA_SHA512)
    assert stronger.is_login_page
    answer = by_redirect(browser, authn_request(provider, IsPassive="true"))
    assert message(answer).find(f".//{{{names.DS}}}SignatureMethod").get("Algorithm") != names.RSA_SHA256


# -- what the wire may carry -----------------------------------------------------------------------------------------


def raw(data: bytes) -> str:
    return urlencode({"SAMLRequest": b64encode(data).decode()})


@pytest.mark.parametrize(
    "query",
    [
        "", "SAMLRequest=", "SAMLRequest=!!", raw(b"not deflate"), raw(deflate(b"not xml")), raw(deflate(b"<a/>")),
        "RelayState=x", "%53AMLRequest=abc", f"{raw(deflate(b'<a/>'))}&SAMLRequest=abc",
        f"{raw(deflate(b'<a/>'))}&SAMLResponse=abc", raw(deflate(b"<a>" * 100000)), raw(deflate(b"\0" * 10_000_000)),
    ],
)  # fmt: skip
def test_T12_T14_broken_and_polluted_queries_end_on_our_page(
    provider: Provider, wiki: Client, signed_in: Browser, query: str
) -> None:
    refused(provider, signed_in.get(f"{SSO}?{query}"), "saml_unreadable")


def test_T12_a_doubled_parameter_is_refused_by_either_binding(
    provider: Provider, wiki: Client, signed_in: Browser
) -> None:
    query = redirect_query(authn_request(provider))
    for more in ("RelayState=y", "SAMLRequest=abc"):
        refused(provider, signed_in.get(f"{SSO}?{query}&{more}"), "saml_unreadable")
    form = [("SAMLRequest", b64encode(serialize(authn_request(provider))).decode())]
    for again in (form[0], ("SAMLResponse", "abc")):
        refused(provider, signed_in.post(SSO, [*form, again]), "saml_unreadable")


def test_a_response_is_no_request(provider: Provider, wiki: Client, signed_in: Browser) -> None:
    query = redirect_query(authn_request(provider)).replace("SAMLRequest=", "SAMLResponse=")
    refused(provider, signed_in.get(f"{SSO}?{query}"), "saml_unreadable")


def test_T13_a_logout_request_is_not_taken_here(provider: Provider, signing: Client, signed_in: Browser) -> None:
    from tests.saml.samples import logout_request

    request = logout_request()
    request[0].text = SP
    refused(provider, by_redirect(signed_in, request, pair=rsa_pair()), "saml_unreadable")


EVIL = [
    b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
    b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x">',
    b"<?xml version='1.0' encoding='UTF-7'?>",
    b"<?xml version='1.0' encoding='UTF-32'?>",
    b"<?xml version='1.1' encoding='UTF-8'?>",
]

#: How products write a request that has no letter beyond ASCII: what its declaration says, and how it is encoded.
WRITTEN = [
    ("utf-16", "ascii"), ("utf-16", "utf-16"), ("UTF-16LE", "utf-16-le"), ("utf-16", "utf-16-be"), ("unicode", "ascii"),
    ("us-ascii", "ascii"), ("ISO-8859-1", "latin-1"), ("windows-1252", "cp1252"), ("UTF8", "utf-8-sig"), ("", "utf-16"),
]  # fmt: skip


def written(request: Element, said: str, encoding: str, more: str = "") -> bytes:
    """The octets of a request under a declaration of its own."""
    declaration = f'<?xml version="1.0" encoding="{said}"?>\r\n' if said else ""
    return (declaration + more + serialize(request).decode()).encode(encoding)


@pytest.mark.spec("XML 4.3.3")
@pytest.mark.parametrize(("said", "encoding"), WRITTEN)
def test_n21_a_request_is_read_in_the_encodings_that_metadata_may_be_in(
    provider: Provider, wiki: Client, signed_in: Browser, said: str, encoding: str
) -> None:
    """What .NET's StringWriter declares, and what is so indeed; the admin cannot change the product."""
    for send in (by_redirect, lambda *how: by_post(*how, cross_site=False)):
        assert status(send(signed_in, written(authn_request(provider), said, encoding)))[0] == "Success"


@pytest.mark.parametrize(("said", "encoding"), [("utf-16", "ascii"), ("utf-16", "utf-16"), ("iso-8859-1", "latin-1")])
def test_n21_a_signature_holds_whatever_the_request_is_encoded_in(
    provider: Provider, ann: Person, browser: Browser, said: str, encoding: str
) -> None:
    """By POST it is of the canonical form, which is UTF-8; by Redirect of the sender's own octets."""
    register(provider, said=facts(signing_certificates=[certificate(rsa_pair())], authn_requests_signed=True))
    name = "Grüße" if encoding != "ascii" else "greetings"
    by_get = by_redirect(browser, written(authn_request(provider, ProviderName=name), said, encoding), pair=rsa_pair())
    assert by_get.is_login_page
    for changed in (False, True):
        request = authn_request(provider, ProviderName=name)
        sign(request, rsa_pair().signer())
        if changed:
            request.set("ProviderName", name + "!")
        answer = by_post(browser, written(request, said, encoding))
        if changed:
            refused(provider, answer, "saml_bad_signature")
        else:
            assert browser.follow(answer).is_login_page


@pytest.mark.parametrize(("said", "encoding"), WRITTEN)
@pytest.mark.parametrize("trick", ["<!DOCTYPE x [<!ENTITY a 'b'>]>", "<!-- x -->", "<?x y?>"])
def test_n21_no_encoding_hides_a_dtd_or_a_comment(
    provider: Provider, wiki: Client, signed_in: Browser, said: str, encoding: str, trick: str
) -> None:
    data = written(authn_request(provider), said, encoding, trick)
    refused(provider, by_redirect(signed_in, data), "saml_unreadable")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b'<?xml version="1.0" encoding="us-ascii"?><a>\xfc</a>', "says us-ascii, and it is not"),
        (b'<?xml version="1.0" encoding="windows-1252"?><a>\x81</a>', "says windows-1252, and it is not"),
        (b'<?xml version="1.0" encoding="ebcdic-cp-us"?><a/>', "says ebcdic-cp-us, which is not read"),
        (b"\xff\xfe<\0a\0/\0>", "begins as UTF-16-LE"),
        ("\ufeff<a/>".encode("utf-32-le"), "UTF-32"),
        (b"<\0a\0\0\0/\0>\0", "not UTF-8"),
    ],
)
def test_n21_a_request_that_is_not_what_it_says_is_named(
    provider: Provider, wiki: Client, signed_in: Browser, data: bytes, what: str
) -> None:
    for send in (by_redirect, by_post):
        assert what in refused(provider, send(signed_in, data), "saml_unreadable")["what"]


@pytest.mark.parametrize("prolog", EVIL)
def test_T6_no_dtd_and_no_other_encoding(provider: Provider, wiki: Client, signed_in: Browser, prolog: bytes) -> None:
    data = prolog + serialize(authn_request(provider))
    refused(provider, by_redirect(signed_in, data), "saml_unreadable")
    refused(provider, by_post(signed_in, data), "saml_unreadable")


def test_T5_a_comment_or_processing_instruction_in_a_name_is_refused(
    provider: Provider, wiki: Client, signed_in: Browser
) -> None:
    data = serialize(authn_request(provider))
    for trick in (b"<!-- x -->", b"<?x y?>", b"<![CDATA[]]>"):
        for place in (SP.encode(), SP.encode()[:20]):
            evil = data.replace(place, place + trick, 1)
            assert evil != data
            refused(provider, by_post(signed_in, evil), "saml_unreadable")


def test_T15_crafted_xml_costs_little(provider: Provider, wiki: Client, signed_in: Browser) -> None:
    import time

    deep = b"<a>" * 8000 + b"</a>" * 8000
    wide = b"<a " + b" ".join(b'x%d="%d"' % (n, n) for n in range(6000)) + b"/>"
    spaces = b"<a " + b" ".join(b'xmlns:x%d="u:%d"' % (n, n) for n in range(3000)) + b"/>"
    for data in (deep, wide, spaces, b"<a>" + b"&#x41;" * 15000 + b"</a>"):
        begun = time.process_time()
        assert by_redirect(signed_in, data).is_error_page
        assert time.process_time() - begun < 0.5


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("ID", "1starts-with-a-digit"), ("ID", "has space"), ("ID", ""), ("ID", "x" * 1025), ("ID", "a:b"),
        ("IssueInstant", "yesterday"), ("IssueInstant", None), ("IssueInstant", "2026-13-01T00:00:00Z"),
        ("ForceAuthn", "yes"), ("IsPassive", "TRUE"),
    ],
)  # fmt: skip
def test_what_the_schema_forbids_is_unreadable(
    provider: Provider, wiki: Client, signed_in: Browser, attribute: str, value: str | None
) -> None:
    refused(provider, by_redirect(signed_in, authn_request(provider, **{attribute: value})), "saml_unreadable")


def test_a_part_that_stands_twice_is_unreadable(provider: Provider, wiki: Client, signed_in: Browser) -> None:
    for twice in (
        lambda: policy(names.NAMEID_EMAIL), lambda: subject("ann"), lambda: element(names.SAML, "Issuer", None, SP),
        lambda: requested_context(names.AC_PASSWORD),
    ):  # fmt: skip
        refused(provider, by_redirect(signed_in, authn_request(provider, twice(), twice())), "saml_unreadable")


def test_IIP_EXT01_what_is_unknown_is_passed_over(provider: Provider, wiki: Client, signed_in: Browser) -> None:
    extensions = element(names.SAMLP, "Extensions", None, element("urn:x", "thing", {"a": "b"}, "text"))
    request = authn_request(provider, extensions, **{"{urn:y}what": "ever"})
    child(request, names.SAML, "Advice", None, "x")
    assert status(by_redirect(signed_in, request))[0] == "Success"


def test_IIP_G02_256_characters_of_any_kind_are_taken_whole(
    provider: Provider, ann: Person, signed_in: Browser
) -> None:
    entity_id = "https://wiki.example/" + "ü" * 235
    register(provider, said=facts(entity_id))
    request = authn_request(provider, issuer=entity_id, ID="_" + "é" * 255)
    root = message(by_redirect(signed_in, request))
    assert root.get("InResponseTo") == "_" + "é" * 255
    assert root.findtext(f".//{{{names.SAML}}}Audience") == entity_id


# -- (b) what is told to the service provider ------------------------------------------------------------------------


def test_every_refusal_is_recorded_with_the_message_and_its_id_is_told(
    provider: Provider, wiki: Client, signed_in: Browser
) -> None:
    request = authn_request(provider, Destination="https://other.example/sso")
    answer = by_redirect(signed_in, request)
    top, nested, text = status(answer)
    assert (top, nested) == ("Requester", "RequestDenied")
    event = provider.events("error:saml_requestdenied")[0]
    assert f"(Error {event.error_id})" in text
    assert "https://other.example/sso" in event.detail["what"]
    assert 'Destination="https://other.example/sso"' in event.detail["evidence"]
    assert "https://login.example/saml/sso" in event.detail["fix"]
    assert message(answer).get("InResponseTo") == request.get("ID")
    assert answer.sent["RelayState"] == "rs"


def one(element_: Element) -> Callable[[Provider], dict[str, Any]]:
    return lambda provider: {"children": (element_,)}


def said(**attributes: str) -> Callable[[Provider], dict[str, Any]]:
    return lambda provider: attributes


def at(seconds: float) -> Callable[[Provider], dict[str, Any]]:
    return lambda provider: {"IssueInstant": instant(provider.clock() + seconds)}


def conditions(name: str, seconds: float) -> Callable[[Provider], dict[str, Any]]:
    return lambda provider: {
        "children": (element(names.SAML, "Conditions", {name: instant(provider.clock() + seconds)}),)
    }


def _scoping(*entities: str) -> Element:
    scoping = element(names.SAMLP, "Scoping", {"ProxyCount": "0"})
    listed = child(scoping, names.SAMLP, "IDPList")
    for entity in entities:
        child(listed, names.SAMLP, "IDPEntry", {"ProviderID": entity})
    return scoping


def _holder_of_key() -> Element:
    made = element(names.SAML, "Subject")
    child(made, names.SAML, "SubjectConfirmation", {"Method": "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"})
    return made


DENIED = "RequestDenied"
ERRORS: dict[str, tuple[Callable[[Provider], dict[str, Any]], tuple[str, str]]] = {
    "version 1.1": (said(Version="1.1"), ("VersionMismatch", "RequestVersionTooLow")),
    "version 2.1": (said(Version="2.1"), ("VersionMismatch", "RequestVersionTooHigh")),
    "version 3.0": (said(Version="3.0"), ("VersionMismatch", "RequestVersionTooHigh")),
    "no version": (said(Version=""), ("VersionMismatch", "RequestVersionTooLow")),
    "too old": (at(-301), ("Requester", DENIED)),
    "from the future": (at(181), ("Requester", DENIED)),
    "another destination": (said(Destination="https://login.example/saml/slo"), ("Requester", DENIED)),
    "destination with a slash": (said(Destination="https://login.example/saml/sso/"), ("Requester", DENIED)),
    "destination by the Host header": (said(Destination="http://localhost/saml/sso"), ("Requester", DENIED)),
    "an unsupported binding": (said(ProtocolBinding=names.HTTP_REDIRECT), ("Responder", "UnsupportedBinding")),
    "an unsupported binding for its ACS": (
        said(ProtocolBinding=names.PAOS, AssertionConsumerServiceURL=ACS), ("Responder", "UnsupportedBinding"),
    ),
    "conditions that are over": (conditions("NotOnOrAfter", -181), ("Requester", DENIED)),
    "conditions that begin later": (conditions("NotBefore", 181), ("Requester", DENIED)),
    "an unknown name format": (one(policy("urn:x:y")), ("Requester", "InvalidNameIDPolicy")),
    "entity as name format": (one(policy(names.NAMEID_ENTITY)), ("Requester", "InvalidNameIDPolicy")),
    "another's qualifier": (one(policy(SPNameQualifier="https://x.example")), ("Requester", "InvalidNameIDPolicy")),
    "an encrypted name without a key": (one(policy(names.NAMEID_ENCRYPTED)), ("Requester", "InvalidNameIDPolicy")),
    "no identifier may be made": (
        one(policy(names.NAMEID_PERSISTENT, AllowCreate="false")), ("Requester", "InvalidNameIDPolicy"),
    ),
    "a name that nobody has": (one(policy(names.NAMEID_KERBEROS)), ("Requester", "InvalidNameIDPolicy")),
    "an unknown class": (one(requested_context("urn:x")), ("Responder", "NoAuthnContext")),
    "an unknown comparison": (
        one(requested_context(names.AC_PASSWORD, comparison="x")), ("Requester", "RequestUnsupported"),
    ),
    "other identity providers": (
        one(_scoping("https://a.example", "https://b.example")), ("Responder", "NoSupportedIDP"),
    ),
    "a holder of a key": (one(_holder_of_key()), ("Requester", "RequestUnsupported")),
    "a subject of an unknown format": (one(subject("x", "urn:x")), ("Requester", "InvalidNameIDPolicy")),
}  # fmt: skip


@pytest.mark.spec("SAML2 Core 3.2.2.2")
@pytest.mark.parametrize("name", ERRORS)
def test_IIP_IDP05_what_cannot_be_done_is_told_with_a_nested_status(
    provider: Provider, wiki: Client, signed_in: Browser, name: str
) -> None:
    make, expected = ERRORS[name]
    about = make(provider)
    request = authn_request(provider, *about.pop("children", ()), **about)
    answer = by_redirect(signed_in, request)
    assert status(answer)[:2] == expected
    root = message(answer)
    assert root.get("InResponseTo") == request.get("ID")
    assert root.get("Destination") == answer.form.action == ACS
    # Signed, so that nobody else can send it.
    assert root.find(f"{{{names.DS}}}Signature") is not None
    assert provider.events(f"error:saml_{expected[1].lower()}")


def test_what_is_just_inside_the_bounds_is_fine(provider: Provider, wiki: Client, signed_in: Browser) -> None:
    for make in (
        at(-299),
        at(179),
        conditions("NotOnOrAfter", 60),
        one(_scoping("https://login.example/saml/metadata")),
    ):
        about = make(provider)
        answer = by_redirect(signed_in, authn_request(provider, *about.pop("children", ()), **about))
        assert status(answer)[0] == "Success"


def test_a_deployment_that_ignores_scoping(provider: Provider, ann: Person, signed_in: Browser) -> None:
    register(provider, scoping="ignore")
    assert status(by_redirect(signed_in, authn_request(provider, _scoping("https://a.example"))))[0] == "Success"


def test_the_clock_of_one_service_provider_may_be_worse(provider: Provider, ann: Person, signed_in: Browser) -> None:
    register(provider, skew_seconds=600)
    answer = by_redirect(signed_in, authn_request(provider, **at(-700)(provider)))
    assert status(answer)[0] == "Success"


@pytest.mark.spec("SAML2 Bind 3.4.5.2")
def test_T13_a_signed_request_must_have_our_destination(
    provider: Provider, signing: Client, signed_in: Browser
) -> None:
    for destination in (None, "https://other-idp.example/sso"):
        request = authn_request(provider, Destination=destination)
        assert status(by_redirect(signed_in, request, pair=rsa_pair()))[:2] == ("Requester", "RequestDenied")
    assert status(by_redirect(signed_in, authn_request(provider), pair=rsa_pair()))[0] == "Success"


def test_the_destination_may_be_left_out_where_nothing_is_signed(
    provider: Provider, wiki: Client, signed_in: Browser
) -> None:
    assert status(by_redirect(signed_in, authn_request(provider, Destination=None)))[0] == "Success"


def test_T13_n28_a_request_is_answered_once(
    provider: Provider, wiki: Client, signed_in: Browser, browser: Browser, clock: Clock
) -> None:
    request = authn_request(provider)
    assert status(by_redirect(signed_in, request))[0] == "Success"
    for _ in range(3):  # whoever has had the answer is led on, and the application is sent no error
        for again in (by_redirect(signed_in, request), signed_in.follow(by_post(signed_in, request))):
            assert again.location == f"{provider.issuer}/saml/start/{wiki.id}"
    # In another browser, before anybody types a password; and where no page may be shown.
    assert status(by_redirect(browser, request))[:2] == ("Requester", "RequestDenied")
    assert status(browser.follow(by_post(browser, request)))[:2] == ("Requester", "RequestDenied")
    other_session = provider.browser()
    other_session.log_in(other_session.get("/"))
    assert status(by_redirect(other_session, request))[:2] == ("Requester", "RequestDenied")
    passive = authn_request(provider, IsPassive="true")
    assert status(by_redirect(signed_in, passive))[0] == "Success"
    assert status(by_redirect(signed_in, passive))[:2] == ("Requester", "RequestDenied")
    # The same ID of somebody else is another request.
    register(provider, "Other", facts("https://other.example/md", "https://other.example/acs"))
    other = authn_request(provider, issuer="https://other.example/md", ID=request.get("ID"))
    assert status(by_redirect(signed_in, other))[0] == "Success"
    # When it is forgotten it is too old anyway.
    clock.advance(1000)
    assert status(by_redirect(signed_in, request))[:2] == ("Requester", "RequestDenied")


def test_T13_of_two_browsers_that_race_with_one_request_one_is_answered(
    provider: Provider, wiki: Client, ann: Person
) -> None:
    request = authn_request(provider)
    browsers = [provider.browser(), provider.browser()]
    pages = [by_redirect(each, request) for each in browsers]
    answers = [each.log_in(page) for each, page in zip(browsers, pages, strict=True)]
    assert sorted(status(answer)[0] for answer in answers) == ["Requester", "Success"]


def test_a_page_may_be_reloaded_before_anything_is_proven(provider: Provider, wiki: Client, browser: Browser) -> None:
    request = authn_request(provider)
    assert by_redirect(browser, request).is_login_page
    page = by_redirect(browser, request)
    assert status(browser.log_in(page))[0] == "Success"


def test_the_attribute_service_is_chosen_by_index(provider: Provider, ann: Person, signed_in: Browser) -> None:
    services = [
        {"index": 0, "is_default": True, "requested": [{"name": "urn:oid:0.9.2342.19200300.100.1.3"}]},
        {"index": 1, "requested": [{"name": "urn:oid:0.9.2342.19200300.100.1.1", "required": True}]},
    ]
    register(provider, said=facts(attribute_services=services))

    def released(index: str | None) -> list[str]:
        root = message(by_redirect(signed_in, authn_request(provider, AttributeConsumingServiceIndex=index)))
        return [a.get("Name", "").rpartition(".")[2] for a in root.iter(f"{{{names.SAML}}}Attribute")]

    assert released(None) == ["3"]
    assert released("0") == ["3"]
    assert released("1") == ["1"]
    unknown = by_redirect(signed_in, authn_request(provider, AttributeConsumingServiceIndex="2"))
    assert status(unknown)[:2] == ("Requester", "RequestUnsupported")


@pytest.mark.parametrize("trick", ['"><script>alert(1)</script>', "javascript:alert(1)", "</form>", "\u2028"])
def test_T18_relay_state_stays_text(provider: Provider, wiki: Client, signed_in: Browser, trick: str) -> None:
    answer = by_redirect(signed_in, authn_request(provider), trick)
    assert answer.sent["RelayState"] == trick
    assert "<script>alert" not in answer.text
    assert "form-action https://wiki.example" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"


def test_T18_an_acs_with_a_query_and_quotes_is_kept_and_escaped(
    provider: Provider, ann: Person, signed_in: Browser
) -> None:
    acs = "https://wiki.example/acs?a=%22&b=c'd"
    register(provider, said=facts(acs=acs))
    answer = by_redirect(signed_in, authn_request(provider))
    assert answer.form.action == acs
    assert answer.form.method == "POST"


def test_T26_no_assertion_is_written_to_events_or_urls(provider: Provider, wiki: Client, signed_in: Browser) -> None:
    answer = by_redirect(signed_in, authn_request(provider))
    sent = answer.sent["SAMLResponse"]
    assert not answer.location
    assert all(sent[:40] not in str(event.detail) for event in provider.events())
    assert answer.headers["Referrer-Policy"] == "no-referrer"
