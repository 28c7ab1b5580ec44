"""The gate before decryption: what a service provider encrypted is checked and written anew before xmlsec sees it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Container
from typing import Final

from idp.saml.messages import names
from idp.saml.messages.encryption import DIGESTS, GCM, MGFS, TRANSPORTS, add_cipher_value
from idp.saml.messages.xml import Element, child, element

_MAX_ENCRYPTED_KEYS: Final = 4


class BadEncryption(Exception):
    """An encrypted element is not of the one form that is decrypted. Never told to the sender."""


def rebuilt(encrypted: Element) -> list[tuple[Element, Element]]:
    """For each EncryptedKey of an EncryptedID: the key, and the data, each as an EncryptedData written anew.

    They hold algorithms on our lists and base64, nothing else: CipherReference and RetrievalMethod would fetch URLs.
    There is no Type, so that xmlsec hands out bytes and leaves the parsing to us. AES-GCM and RSA-OAEP only: CBC and
    PKCS #1 v1.5 are oracles. Errors: `BadEncryption`.
    """
    data = _only(encrypted, _xenc("EncryptedData"))
    if data.get("Type") not in {None, names.XENC_ELEMENT}:
        raise BadEncryption("only a whole element is decrypted")
    # Core §6.1: an EncryptedKey stands in the KeyInfo, or beside the EncryptedData.
    inside = f"{{{names.DS}}}KeyInfo/{_xenc('EncryptedKey')}"
    encrypted_keys = data.findall(inside) + encrypted.findall(_xenc("EncryptedKey"))
    return [(_rebuilt_key(one), _rebuilt_data(data)) for one in encrypted_keys[:_MAX_ENCRYPTED_KEYS]]


def _rebuilt_data(data: Element) -> Element:
    made = element(names.XENC, "EncryptedData")
    child(made, names.XENC, "EncryptionMethod", {"Algorithm": _listed(_only(data, _xenc("EncryptionMethod")), GCM)})
    add_cipher_value(made, _cipher_value(data))
    return made


def _rebuilt_key(encrypted_key: Element) -> Element:
    made = element(names.XENC, "EncryptedData")
    _copy_transport(_only(encrypted_key, _xenc("EncryptionMethod")), made)
    add_cipher_value(made, _cipher_value(encrypted_key))
    return made


def _copy_transport(method: Element, key: Element) -> None:
    copied = child(key, names.XENC, "EncryptionMethod", {"Algorithm": _listed(method, TRANSPORTS)})
    # OAEPparams is a label that nobody sends; it is refused with everything else that is unknown.
    for part in method:
        if part.tag == f"{{{names.DS}}}DigestMethod":
            child(copied, names.DS, "DigestMethod", {"Algorithm": _listed(part, DIGESTS)})
        elif part.tag == f"{{{names.XENC11}}}MGF" and method.get("Algorithm") == names.RSA_OAEP:
            child(copied, names.XENC11, "MGF", {"Algorithm": _listed(part, MGFS)})
        else:
            raise BadEncryption("an unknown part of EncryptionMethod")


def _cipher_value(node: Element) -> bytes:
    text = _only(node, f"{_xenc('CipherData')}/{_xenc('CipherValue')}").text or ""
    try:
        return b64decode("".join(text.split()).encode("ascii"), validate=True)
    except ValueError:
        raise BadEncryption("CipherValue is not base64") from None


def _xenc(name: str) -> str:
    return f"{{{names.XENC}}}{name}"


def _only(node: Element, path: str) -> Element:
    found = node.findall(path)
    if len(found) != 1:
        raise BadEncryption("exactly one of each part is needed")
    return found[0]


def _listed(node: Element, listed: Container[str]) -> str:
    algorithm = node.get("Algorithm")
    if algorithm is None or algorithm not in listed:
        raise BadEncryption("an algorithm that is not decrypted")
    return algorithm
