"""What we encrypt, read by others; what they encrypt, read by us. IIP-ALG04, IIP-ALG06, IIP-IDP19; threat 25."""

from __future__ import annotations

import copy
import shutil
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xmlsec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from saml2.sigver import CryptoBackendXmlSec1

from idp.saml.messages import names
from idp.saml.messages.decryption import CannotDecrypt, decrypt_id
from idp.saml.messages.encryption import (
    CannotEncrypt,
    EncryptionMethod,
    Recipient,
    choose,
    encrypt,
    encrypted_assertion,
    encrypted_id,
)
from idp.saml.messages.signatures import verify_enveloped
from idp.saml.messages.signing import sign
from idp.saml.messages.xml import Element, c14n, element, parse, serialize
from tests.saml.pairs import rsa_pair
from tests.saml.samples import IDP, WHO, assertion, response

XENC = f"{{{names.XENC}}}"
GCM = [names.AES256_GCM, names.AES192_GCM, names.AES128_GCM]
CBC = [names.AES256_CBC, names.AES192_CBC, names.AES128_CBC]
TRANSPORTS = [
    (names.RSA_OAEP_MGF1P, names.SHA1, names.MGF1_SHA1),
    (names.RSA_OAEP_MGF1P, names.SHA256, names.MGF1_SHA1),
    (names.RSA_OAEP, names.SHA1, names.MGF1_SHA1),
    (names.RSA_OAEP, names.SHA256, names.MGF1_SHA256),
    (names.RSA_OAEP, names.SHA256, names.MGF1_SHA1),
    (names.RSA_OAEP, names.SHA512, names.MGF1_SHA384),
]


def name_id() -> Element:
    return element(names.SAML, "NameID", {"Format": names.NAMEID_PERSISTENT, "NameQualifier": IDP}, WHO)


def recipient(data: str = names.AES256_GCM, transport: tuple[str, str, str] = TRANSPORTS[0]) -> Recipient:
    return Recipient(rsa_pair().key.public_key(), data, *transport)


def decrypted_by_xmlsec(encrypted: Element) -> bytes:
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(rsa_pair().key_pem, xmlsec.constants.KeyDataFormatPem))
    (data,) = copy.deepcopy(encrypted).iter(f"{XENC}EncryptedData")
    plain: bytes = etree.tostring(xmlsec.EncryptionContext(manager).decrypt(data))
    return plain


# -- what we encrypt -------------------------------------------------------------------------------------------------


@pytest.mark.spec("IIP-ALG04")
@pytest.mark.parametrize("data", GCM + CBC)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_xmlsec_decrypts_every_method(data: str, transport: tuple[str, str, str]):
    encrypted = encrypted_id(name_id(), recipient(data, transport))
    plain = etree.fromstring(decrypted_by_xmlsec(parse(serialize(encrypted))))
    assert (plain.tag, plain.text) == (f"{{{names.SAML}}}NameID", WHO)


@pytest.mark.parametrize("length", range(40))
def test_cbc_fills_up_every_length(length: int):
    encrypted = encrypt(element(names.SAML, "NameID", None, "x" * length), recipient(names.AES128_CBC))
    holder = element(names.SAML, "EncryptedID", None, encrypted)
    assert etree.fromstring(decrypted_by_xmlsec(holder)).text == ("x" * length or None)


def signed_assertion() -> Element:
    inner = assertion()
    sign(inner, rsa_pair("idp").signer(), prefixes=("xs",))
    return inner


def test_python3_saml_decrypts_an_assertion_apart_from_its_response():
    """It parses the plaintext on its own: what is not declared in it is in no namespace there."""
    inner = signed_assertion()
    outer = response(encrypted_assertion(inner, recipient(), prefixes=("xs",)))
    (data,) = parse(serialize(outer)).iter(f"{XENC}EncryptedData")
    plain = OneLogin_Saml2_Utils.decrypt_element(data, rsa_pair().key_pem, inplace=False)
    assert plain.tag == f"{{{names.SAML}}}Assertion"
    alone = etree.tostring(plain)
    assert verify_enveloped(parse(alone), [rsa_pair("idp").public]).get("ID") == "_assertion"


