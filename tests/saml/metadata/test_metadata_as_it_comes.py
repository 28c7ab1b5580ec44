"""Metadata as products and people really send it: it registers right, or says what it is and what helps. N21.

Each file of `metadata/` is one way; the table says what becomes of it.
"""

from __future__ import annotations

import codecs
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from clients.registry import Draft, Registered
from idp.accounts.person import Person
from idp.admin.attention import examining
from idp.admin.descriptions import described
from idp.installation.checks.applications import examine_service_providers
from idp.saml.messages import names
from idp.saml.messages.signing import sign
from idp.saml.metadata import reading, sources
from idp.saml.metadata.certificate_dates import find_doubts
from idp.saml.metadata.lexical import BadMetadata
from tests.provider import Answer, Browser, Provider
from tests.saml.asking import authn_request, by_post, by_redirect
from tests.saml.documents import acs, certificate, key, signed, sp
from tests.saml.pairs import rsa_pair
from tests.saml.relying import NS, message, sign_in, status

FOLDER = Path(__file__).parent / "documents"
NOW = 1_795_880_000.0
#: Signing keys, keys to encrypt for, and what is said (parts of sentences; every one that is not about logout).
TAKEN: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "artifact-first": (0, 0, ()),
    "bom": (0, 0, ()),
    "chain": (1, 0, ()),
    "crlf-entities": (1, 0, ()),
    "default-ns": (1, 0, ()),
    "dos-lines": (1, 0, ()),
    "empty-use": (1, 1, ('use=""', "encrypt=never")),
    "encmethod-cbc-only": (0, 1, ("aes256-cbc", "nobody can sign in", "encrypt=never")),
    "entities-nested-idp": (0, 0, ()),
    "entities-root": (1, 0, ()),
    "expired-future-certs": (2, 0, ("ran out on 2025-10-24", "is valid from 2028-01-02", "used all the same")),
    "keyvalue-only": (0, 0, ("without a certificate", "KeyValue")),
    "nf-windows-kerberos-first": (0, 0, ()),
    "nf-x509-first": (0, 0, ()),
    "odd-prefix": (1, 0, ()),
    "pem-cert": (1, 0, ()),
    "redirect-acs": (0, 0, ()),
    "requested-attrs": (0, 0, ("unknown-thing", "attributes=+")),
    "spaced-cert": (1, 0, ()),
    "two-certs-one-data": (2, 0, ("2 certificates that have nothing to do with each other",)),
    "utf16-nodecl": (0, 0, ()),
}
REFUSED = {
    "html-page": ("a web page",),
    "redirect-acs-only": ("HTTP-Redirect", "HTTP-POST"),
}
#: What is said of every service provider without keys and logout.
USUAL = ("it has no logout endpoint", "signed and not encrypted", "is for development only", "it has no signing key")


def read(data: bytes) -> Any:
    return reading.read(data, NOW, allow_loopback=True)


def add(provider: Provider, data: bytes, **settings: Any) -> Registered:
    return sources.register(provider.services, read(data), Draft(kind="saml", metadata=settings))


@pytest.fixture
def provider(open_provider: Any) -> Provider:
    """At home, where service providers on the same machine may be registered."""
    made: Provider = open_provider(server={"issuer": "http://localhost:8000"})
    return made


def test_n21_the_table_has_every_file() -> None:
    assert {*TAKEN, *REFUSED} == {path.stem for path in FOLDER.glob("*.xml")}


@pytest.mark.parametrize("name", TAKEN)
def test_n21_each_of_them_registers_with_its_keys_or_says_what_is_wrong(provider: Provider, name: str) -> None:
    signing, encryption, said = TAKEN[name]
    made = add(provider, (FOLDER / f"{name}.xml").read_bytes())
    found = made.client.saml
    assert found is not None
    assert len(found.signing_certificates) == signing
    assert len(found.encryption_keys) == encryption
    told = " | ".join(text for text in made.warnings if not any(usual in text for usual in USUAL))
    assert all(part in told for part in said), told
    assert bool(told) is bool(said), told


