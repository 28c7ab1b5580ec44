"""Reading metadata: what products write is understood, what attackers write is refused."""

from __future__ import annotations

import calendar
import contextlib
import re
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from clients.saml_fields import validate
from clients.service_provider import ServiceProvider, build
from idp.saml.messages import names
from idp.saml.messages.xml import child, clean_text, parse, serialize
from idp.saml.metadata import reading
from idp.saml.metadata.description import Description, from_acs
from idp.saml.metadata.lexical import BadMetadata, parse_duration, parse_time, plain
from tests.saml import xsw
from tests.saml.documents import (
    AWS,
    GOOGLE,
    MELLON,
    MOD_SHIB,
    NS,
    POST,
    REDIRECT,
    ZOOM,
    acs,
    aggregate,
    certificate,
    federated,
    key,
    signed,
    sp,
)
from tests.saml.pairs import Pair, ec_pair, rsa_pair, self_signed
from tests.saml.samples import entity_descriptor

NOW = 1_795_000_000.0  # 2026-11-18
DAY = 86_400.0


def read(data: bytes, **how: Any) -> Description:
    return reading.read(data, NOW, **how)


def provider(data: bytes, **how: Any) -> ServiceProvider:
    """As the registry sees it: what reading gives is always what the registry takes."""
    found = read(data, **how)
    return build(validate({"client_name": found.name, "require_signed_requests": False, "sp_metadata": found.facts}))


def refusal(data: bytes, **how: Any) -> str:
    with pytest.raises(BadMetadata) as caught:
        read(data, **how)
    return caught.value.reason


# -- what products write -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", ["false", "true"])
def test_metadata_of_python3_saml_is_enough(flags: str) -> None:
    from onelogin.saml2.settings import OneLogin_Saml2_Settings

    pair = rsa_pair()
    made = OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {
                "entityId": "https://app.example/metadata/",
                "assertionConsumerService": {"url": "https://app.example/?acs"},
                "singleLogoutService": {"url": "https://app.example/?sls"},
                "attributeConsumingService": {
                    "serviceName": "The app",
                    "serviceDescription": "An app",
                    "requestedAttributes": [{"name": "urn:oid:0.9.2342.19200300.100.1.3", "isRequired": True}],
                },
                "NameIDFormat": names.NAMEID_EMAIL,
                "x509cert": pair.certificate_pem,
                "privateKey": pair.key_pem,
            },
            "security": {
                "authnRequestsSigned": flags == "true", "wantAssertionsSigned": True, "wantAssertionsEncrypted": True,
                "signMetadata": flags == "true",
            },
        },
        sp_validation_only=True,
    ).get_sp_metadata()  # fmt: skip
    data = made if isinstance(made, bytes) else made.encode()
    found = provider(data)
    assert found.entity_id == "https://app.example/metadata/"
    assert [(a.binding, a.location) for a in found.acs] == [(POST, "https://app.example/?acs")]
    assert found.name_id_formats == (names.NAMEID_EMAIL,)
    assert found.signing_certificates == (b64encode(pair.certificate).decode(),)
    assert [k.certificate for k in found.encryption_keys] == [b64encode(pair.certificate).decode()]
    assert found.authn_requests_signed is (flags == "true")
    service = found.find_attribute_service()
    assert service is not None
    assert service.requested[0].required
    assert found.slo[0].binding == REDIRECT
    # Its validUntil is two days away: given by hand, that must not end the registration.
    assert found.valid_until is not None
    assert found.is_current(found.valid_until + DAY)