@pytest.mark.slow
@pytest.mark.parametrize("data", [names.AES256_GCM, names.AES128_GCM, names.AES256_CBC])
def test_pysaml2_decrypts_an_assertion(data: str, tmp_path: Path):
    """With Debian's xmlsec1 1.2.37, which knows no other digest in OAEP than the default, SHA-1."""
    inner = signed_assertion()
    canonical = c14n(inner, ("xs",))
    outer = response(encrypted_assertion(inner, recipient(data), prefixes=("xs",)))
    _, key = rsa_pair().write(tmp_path)
    plain = CryptoBackendXmlSec1(shutil.which("xmlsec1")).decrypt(serialize(outer).decode(), key)
    found = etree.fromstring(plain.encode()).find(f".//{{{names.SAML}}}Assertion")
    assert c14n(found, ("xs",)) == canonical


def test_the_plaintext_stands_alone():
    inner = signed_assertion()
    response(inner)  # inside a Response the namespace is declared further up
    encrypted = encrypted_assertion(inner, recipient(), prefixes=("xs",))
    plain = parse(decrypted_by_xmlsec(encrypted))
    assert plain.tag == f"{{{names.SAML}}}Assertion"
    assert plain.nsmap["xs"] == names.XS


def test_two_encryptions_have_nothing_in_common():
    values = {value.text for _ in range(5) for value in encrypted_id(name_id(), recipient()).iter(f"{XENC}CipherValue")}
    assert len(values) == 10


# -- what a service provider asks for (IIP-MD10) ---------------------------------------------------------------------


def chosen(*methods: EncryptionMethod, **how: Any) -> tuple[str, str, str, str]:
    one = choose(rsa_pair().key.public_key(), methods, **how)
    return one.data, one.transport, one.digest, one.mgf


DEFAULT = (names.AES256_GCM, names.RSA_OAEP_MGF1P, names.SHA1, names.MGF1_SHA1)


@pytest.mark.spec("IIP-MD10")
def test_the_methods_in_metadata_decide():
    cbc, gcm = EncryptionMethod(names.AES128_CBC), EncryptionMethod(names.AES128_GCM)
    assert chosen() == DEFAULT
    assert chosen(cbc, gcm) == (names.AES128_GCM, *DEFAULT[1:])
    assert chosen(EncryptionMethod(names.RSA_OAEP_MGF1P, names.SHA256)) == (
        names.AES256_GCM,
        names.RSA_OAEP_MGF1P,
        names.SHA256,
        names.MGF1_SHA1,
    )
    modern = EncryptionMethod(names.RSA_OAEP, names.SHA256, names.MGF1_SHA256)
    assert chosen(gcm, modern) == (names.AES128_GCM, names.RSA_OAEP, names.SHA256, names.MGF1_SHA256)
    assert (
        chosen(gcm, EncryptionMethod(names.RSA_1_5), EncryptionMethod(names.RSA_OAEP_MGF1P))[1] == names.RSA_OAEP_MGF1P
    )


@pytest.mark.spec("IIP-ALG06")
def test_cbc_only_where_told_and_rsa_1_5_never():
    cbc = EncryptionMethod(names.AES256_CBC)
    with pytest.raises(CannotEncrypt, match="aes256-cbc"):
        chosen(cbc)
    assert chosen(cbc, allow_cbc=True)[0] == names.AES256_CBC
    for allow_cbc in (False, True):
        with pytest.raises(CannotEncrypt, match="rsa-1_5"):
            chosen(EncryptionMethod(names.RSA_1_5), allow_cbc=allow_cbc)
    with pytest.raises(CannotEncrypt, match="tripledes"):
        chosen(EncryptionMethod(f"{names.XENC}tripledes-cbc"), allow_cbc=True)
    with pytest.raises(CannotEncrypt):
        chosen(EncryptionMethod(names.RSA_OAEP_MGF1P, "http://www.w3.org/2001/04/xmldsig-more#md5"))


def test_an_operator_may_block_a_method():
    assert chosen(blocked=frozenset({names.AES128_GCM})) == DEFAULT
    with pytest.raises(CannotEncrypt):
        chosen(blocked=frozenset({names.AES256_GCM}))
    with pytest.raises(CannotEncrypt):
        chosen(blocked=frozenset({names.RSA_OAEP_MGF1P}))