@pytest.mark.parametrize("name", REFUSED)
def test_n21_what_cannot_work_is_told_as_what_it_is(name: str) -> None:
    with pytest.raises(BadMetadata) as caught:
        read((FOLDER / f"{name}.xml").read_bytes())
    assert all(part in caught.value.reason for part in REFUSED[name])


@pytest.mark.parametrize("name", [name for name in TAKEN if name != "encmethod-cbc-only"])
def test_n21_people_sign_in_to_each_by_another_implementation(provider: Provider, browser: Browser, name: str) -> None:
    """python3-saml, with the entityID and the ACS of the file, reads what we send."""
    provider.add_person("ann")
    found = add(provider, (FOLDER / f"{name}.xml").read_bytes(), encrypt="never").client.saml
    assert found is not None
    where = next(one.location for one in found.acs if one.binding == names.HTTP_POST)
    request = authn_request(provider, issuer=found.entity_id, ProtocolBinding=names.HTTP_POST)
    answer = sign_in(browser, by_redirect(browser, request))
    assert accepted(provider, answer, found.entity_id, where, request.get("ID"))


def accepted(provider: Provider, answer: Answer, entity_id: str, where: str, request_id: Any) -> bool:
    ours = provider.services
    settings = {
        "strict": True,
        "sp": {
            "entityId": entity_id, "assertionConsumerService": {"url": where, "binding": names.HTTP_POST},
            "NameIDFormat": names.NAMEID_UNSPECIFIED,
        },
        "idp": {
            "entityId": ours.settings.saml_entity_id, "singleSignOnService": {"url": ours.url("/saml/sso")},
            "x509cert": b64encode(ours.certificates.active("signing").certificate).decode(),
        },
        "security": {"wantAssertionsSigned": True, "wantMessagesSigned": True},
    }  # fmt: skip
    host, _, path = where.removeprefix("http://").partition("/")
    http = {"https": "off", "http_host": host, "script_name": f"/{path}", "get_data": {}, "post_data": answer.sent}
    auth = OneLogin_Saml2_Auth(http, OneLogin_Saml2_Settings(settings))
    auth.process_response(request_id=request_id)
    assert auth.get_errors() == [], auth.get_last_error_reason()
    return bool(auth.is_authenticated())


@pytest.mark.spec("SAML Metadata 2.4.1.1")
@pytest.mark.parametrize(
    ("written", "said"),
    [("Signing", "taken for signing"), ("SIGNING", "taken for signing"), (" signing ", "taken for signing"),
     ("signing", ""), ("sign", "left out")],
)  # fmt: skip
def test_n21_a_use_that_is_written_otherwise_is_told(provider: Provider, written: str, said: str) -> None:
    data = (FOLDER / "pem-cert.xml").read_bytes()
    assert data.count(b'use="signing"') == 1
    made = add(provider, data.replace(b'use="signing"', f'use="{written}"'.encode()))
    assert made.client.saml is not None
    assert len(made.client.saml.signing_certificates) == (said != "left out")
    told = [text for text in made.warnings if "use=" in text]
    assert [said in text for text in told] == [True] * bool(said)


# -- encodings -------------------------------------------------------------------------------------------------------

SHOP = '<md:OrganizationDisplayName xml:lang="de">Bücher</md:OrganizationDisplayName>'
TEXT = sp(after=f"<md:Organization>{SHOP}</md:Organization>").decode()


def declared(encoding: str, text: str = TEXT) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>\r\n{text}'


ENCODED = {
    "UTF-16, little end first, with its mark": codecs.BOM_UTF16_LE + declared("UTF-16").encode("utf-16-le"),
    "UTF-16, big end first, with its mark": codecs.BOM_UTF16_BE + declared("utf-16").encode("utf-16-be"),
    "UTF-16 without a mark": declared("UTF-16").encode("utf-16-le"),
    "UTF-16 without a mark or a declaration": TEXT.encode("utf-16-be"),
    "UTF-16 that says UTF-8": codecs.BOM_UTF16_LE + declared("UTF-8").encode("utf-16-le"),
    "UTF-8 that says UTF-16, as .NET's StringWriter does": declared("utf-16").encode(),
    "ISO-8859-1": declared("ISO-8859-1").encode("latin-1"),
    "Windows-1252": declared("windows-1252").encode("cp1252"),
    "a mark and an empty line in front": b"\xef\xbb\xbf\r\n" + declared("utf-8").encode(),
    "single quotes": declared("UTF-8").replace('"', "'", 4).encode(),
}