def test_metadata_of_pysaml2_is_enough(tmp_path: Path) -> None:
    from saml2.config import SPConfig
    from saml2.metadata import entity_descriptor as describe

    cert, private = rsa_pair("sp").write(tmp_path)
    config = SPConfig().load(
        {
            "entityid": "https://py.example/sp.xml",
            "service": {
                "sp": {
                    "name": "Py",
                    "ui_info": {"display_name": [{"text": "Das Py", "lang": "de"}, {"text": "Py", "lang": "en"}]},
                    "endpoints": {
                        "assertion_consumer_service": [("https://py.example/acs", POST)],
                        "single_logout_service": [("https://py.example/slo", REDIRECT)],
                    },
                    "required_attributes": ["surname"], "optional_attributes": ["mail"],
                    "authn_requests_signed": True, "want_assertions_signed": True,
                }
            },
            "key_file": private, "cert_file": cert, "encryption_keypairs": [{"key_file": private, "cert_file": cert}],
            "xmlsec_binary": "/usr/bin/xmlsec1",
            "organization": {"name": "Org", "display_name": [("Org", "en")], "url": "https://py.example"},
            "contact_person": [
                {"given_name": "Ann", "email_address": "ann@py.example", "contact_type": "technical"}
            ],
        }
    )  # fmt: skip
    found = provider(str(describe(config)).encode())
    assert found.entity_id == "https://py.example/sp.xml"
    assert found.authn_requests_signed
    assert found.display_names["de"] == "Das Py"
    assert [k.certificate for k in found.encryption_keys] == [certificate()]
    service = found.find_attribute_service()
    assert service is not None
    assert [r.required for r in service.requested] == [True, False]
    assert service.requested[1].friendly_name == "mail"
    assert found.contacts[0].emails == ("ann@py.example",)


def test_IIP_MD10_metadata_of_mod_shib_has_its_algorithms_and_endpoints() -> None:
    found = provider(MOD_SHIB)
    assert [(a.index, a.binding) for a in found.acs] == [(1, POST), (3, names.HTTP_ARTIFACT), (4, names.PAOS)]
    assert found.default_acs() == found.acs[0]
    assert found.signing_certificates == (certificate("shib-s"),)
    (encryption,) = found.encryption_keys
    assert encryption.certificate == certificate("shib-e")
    assert [m.algorithm.rpartition("#")[2] for m in encryption.methods] == ["aes128-gcm", "rsa-oaep", "rsa-oaep-mgf1p"]
    assert (encryption.methods[1].digest, encryption.methods[1].mgf) == (names.SHA256, names.MGF1_SHA256)
    assert found.digest_methods == (names.SHA512, names.SHA256)
    assert [(m.algorithm, m.min_key_size) for m in found.signing_methods] == [
        (names.ECDSA_SHA256, None),
        (names.RSA_SHA256, 2048),
    ]
    assert len(found.slo) == 4
    assert found.artifact_resolution[0].location.endswith("/Artifact/SOAP")
    assert read(MOD_SHIB).warnings == ()


def test_metadata_of_mellon_asks_for_signed_requests() -> None:
    found = provider(MELLON)
    assert found.authn_requests_signed
    assert found.want_assertions_signed
    assert found.acs[0].is_default is True
    assert found.encryption_keys == ()
    assert found.name_id_formats == (names.NAMEID_TRANSIENT,)


def test_metadata_of_aws_names_the_roles_it_needs() -> None:
    found = provider(AWS)
    assert (found.entity_id, read(AWS).name) == ("urn:amazon:webservices", "AWS Management Console Single Sign-On")
    service = found.find_attribute_service()
    assert service is not None
    assert [(r.friendly_name, r.required) for r in service.requested] == [
        ("RoleEntitlement", True),
        ("RoleSessionName", True),
    ]
    assert [a.is_default for a in found.acs] == [True, False]
    assert found.organization["en"] == "AWS"


def test_metadata_of_google_has_an_entity_id_that_is_no_address() -> None:
    found = provider(GOOGLE)
    assert found.entity_id == "google.com/a/example.com"
    assert found.signing_certificates == ()


@pytest.mark.spec("IIP-MD11")
def test_IIP_MD11_a_key_without_use_is_for_both() -> None:
    found = provider(ZOOM)
    assert found.signing_certificates == (certificate("zoom"),)
    assert [k.certificate for k in found.encryption_keys] == [certificate("zoom")]
    # Kept byte for byte, but for the space around.
    assert found.acs[0].location == "https://Example.zoom.us/saml/SSO"
    assert found.slo[0].for_responses == "https://Example.zoom.us/saml/LoggedOut"
    assert found.authn_requests_signed
    assert read(ZOOM).cache_duration == DAY
    assert any("no index" in warning for warning in read(ZOOM).warnings)


def test_metadata_of_a_federation_has_texts_for_people_and_categories() -> None:
    found = provider(serialize(federated(7)))
    assert found.display_names == {"en": "Service 7"}
    assert found.privacy_statement_urls["en"] == "https://sp00007.example.org/privacy"
    assert found.logo_uri == "https://sp00007.example.org/logo.png"
    assert found.entity_categories == {"http://refeds.org/category/research-and-scholarship"}