def test_an_encrypted_key_says_for_whom_it_is():
    one = choose(rsa_pair().key.public_key(), [], name="https://sp.example.com", certificate=rsa_pair().certificate)
    (key,) = encrypted_id(name_id(), one).iter(f"{XENC}EncryptedKey")
    assert key.get("Recipient") == "https://sp.example.com"
    assert b64encode(rsa_pair().certificate) in etree.tostring(key)


# -- what comes in (threat 25) ---------------------------------------------------------------------------------------


def arrived(encrypted: Element) -> Element:
    return parse(serialize(encrypted))


@pytest.mark.spec("IIP-IDP19")
@pytest.mark.parametrize("data", GCM)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_encrypted_id_is_opened_by_any_of_our_keys(data: str, transport: tuple[str, str, str]):
    encrypted = arrived(encrypted_id(name_id(), recipient(data, transport)))
    opened = decrypt_id(encrypted, [rsa_pair("next").key, rsa_pair().key])
    assert (opened.text, opened.get("NameQualifier")) == (WHO, IDP)
    assert opened.getparent() is None


def by_xmlsec(data_transform: Any, key_transform: Any, beside: bool) -> Element:
    """As xmlsec writes it: the plaintext leans on namespaces around it; the key may stand beside the data."""
    holder: Any = etree.fromstring(
        f'<saml:EncryptedID xmlns:saml="{names.SAML}"><saml:NameID>abc</saml:NameID></saml:EncryptedID>'
    )
    template = xmlsec.template.encrypted_data_create(holder, data_transform, type=names.XENC_ELEMENT, ns="xenc")
    xmlsec.template.encrypted_data_ensure_cipher_value(template)
    info = xmlsec.template.encrypted_data_ensure_key_info(template, ns="ds")
    key = xmlsec.template.add_encrypted_key(info, key_transform)
    xmlsec.template.encrypted_data_ensure_cipher_value(key)
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(rsa_pair().certificate, xmlsec.constants.KeyDataFormatCertDer))
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(xmlsec.constants.KeyDataAes, 256, xmlsec.constants.KeyDataTypeSession)
    context.encrypt_xml(template, holder[0])
    if beside:
        holder.append(next(holder.iter(f"{XENC}EncryptedKey")))
    return parse(etree.tostring(holder))


@pytest.mark.parametrize("beside", [False, True])
def test_what_xmlsec_encrypts_is_opened_where_it_stood(beside: bool):
    encrypted = by_xmlsec(xmlsec.constants.TransformAes256Gcm, xmlsec.constants.TransformRsaOaep, beside)
    assert decrypt_id(encrypted, [rsa_pair().key]).text == "abc"


def test_threat_25_cbc_and_pkcs_1_5_are_not_even_tried():
    for data, transport in (
        (xmlsec.constants.TransformAes256Cbc, xmlsec.constants.TransformRsaOaep),
        (xmlsec.constants.TransformAes256Gcm, xmlsec.constants.TransformRsaPkcs1),
    ):
        with pytest.raises(CannotDecrypt):
            decrypt_id(by_xmlsec(data, transport, False), [rsa_pair().key])


def flip(root: Any, index: int) -> None:
    value = list(root.iter(f"{XENC}CipherValue"))[index]
    value.text = ("B" if value.text[20] == "A" else "A").join((value.text[:20], value.text[21:]))


def reference(root: Any, index: int, uri: str) -> None:
    value = list(root.iter(f"{XENC}CipherValue"))[index]
    etree.SubElement(value.getparent(), f"{XENC}CipherReference", URI=uri)
    value.getparent().remove(value)


def retrieve(root: Any, uri: str) -> None:
    info = next(root.iter(f"{{{names.DS}}}KeyInfo"))
    del info[:]
    etree.SubElement(info, f"{{{names.DS}}}RetrievalMethod", URI=uri, Type=f"{names.XENC}EncryptedKey")


def algorithm(root: Any, index: int, uri: str) -> None:
    list(root.iter(f"{XENC}EncryptionMethod"))[index].set("Algorithm", uri)


def labelled(root: Any) -> None:
    etree.SubElement(list(root.iter(f"{XENC}EncryptionMethod"))[1], f"{XENC}OAEPparams").text = "YQ=="


def twice(root: Any, name: str) -> None:
    node = next(root.iter(f"{XENC}{name}"))
    node.addnext(copy.deepcopy(node))