@pytest.mark.spec("XML 4.3.3")
@pytest.mark.parametrize("name", ENCODED)
def test_n21_what_an_xml_declaration_may_say_is_read(name: str) -> None:
    found = read(ENCODED[name])
    assert (found.entity_id, found.name) == ("https://sp.example/metadata", "Bücher")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b" \r\n", "it is empty"),
        (b"<html><body>Sign in</body></html>", "a web page"),
        (b"\xef\xbb\xbf\n<!-- x -->\n<!DOCTYPE HTML PUBLIC '-//W3C//DTD HTML 4.01//EN'><HTML>", "a web page"),
        (codecs.BOM_UTF16_LE + "<html></html>".encode("utf-16-le"), "a web page"),
        (b'{"issuer": "https://app.example"}', "JSON"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB", "PEM"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"PK\x03\x04", "ZIP"),
        (b"%PDF-1.7", "PDF"),
        (b"https://app.example/metadata", "an address"),
        (b"404 page not found", "it begins with '404"),
        (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), "UTF-32"),
        (declared("Shift_JIS").encode(), "shift_jis"),
        (TEXT.encode("latin-1"), "no other encoding"),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le")[:-1], "UTF-16"),
        (declared("us-ascii").encode(), "says us-ascii, and it is not"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a/>', "take it out"),
        (codecs.BOM_UTF16_LE + '<!DOCTYPE a [<!ENTITY x "y">]><a/>'.encode("utf-16-le"), "take it out"),
        (b"<a><b></a>", "not well-formed"),
        (b'<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>', "it is Response"),
        (sp(acs("https://sp.example/x", binding="urn:oasis:names:tc:SAML:1.0:profiles:browser-post")), "SAML:1.0"),
        (sp("<md:NameIDFormat>x</md:NameIDFormat>"), "it has none at all"),
    ],
)
def test_n21_what_is_no_metadata_is_named(data: bytes, said: str) -> None:
    with pytest.raises(BadMetadata) as caught:
        read(data)
    assert said in caught.value.reason, caught.value.reason


def test_n21_signed_metadata_may_come_in_utf_16_and_a_change_is_seen() -> None:
    document = signed(sp()).decode()
    pinned = [rsa_pair("federation").public]
    assert reading.read(document.encode("utf-16"), NOW, keys=pinned).entity_id == "https://sp.example/metadata"
    with pytest.raises(BadMetadata, match="not signed"):
        reading.read(document.replace("/acs", "/evil").encode("utf-16"), NOW, keys=pinned)


# -- keys ------------------------------------------------------------------------------------------------------------


def test_n21_a_request_signed_with_the_second_of_two_certificates_is_taken(
    provider: Provider, browser: Browser
) -> None:
    pairs = [rsa_pair("first of two"), rsa_pair("second of two")]
    listed = "".join(f"<ds:X509Certificate>{certificate(name)}</ds:X509Certificate>" for name in
                     ("first of two", "second of two"))  # fmt: skip
    info = f"<ds:KeyInfo><ds:X509Data>{listed}</ds:X509Data></ds:KeyInfo>"
    inside = f'<md:KeyDescriptor use="signing">{info}</md:KeyDescriptor>' + acs("http://localhost:9/acs")
    made = add(provider, sp(inside, role='AuthnRequestsSigned="true"'))
    for pair in pairs:
        request = authn_request(provider, issuer="https://sp.example/metadata")
        sign(request, pair.signer())
        assert browser.follow(by_post(browser, request)).is_login_page
    assert any("KeyDescriptor of its own" in text for text in made.warnings)


@pytest.mark.parametrize("use", [" signing ", "Signing", "ENCRYPTION"])
def test_n21_a_use_in_other_letters_is_understood_and_an_unknown_one_named(use: str) -> None:
    found = read(sp(key("signing").replace('use="signing"', f'use="{use}"') + acs("https://sp.example/acs")))
    assert [bool(found.facts.get(kind)) for kind in ("signing_certificates", "encryption_keys")] == [
        "sign" in use.lower(), "encr" in use.lower(),
    ]  # fmt: skip
    odd = read(sp(key("signing").replace('use="signing"', 'use="sign"') + acs("https://sp.example/acs")))
    assert any('use="sign"' in text and "expected signing" in text for text in odd.warnings)