def test_without_metadata_an_entity_id_and_an_acs_are_enough() -> None:
    found = from_acs("https://app.example", ["https://app.example/acs", "https://app.example/acs2"])
    assert found.name == "app.example"
    made = build(validate({"client_name": found.name, "sp_metadata": found.facts}))
    assert [a.index for a in made.acs] == [0, 1]


# -- keys --------------------------------------------------------------------------------------------------------------


@pytest.mark.spec("IIP-MD07")
def test_IIP_MD07_every_signing_key_is_kept() -> None:
    data = sp(
        key("signing", "a")
        + key("signing", "b")
        + key(None, "c")
        + key("encryption", "d")
        + acs("https://sp.example/acs")
    )
    found = provider(data)
    assert found.signing_certificates == (certificate("a"), certificate("b"), certificate("c"))
    assert [k.certificate for k in found.encryption_keys] == [certificate("c"), certificate("d")]


def _with(pairs: list[Pair], use: str = "signing") -> bytes:
    inside = "".join(f"<ds:X509Certificate>{b64encode(p.certificate).decode()}</ds:X509Certificate>" for p in pairs)
    info = f"<ds:KeyInfo><ds:X509Data>{inside}</ds:X509Data></ds:KeyInfo>"
    return sp(f'<md:KeyDescriptor use="{use}">{info}</md:KeyDescriptor>' + acs("https://sp.example/acs"))


@pytest.mark.spec("IIP-MD12")
def test_IIP_MD12_an_expired_certificate_is_a_key_like_any_other() -> None:
    old = self_signed(rsa_pair("old").key, start=2001, end=2002)
    assert provider(_with([old])).signing_certificates == (b64encode(old.certificate).decode(),)


def test_an_authority_in_a_certificate_chain_does_not_become_a_signer() -> None:
    leaf, authority = issued()
    for chain in ([leaf, authority], [authority, leaf]):
        assert provider(_with(chain)).signing_certificates == (b64encode(leaf.certificate).decode(),)


