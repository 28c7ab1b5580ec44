"""Decrypt an EncryptedID, or an EncryptedAssertion of another provider: the only place that needs xmlsec.

`decryption_gate` has written the element anew before xmlsec sees it; what comes out is parsed by `xml.parse`.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from idp.saml.messages import names
from idp.saml.messages.decryption_gate import BadEncryption, rebuilt
from idp.saml.messages.signature_gate import BadSignature, children
from idp.saml.messages.xml import BadXml, Element, parse, serialize

_PAIR: Final = (
    "lxml and xmlsec must be built with the same libxml2; install the pair that Doorward pins: "
    "pip install --force-reinstall lxml==6.1.3 xmlsec==1.3.17"
)
try:
    import xmlsec
except ImportError as error:  # xmlsec looks at lxml's libxml2 when it is loaded
    raise ImportError(f"{_PAIR} ({error})") from error


def check_libraries() -> None:
    """lxml and xmlsec must carry the same libxml2 (they share its structures). Errors: `ImportError` with the fix."""
    ours, theirs = etree.LIBXML_VERSION, xmlsec.get_libxml_version()
    if ours != theirs:
        raise ImportError(f"{_PAIR} (lxml has {ours}, xmlsec has {theirs})")


check_libraries()


class CannotDecrypt(Exception):
    """One generic error for all that may go wrong in decryption: anything finer is an oracle (threat 25)."""


def decrypt_id(encrypted: Element, keys: Sequence[RSAPrivateKey]) -> Element:
    """The NameID inside a saml:EncryptedID, by the first key that fits. AES-GCM and RSA-OAEP only.

    Verify the signature of the message first. Errors: `CannotDecrypt`, and nothing finer.
    """
    return _decrypted(encrypted, keys, "NameID")


def decrypt_assertion(encrypted: Element, keys: Sequence[RSAPrivateKey]) -> Element:
    """The Assertion inside a saml:EncryptedAssertion, in a document of its own: as `decrypt_id`.

    Who made it is not said by that: our keys to encrypt for are public.
    """
    return _decrypted(encrypted, keys, "Assertion")


def _decrypted(encrypted: Element, keys: Sequence[RSAPrivateKey], name: str) -> Element:
    try:
        for encrypted_key, data in rebuilt(encrypted):
            for key in keys:
                plaintext = _decrypt(copy.deepcopy(encrypted_key), copy.deepcopy(data), key)
                if plaintext is not None:
                    return _parsed(plaintext, encrypted, name)
    except (BadXml, BadEncryption, BadSignature):
        pass
    raise CannotDecrypt("the element cannot be decrypted")


def _decrypt(encrypted_key: Element, data: Element, key: RSAPrivateKey) -> bytes | None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        # Two steps: one step needs a KeysManager, which reads the system's CA certificates and takes 13 ms.
        session_key = _opened(encrypted_key, xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem))
        return _opened(data, xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataAes, session_key))
    except (xmlsec.Error, etree.LxmlError):
        return None


def _opened(data: Element, key: xmlsec.Key) -> bytes:
    context = xmlsec.EncryptionContext()
    context.key = key
    opened: Any = context.decrypt(data)
    return bytes(opened)


def _parsed(plaintext: bytes, encrypted: Element, name: str) -> Element:
    """Parse what was decrypted where it stood (xmlenc §4.5): peers leave out the namespaces of the surroundings."""
    around: Element = etree.Element("context", nsmap=encrypted.nsmap)  # type: ignore[arg-type]  # None is the default one
    context = parse(serialize(around).removesuffix(b"/>") + b">" + plaintext + b"</context>")
    if [node.tag for node in children(context)] != [f"{{{names.SAML}}}{name}"]:
        raise BadXml(f"not a {name}")
    return parse(serialize(context[0]))