BROKEN: dict[str, Callable[[Any], object]] = {
    "the data changed": lambda r: flip(r, 1),
    "the key changed": lambda r: flip(r, 0),
    "a file as data": lambda r: reference(r, 1, "file:///etc/passwd"),
    "a URL as data": lambda r: reference(r, 1, "http://127.0.0.1:9/"),
    "a file as key": lambda r: reference(r, 0, "file:///etc/passwd"),
    "a URL for the key": lambda r: retrieve(r, "http://127.0.0.1:9/"),
    "no key": lambda r: next(r.iter(f"{XENC}EncryptedKey")).getparent().clear(),
    "another cipher": lambda r: algorithm(r, 0, names.AES256_CBC),
    "another length of key": lambda r: algorithm(r, 0, names.AES128_GCM),
    "an unknown cipher": lambda r: algorithm(r, 0, "urn:x"),
    "rsa-1_5": lambda r: algorithm(r, 1, names.RSA_1_5),
    "a label": labelled,
    "only content": lambda r: next(r.iter(f"{XENC}EncryptedData")).set("Type", f"{names.XENC}Content"),
    "two EncryptedDatas": lambda r: twice(r, "EncryptedData"),
    "two CipherValues": lambda r: twice(r, "CipherValue"),
    "no base64": lambda r: setattr(next(r.iter(f"{XENC}CipherValue")), "text", "ü"),
    "nothing": lambda r: r.clear(),
}


@pytest.mark.parametrize("name", BROKEN)
def test_threat_25_every_failure_looks_the_same(name: str):
    encrypted = encrypted_id(name_id(), recipient())
    BROKEN[name](encrypted)
    with pytest.raises(CannotDecrypt) as caught:
        decrypt_id(arrived(encrypted), [rsa_pair().key])
    assert str(caught.value) == "the element cannot be decrypted"
    assert caught.value.__cause__ is None


def sealed(plaintext: bytes) -> Element:
    """Any plaintext at all, encrypted for us."""
    encrypted = encrypted_id(name_id(), recipient())
    key, nonce = b"k" * 32, b"n" * 12
    scheme = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    key_value, data_value = encrypted.iter(f"{XENC}CipherValue")
    key_value.text = b64encode(rsa_pair().key.public_key().encrypt(key, scheme)).decode()
    data_value.text = b64encode(nonce + AESGCM(key).encrypt(nonce, plaintext, None)).decode()
    return arrived(encrypted)


NAME_ID = f'<saml:NameID xmlns:saml="{names.SAML}">abc</saml:NameID>'


def test_the_plaintext_may_be_any_name_id():
    for text in (NAME_ID, f"\n {NAME_ID}\n", "<saml:NameID>abc</saml:NameID>"):
        assert decrypt_id(sealed(text.encode()), [rsa_pair().key]).text == "abc"


@pytest.mark.parametrize(
    "plaintext",
    [
        "",
        "abc",
        NAME_ID * 2,
        f"x{NAME_ID}",
        f"{NAME_ID}x",
        "<saml:BaseID/>",
        f"</context><context>{NAME_ID}",
        f"{NAME_ID}</context><context>",
        "<saml:NameID>a<!-- x -->c</saml:NameID>",
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><saml:NameID>&x;</saml:NameID>',
        "<saml:NameID>&x;</saml:NameID>",
        "<saml:NameID>\0</saml:NameID>",
    ],
)
def test_threat_5_and_6_what_was_encrypted_is_parsed_as_strictly(plaintext: str):
    with pytest.raises(CannotDecrypt):
        decrypt_id(sealed(plaintext.encode()), [rsa_pair().key])


def test_a_wrong_key_and_no_key_look_the_same():
    encrypted = arrived(encrypted_id(name_id(), recipient()))
    for keys in ([], [rsa_pair("next").key]):
        with pytest.raises(CannotDecrypt, match="the element cannot be decrypted"):
            decrypt_id(encrypted, keys)


def test_only_a_few_encrypted_keys_are_tried():
    """Each costs a private-key operation per key of ours."""
    encrypted = encrypted_id(name_id(), recipient())
    (key,) = encrypted.iter(f"{XENC}EncryptedKey")
    for _ in range(10):
        wrong = copy.deepcopy(key)
        flip(wrong, 0)
        key.addprevious(wrong)
    with pytest.raises(CannotDecrypt):
        decrypt_id(arrived(encrypted), [rsa_pair().key])