def methods(*algorithms: str) -> str:
    return "".join(f'<md:EncryptionMethod Algorithm="{one}"/>' for one in algorithms)


CBC, GCM, OAEP, RSA_15 = names.AES256_CBC, names.AES256_GCM, names.RSA_OAEP_MGF1P, names.RSA_1_5
TRIPLE_DES = "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"


@pytest.mark.spec("IIP-MD10")
@pytest.mark.parametrize(
    ("algorithms", "said", "helps"),
    [
        ((CBC, OAEP), "allow_cbc=true", {"allow_cbc": True}),
        ((CBC, RSA_15), "encrypt=never", {"encrypt": "never"}),
        ((GCM, RSA_15), "encrypt=never", {"encrypt": "never"}),
        ((TRIPLE_DES, OAEP), "encrypt=never", {"encrypt": "never"}),
        ((GCM, OAEP), "", {}),
        ((OAEP,), "", {}),
    ],
)
def test_n21_encryption_that_cannot_be_done_is_told_with_the_setting_that_helps(
    provider: Provider, browser: Browser, algorithms: tuple[str, ...], said: str, helps: dict[str, Any]
) -> None:
    provider.add_person("ann")
    browser.log_in(browser.get("/"))
    made = add(provider, sp(key("encryption", inside=methods(*algorithms)) + acs("http://localhost:9/acs")))
    told = [text for text in made.warnings if "nobody can sign in" in text]
    assert bool(told) is bool(said)
    request = lambda: authn_request(provider, issuer="https://sp.example/metadata")  # noqa: E731
    answer = status(by_redirect(browser, request()))
    assert (answer[0] == "Success") is not bool(said)
    if said:
        assert said in told[0]
        assert ("allow_cbc=true" in told[0]) is ("allow_cbc" in helps)
        provider.services.registry.update(made.client.id, helps)
        root = message(by_redirect(browser, request()))
        assert root.find(".//saml:Assertion", NS) is not None or root.find(".//xenc:EncryptedData", NS) is not None


def test_n21_other_things_that_can_never_work_are_told_too(provider: Provider, ann: Person) -> None:
    extension = (
        '<md:Extensions xmlns:alg="urn:oasis:names:tc:SAML:metadata:algsupport">'
        '<alg:SigningMethod Algorithm="http://www.w3.org/2000/09/xmldsig#dsa-sha1"/>'
        '<alg:DigestMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#md5"/></md:Extensions>'
    )
    role = 'WantAssertionsSigned="true"'
    formats = "<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:unspecified</md:NameIDFormat>"
    made = add(provider, sp(extension + formats + acs("http://localhost:9/acs"), role=role), sign="response")
    told = " | ".join(made.warnings)
    for part in ("sign=both", "signature_algorithm", "digest_algorithm", "name_id_format=email"):
        assert part in told


@pytest.mark.spec("IIP-MD12")
def test_n21_certificates_that_are_over_or_not_yet_valid_are_told_wherever_an_admin_looks(provider: Provider) -> None:
    services = provider.services
    made = add(provider, (FOLDER / "expired-future-certs.xml").read_bytes())
    for told in (made.warnings, described(services, made.client)["troubles"]):
        assert any("signs with ran out on 2025-10-24" in text for text in told), told
        assert any("signs with is valid from 2028-01-02" in text for text in told), told
    examining.examine(services)
    found = [one for one in examining.kept_of_applications(services) if one.kind == "saml_certificate"]
    assert len(found) == 2
    assert "a certificate in its metadata has run out" in found[0].text
    assert [one.status for one in examine_service_providers(services)].count("warning") == 2


def test_n21_certificates_of_now_are_not_told_of(provider: Provider) -> None:
    made = add(provider, (FOLDER / "pem-cert.xml").read_bytes())
    assert find_doubts(provider.services, made.client) == []