def issued() -> tuple[Pair, Pair]:
    """A certificate, and the authority that issued it."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    keys = (rsa_pair("leaf").key, rsa_pair("ca").key)
    subjects = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)]) for text in ("leaf", "authority")]
    made = []
    for key_, subject in zip(keys, subjects, strict=True):
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subjects[1]).serial_number(7)
        builder = builder.not_valid_before(datetime.datetime(2020, 1, 1)).not_valid_after(datetime.datetime(2040, 1, 1))
        der = builder.public_key(key_.public_key()).sign(keys[1], hashes.SHA256()).public_bytes(Encoding.DER)
        made.append(Pair(key_, der))
    return made[0], made[1]


def test_a_key_that_cannot_be_used_is_left_out_with_a_word() -> None:
    for broken in ("AAAA", "no base64!", b64encode(b"\x30" + bytes(300)).decode(), ""):
        data = _with([rsa_pair("a")])
        data = re.sub(rb"<ds:X509Certificate>[^<]+<", b"<ds:X509Certificate>%s<" % broken.encode(), data)
        found = read(data)
        assert "signing_certificates" not in found.facts
        assert any("key is left out" in warning for warning in found.warnings), (broken, found.warnings)


def test_an_encryption_key_that_is_not_rsa_is_left_out_and_signs_all_the_same() -> None:
    found = read(_with([ec_pair()], "encryption"))
    assert "encryption_keys" not in found.facts
    assert any("only RSA" in warning for warning in found.warnings)
    assert provider(_with([ec_pair()])).signing_certificates


def test_an_encryption_method_without_a_name_does_not_mean_that_anything_will_do() -> None:
    data = sp(key("encryption", inside="<md:EncryptionMethod/>") + acs("https://sp.example/acs"))
    assert [m.algorithm for m in provider(data).encryption_keys[0].methods] == ["unknown"]


# -- endpoints ---------------------------------------------------------------------------------------------------------


def test_one_bad_endpoint_is_left_out_and_the_others_stand() -> None:
    data = sp(acs("javascript:alert(1)", 0) + acs("https://sp.example/ok", 1) + acs("http://sp.example/plain", 2))
    found = read(data)
    assert [a["location"] for a in found.facts["acs"]] == ["https://sp.example/ok"]
    assert len(found.warnings) == 2


@pytest.mark.parametrize(
    "endpoints",
    [
        acs("javascript:alert(1)"),
        acs("http://sp.example/acs"),
        acs("https://sp.example/acs?RelayState=x"),
        acs("https://sp.example/acs", binding=REDIRECT),
        acs("https://sp.example/acs", binding=names.PAOS),
        acs("https://sp.example/acs", binding="urn:other"),
        "<md:AssertionConsumerService/>",
        "<md:NameIDFormat/>",
    ],
)
def test_metadata_without_any_usable_acs_is_refused(endpoints: str) -> None:
    assert "no AssertionConsumerService takes a Response by HTTP-POST" in refusal(sp(endpoints))


def test_endpoints_with_the_same_index_or_none_get_their_own() -> None:
    data = sp(acs("https://sp.example/0", 0) + acs("https://sp.example/1", 0) + acs("https://sp.example/2", None))
    found = read(data)
    assert [(a["index"], a["location"][-1]) for a in found.facts["acs"]] == [(0, "0"), (1, "1"), (2, "2")]
    assert len(found.warnings) == 2
    provider(data)


def test_an_index_that_is_no_index_does_not_break_anything() -> None:
    for index in ("-1", "99999", "x", "1e3", "٣", "", "65536"):
        data = sp(f'<md:AssertionConsumerService Binding="{POST}" Location="https://sp.example/" index="{index}"/>')
        assert [a.index for a in provider(data).acs] == [0]


def test_loopback_is_for_development() -> None:
    data = sp(acs("http://127.0.0.1:5000/acs"))
    refusal(data)
    assert read(data, allow_loopback=True).facts["acs"][0]["location"] == "http://127.0.0.1:5000/acs"


# -- which one ---------------------------------------------------------------------------------------------------------


def test_of_an_aggregate_one_service_provider_is_chosen_by_its_entity_id() -> None:
    inner = aggregate([federated(3)], None)
    data = serialize(aggregate([federated(1), inner, federated(2)]))
    assert read(data, entity_id="https://sp00003.example.org/shibboleth").name == "Service 3"
    said = refusal(data)
    assert "has 3 service providers" in said
    assert "https://sp00001.example.org/shibboleth" in said
    assert "no service provider with the entityID urn:x" in refusal(data, entity_id="urn:x")
    assert read(serialize(aggregate([federated(1)]))).name == "Service 1"


def test_threat_21_a_document_for_somebody_else_is_refused() -> None:
    assert "no service provider with the entityID" in refusal(sp(), entity_id="https://victim.example")


def test_threat_21_two_entities_with_one_entity_id_are_refused() -> None:
    assert "same entityID" in refusal(serialize(aggregate([federated(1), federated(1)])))
    hidden = aggregate([aggregate([federated(1)], None), federated(1)])
    assert "same entityID" in refusal(serialize(hidden), entity_id="https://sp00001.example.org/shibboleth")


def test_threat_23_an_entity_id_with_quotes_finds_nothing_but_itself() -> None:
    data = serialize(aggregate([federated(1), federated(2)]))
    assert "no service provider" in refusal(data, entity_id="x' or '1'='1")


def test_what_is_no_service_provider_is_named() -> None:
    role = f'<md:IDPSSODescriptor protocolSupportEnumeration="{names.SAMLP}"/>'
    idp = f'<md:EntityDescriptor {NS} entityID="urn:idp">{role}</md:EntityDescriptor>'
    assert "identity provider" in refusal(idp.encode())
    assert "web page" in refusal(b"<html><head/></html>")
    assert "it is feed, not" in refusal(b"<feed xmlns='http://www.w3.org/2005/Atom'/>")
    assert "not XML" in refusal(b"Please sign in")
    assert "not XML" in refusal(b"")
    saml1 = sp().replace(names.SAMLP.encode(), b"urn:oasis:names:tc:SAML:1.1:protocol")
    assert "no service provider" in refusal(saml1)


@pytest.mark.parametrize("entity_id", ["", " ", "a b", "x" * 1025, "a&#9;b"])
def test_an_entity_id_that_cannot_be_one_is_refused(entity_id: str) -> None:
    assert "entityID" in refusal(sp(entity_id=entity_id))


# -- how long it holds -------------------------------------------------------------------------------------------------


@pytest.mark.spec("IIP-MD04")
def test_IIP_MD04_metadata_that_ended_is_refused_wherever_it_says_so() -> None:
    past = 'validUntil="2026-11-01T00:00:00Z"'
    assert "ended on 2026-11-01" in refusal(sp(entity=past))
    assert "ended on 2026-11-01" in refusal(sp(role=past))
    assert "ended" in refusal(serialize(aggregate([federated(1)], "2026-11-01T00:00:00Z")))
    nested = aggregate([aggregate([federated(1)], "2026-11-01T00:00:00Z")])
    assert "ended" in refusal(serialize(nested))
    assert read(sp()).valid_until is None


@pytest.mark.spec("IIP-MD04")
def test_IIP_MD04_a_source_must_say_how_long_and_not_too_long() -> None:
    far, near = 'validUntil="2030-01-01T00:00:00Z"', 'validUntil="2026-11-25T00:00:00Z"'
    assert "no validUntil" in refusal(sp(), max_validity=30 * DAY)
    assert "more than 30 days away" in refusal(sp(entity=far), max_validity=30 * DAY)
    assert read(sp(entity=near), max_validity=30 * DAY).valid_until == parse_time("2026-11-25T00:00:00Z")
    # The least of all counts.
    data = serialize(aggregate([parse(sp(entity=far))], "2026-11-25T00:00:00Z"))
    assert read(data, max_validity=30 * DAY).facts["valid_until"] == parse_time("2026-11-25T00:00:00Z")


@pytest.mark.parametrize(
    ("text", "later"),
    [
        ("2026-11-18T12:26:40Z", 0.0),
        ("2026-11-18T12:26:40", 0.0),
        ("2026-11-18T14:26:40+02:00", 0.0),
        ("2026-11-18T12:26:40.5Z", 0.5),
        (" 2026-11-18T12:26:40Z\n", 0.0),
    ],
)
def test_times_are_read_as_xml_writes_them(text: str, later: float) -> None:
    assert parse_time(text) == calendar.timegm((2026, 11, 18, 12, 26, 40)) + later


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2026-11-18", "2026-13-18T00:00:00Z", "2026-W47-3T00:00:00Z", "2026-11-18 00:00:00Z",
             "20261118T000000Z", "99999-01-01T00:00:00Z", "2026-11-18T00:00:00Z; DROP", "２０２６-11-18T00:00:00Z"]
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadMetadata, match="is not a time"):
        parse_time(text)
    assert "is not a time" in refusal(sp(entity=f'validUntil="{text}"'))


@pytest.mark.parametrize(
    ("text", "seconds"), [("PT6H", 21_600), ("P1D", DAY), ("P7DT1M", 7 * DAY + 60), ("PT604800S", 604_800),
                          ("PT1.5S", 1), ("P1Y", 365 * DAY), ("P1M", 30 * DAY)]
)  # fmt: skip
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "6H", "-PT6H", "P1DT", "PT6H6", "P" + "9" * 50 + "D"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(BadMetadata, match="is not a duration"):
        parse_duration(text)


# -- whom to believe ---------------------------------------------------------------------------------------------------

FEDERATION = (rsa_pair("federation").public,)


@pytest.mark.spec("IIP-MD03")
def test_IIP_MD03_with_a_pinned_key_only_its_signature_counts() -> None:
    data = signed(sp())
    assert read(data, keys=FEDERATION).entity_id == "https://sp.example/metadata"
    for other in (sp(), signed(sp(), rsa_pair("evil")), data.replace(b"sp.example/acs", b"sp.evilll/acs")):
        assert "not signed by the pinned key" in refusal(other, keys=FEDERATION)


def test_a_pinned_key_may_be_one_of_several() -> None:
    keys = (rsa_pair("next").public, ec_pair().public, *FEDERATION)
    assert read(signed(sp()), keys=keys).name == "sp.example"


def test_threat_9_a_key_inside_the_document_proves_nothing() -> None:
    evil = signed(sp(key("signing", "evil") + acs("https://evil.example/acs")), rsa_pair("evil"))
    assert "not signed by the pinned key" in refusal(evil, keys=FEDERATION)


@pytest.mark.parametrize("make", xsw.ALL, ids=[make.__name__ for make in xsw.ALL])
def test_threat_1_no_wrapped_metadata_is_believed(make: Callable[[xsw.Parts, Pair], Any]) -> None:
    forged = etree.tostring(make(xsw.Parts(signed(entity_descriptor())), rsa_pair("evil")))
    assert refusal(forged, keys=FEDERATION)


def test_threat_21_a_signature_on_one_entity_does_not_vouch_for_the_document() -> None:
    inner = parse(signed(serialize(federated(1))), drop_comments=True)
    data = serialize(aggregate([inner, federated(2)]))
    assert "not signed by the pinned key" in refusal(
        data, keys=FEDERATION, entity_id="https://sp00001.example.org/shibboleth"
    )


def test_signatures_inside_a_signed_aggregate_are_left_alone() -> None:
    inner = parse(signed(serialize(federated(1)), rsa_pair("other")), drop_comments=True)
    data = signed(aggregate([inner, federated(2)]))
    assert read(data, keys=FEDERATION, entity_id="https://sp00001.example.org/shibboleth").name == "Service 1"


def test_threats_7_and_21_a_transform_in_the_signature_never_runs() -> None:
    stylesheet = (
        b'<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"><xsl:stylesheet '
        b'xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:template match="/"><xsl:for-each '
        b'select="//*"><xsl:for-each select="//*"/></xsl:for-each></xsl:template></xsl:stylesheet></ds:Transform>'
    )
    data = signed(aggregate(federated(n) for n in range(20)))
    for wrong in (
        data.replace(b"</ds:Transforms>", stylesheet + b"</ds:Transforms>"),
        re.sub(rb'<ds:Transform Algorithm="[^"]+enveloped-signature"/>', stylesheet, data),
    ):
        assert wrong != data
        started = time.process_time()
        assert "not signed by the pinned key" in refusal(wrong, keys=FEDERATION)
        assert time.process_time() - started < 0.5


# -- hostile documents -------------------------------------------------------------------------------------------------

_BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
    b'<!ENTITY %c "&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;">' % (n + 1, *([n] * 8)) for n in range(97, 107)
) + b"]><x>&k;</x>"  # fmt: skip
HOSTILE: dict[str, bytes] = {
    "xxe": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + sp().replace(b"https://sp.example/acs", b"&e;"),
    "bomb": _BOMB,
    "dtd": b"<!DOCTYPE md:EntityDescriptor>" + sp(),
    "external": b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">' + sp(),
    "dtd in utf-16": ("<!DOCTYPE md:EntityDescriptor>" + sp().decode()).encode("utf-16"),
    "dtd in latin-1": b'<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE md:EntityDescriptor>' + sp(),
    "utf-7": b'<?xml version="1.0" encoding="UTF-7"?>' + sp(),
    "nul": sp().replace(b"sp.example", b"sp\0example"),
    "deep": b"<a>" * 2000 + b"</a>" * 2000,
    "many attributes": b"<a " + b" ".join(b'a%d=""' % n for n in range(200)) + b"/>",
    "many elements": b"<a>" + b"<b/>" * 100_000 + b"</a>",
    "big": b"<a>" + b"x" * (reading.MAX_BYTES + 1) + b"</a>",
    "cut off": sp()[:-10],
    "two roots": sp() + sp(),
    "xinclude": b'<x xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd"/></x>',
    "bad utf-8": sp().replace(b"sp.example", b"sp\xff\xfeexample"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_threats_6_and_15_hostile_xml_is_refused_at_once(name: str) -> None:
    started = time.process_time()
    assert refusal(HOSTILE[name])
    assert refusal(HOSTILE[name], keys=FEDERATION)
    assert time.process_time() - started < 1.0


def test_comments_do_not_cut_values_off() -> None:
    cut = "<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:<!-- x -->nameid-format:persistent</md:NameIDFormat>"
    data = sp(acs("https://sp.example/acs") + cut)
    assert provider(data).name_id_formats == (names.NAMEID_PERSISTENT,)


def test_threat_18_texts_for_people_carry_no_tricks() -> None:
    ui = (
        '<md:Extensions><mdui:UIInfo xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui">'
        '<mdui:DisplayName xml:lang="en">&lt;script&gt;alert(1)&lt;/script&gt;\n\tBank &#x202e;gro</mdui:DisplayName>'
        '<mdui:DisplayName xml:lang="e n">Bad language</mdui:DisplayName>'
        '<mdui:Logo height="16" width="16">javascript:alert(1)</mdui:Logo>'
        '<mdui:Logo height="32" width="32">data:image/svg+xml,x</mdui:Logo>'
        '<mdui:PrivacyStatementURL xml:lang="en">javascript:alert(1)</mdui:PrivacyStatementURL>'
        '<mdui:InformationURL xml:lang="en">http://sp.example/plain</mdui:InformationURL>'
        "</mdui:UIInfo></md:Extensions>"
    )
    found = provider(sp(ui + acs("https://sp.example/acs")))
    assert dict(found.display_names) == {"en": "<script>alert(1)</script> Bank gro"}
    assert found.logo_uri is None
    assert dict(found.privacy_statement_urls) == {}
    assert dict(found.information_urls) == {}


@pytest.mark.spec("IIP-EXT01")
def test_IIP_EXT01_what_is_not_known_is_passed_over() -> None:
    strange = '<x:Thing xmlns:x="urn:x" a="1"><x:Inner>text</x:Inner></x:Thing>'
    data = sp(
        f"<md:Extensions>{strange}</md:Extensions>" + acs("https://sp.example/acs"),
        extensions=f"<md:Extensions>{strange}</md:Extensions>",
        role='xmlns:y="urn:y" y:attribute="1"',
        after="<md:AdditionalMetadataLocation namespace='urn:x'>https://x.example</md:AdditionalMetadataLocation>",
    )
    assert read(data).warnings == ()


def test_a_thousand_of_everything_ends_at_a_limit() -> None:
    many = "".join(acs(f"https://sp.example/{n}", n) for n in range(1500)) + "".join(
        f"<md:NameIDFormat>urn:x:{n}</md:NameIDFormat>" for n in range(300)
    )
    found = provider(sp(many + "".join(key("signing", "a") for _ in range(30))))
    assert (len(found.acs), len(found.name_id_formats), len(found.signing_certificates)) == (1000, 50, 1)


def test_text_for_people_is_one_line() -> None:
    assert plain(" a\n\tb\x00c\u200fd ") == "a bcd"
    assert plain(None) == ""
    assert plain("\ud800x") == "x"
    assert len(plain("x" * 5000)) == 1000


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=150, deadline=None)
def test_whatever_is_read_the_registry_takes(name: str, uri: str, number: str) -> None:
    """Reading and registering agree on what may stand in a fact, whatever somebody writes."""
    made = federated(1)
    role = made.find(f"{{{names.MD}}}SPSSODescriptor")
    assert role is not None
    texts = [clean_text(text) for text in (name, uri, number)]
    for node in role.iter("{*}DisplayName", "{*}ServiceName", "{*}Description"):
        node.text = texts[0]
    for node in role.iter("{*}RequestedAttribute"):
        node.set("FriendlyName", texts[0])
        node.set("NameFormat", texts[1])
        child(node, names.SAML, "AttributeValue", None, texts[0])
    for node in role.iter("{*}Logo", "{*}PrivacyStatementURL"):
        node.text = texts[1]
        node.set("height", texts[2])
        node.set(f"{{{names.XML}}}lang", texts[2])
    for node in role.iter("{*}SingleLogoutService"):
        node.set("Location", texts[1])
    for node in role.iter("{*}AssertionConsumerService"):
        node.set("index", texts[2])
    child(role, names.MD, "NameIDFormat", None, texts[1])
    child(made, names.MD, "ContactPerson", {"contactType": texts[0]})
    provider(serialize(made))


@pytest.mark.parametrize("said", ["<!---->", "<!-- -->\n", "<!--", "<?xml ?>", " "])
def test_what_stands_before_a_page_costs_its_length_once(said: str) -> None:
    """Each of five comments that may end at each end of one is the fifth power of their number."""
    from idp.saml.metadata.decoding import check_kind

    begun = time.thread_time()
    with contextlib.suppress(BadMetadata):
        check_kind(b"<!---->" + said.encode() * (2000 // len(said)))
    assert time.thread_time() - begun < 0.5
    with pytest.raises(BadMetadata, match="web page"):
        check_kind(b"<!-- a -- b -->\n<!---->  <!doctype html><html><body>")
