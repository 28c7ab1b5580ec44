"""Encrypt for a service provider: EncryptedAssertion, EncryptedID.

The plaintext is exclusive c14n, so that it can be read apart from what it stood in.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from idp.saml.messages import names
from idp.saml.messages.xml import Element, c14n, child, element

GCM: Final = {names.AES256_GCM: 32, names.AES192_GCM: 24, names.AES128_GCM: 16}  # bytes of the key, best first
CBC: Final = {names.AES256_CBC: 32, names.AES192_CBC: 24, names.AES128_CBC: 16}
TRANSPORTS: Final = (names.RSA_OAEP_MGF1P, names.RSA_OAEP)
# RSA-OAEP's use of SHA-1 is not broken by collisions; it is what every service provider reads.
DIGESTS: Final[dict[str, hashes.HashAlgorithm]] = {
    names.SHA1: hashes.SHA1(),  # noqa: S303
    names.SHA256: hashes.SHA256(),
    names.SHA384: hashes.SHA384(),
    names.SHA512: hashes.SHA512(),
}
MGFS: Final[dict[str, hashes.HashAlgorithm]] = {
    names.MGF1_SHA1: hashes.SHA1(),  # noqa: S303
    names.MGF1_SHA256: hashes.SHA256(),
    names.MGF1_SHA384: hashes.SHA384(),
    names.MGF1_SHA512: hashes.SHA512(),
}


class CannotEncrypt(Exception):
    """The service provider's metadata leaves no method that we would use. `reason` says which were offered."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class EncryptionMethod:
    """One md:EncryptionMethod of a service provider. `digest` and `mgf` (URIs) only with RSA-OAEP."""

    algorithm: str
    digest: str | None = None
    mgf: str | None = None


@dataclass(frozen=True, slots=True)
class Recipient:
    """For whom, and how. The defaults are what every service provider tried can read.

    `name`: the entityID, written as EncryptedKey's Recipient. `certificate`: DER, written as a hint to which of its
    keys is meant.
    """

    key: RSAPublicKey
    data: str = names.AES256_GCM
    transport: str = names.RSA_OAEP_MGF1P
    digest: str = names.SHA1
    mgf: str = names.MGF1_SHA1
    name: str = ""
    certificate: bytes | None = None


def choose(
    key: RSAPublicKey,
    methods: Iterable[EncryptionMethod],
    *,
    name: str = "",
    certificate: bytes | None = None,
    allow_cbc: bool = False,
    blocked: frozenset[str] = frozenset(),
) -> Recipient:
    """The best of what the KeyDescriptor's EncryptionMethods allow (IIP-MD10); none declared means the defaults.

    CBC only where told; rsa-1_5 never. Errors: `CannotEncrypt`.
    """
    methods = tuple(methods)
    declared = {method.algorithm for method in methods}
    ours = [*GCM, *(CBC if allow_cbc else ())]
    data = _choose_data(declared, [one for one in ours if one not in blocked])
    transport = _choose_transport(methods, blocked)
    return Recipient(key, data, transport[0], transport[1], transport[2], name, certificate)


def _choose_data(declared: set[str], ours: Sequence[str]) -> str:
    # A list of key transports only says nothing about the data.
    ciphers = declared & {*GCM, *CBC} or {names.AES256_GCM}
    # Any name that is no transport is a cipher that we do not know, 3DES for one.
    if declared - {*TRANSPORTS, names.RSA_1_5} and not declared & {*GCM, *CBC}:
        ciphers = set()
    for algorithm in ours:
        if algorithm in ciphers:
            return algorithm
    raise CannotEncrypt(f"no cipher of {sorted(declared) or 'the defaults'} is allowed here")


def _choose_transport(methods: Sequence[EncryptionMethod], blocked: frozenset[str]) -> tuple[str, str, str]:
    declared = [method for method in methods if method.algorithm in {*TRANSPORTS, names.RSA_1_5}]
    if not declared:
        declared = [EncryptionMethod(names.RSA_OAEP_MGF1P)]
    for algorithm in TRANSPORTS:
        for method in declared:
            # xmlenc 1.1 §5.5.2: both default to SHA-1, and rsa-oaep-mgf1p has no other mask.
            digest = method.digest or names.SHA1
            mgf = (method.mgf if algorithm == names.RSA_OAEP else None) or names.MGF1_SHA1
            if method.algorithm == algorithm and algorithm not in blocked and digest in DIGESTS and mgf in MGFS:
                return algorithm, digest, mgf
    raise CannotEncrypt(f"no key transport of {sorted(method.algorithm for method in declared)} is allowed here")


def encrypted_assertion(assertion: Element, recipient: Recipient, prefixes: Iterable[str] = ()) -> Element:
    """saml:EncryptedAssertion of a (signed) saml:Assertion. `prefixes`: ("xs",) where xsi:type="xs:string" is used."""
    return element(names.SAML, "EncryptedAssertion", None, encrypt(assertion, recipient, prefixes))


def encrypted_id(name_id: Element, recipient: Recipient) -> Element:
    """saml:EncryptedID of a saml:NameID."""
    return element(names.SAML, "EncryptedID", None, encrypt(name_id, recipient))


def encrypt(plain: Element, recipient: Recipient, prefixes: Iterable[str] = ()) -> Element:
    """xenc:EncryptedData of an element, the EncryptedKey inside its KeyInfo. `prefixes`: see `xml.c14n`."""
    key = os.urandom((GCM | CBC)[recipient.data])
    data = element(names.XENC, "EncryptedData", {"Type": names.XENC_ELEMENT})
    child(data, names.XENC, "EncryptionMethod", {"Algorithm": recipient.data})
    _add_encrypted_key(child(data, names.DS, "KeyInfo"), key, recipient)
    sealed = _seal(recipient.data, key, c14n(plain, prefixes))
    add_cipher_value(data, sealed)
    return data


def _add_encrypted_key(key_info: Element, key: bytes, recipient: Recipient) -> None:
    made = child(key_info, names.XENC, "EncryptedKey", {"Recipient": recipient.name} if recipient.name else None)
    method = child(made, names.XENC, "EncryptionMethod", {"Algorithm": recipient.transport})
    child(method, names.DS, "DigestMethod", {"Algorithm": recipient.digest})
    if recipient.transport == names.RSA_OAEP:
        child(method, names.XENC11, "MGF", {"Algorithm": recipient.mgf})
    if recipient.certificate:
        hint = child(child(made, names.DS, "KeyInfo"), names.DS, "X509Data")
        child(hint, names.DS, "X509Certificate", None, b64encode(recipient.certificate).decode())
    mgf = recipient.mgf if recipient.transport == names.RSA_OAEP else names.MGF1_SHA1
    scheme = padding.OAEP(padding.MGF1(MGFS[mgf]), DIGESTS[recipient.digest], label=None)
    add_cipher_value(made, recipient.key.encrypt(key, scheme))


def add_cipher_value(parent: Element, octets: bytes) -> None:
    """xenc:CipherData with these octets in it."""
    child(child(parent, names.XENC, "CipherData"), names.XENC, "CipherValue", None, b64encode(octets).decode())


def _seal(algorithm: str, key: bytes, plaintext: bytes) -> bytes:
    if algorithm in GCM:
        # xmlenc 1.1 §5.2.4: a nonce of 96 bits in front, the tag of 128 bits behind.
        nonce = os.urandom(12)
        return nonce + AESGCM(key).encrypt(nonce, plaintext, None)
    # xmlenc §5.2: filled up with anything, the last byte says how much.
    fill = 16 - len(plaintext) % 16
    initial = os.urandom(16)
    encryptor = Cipher(algorithms.AES(key), modes.CBC(initial)).encryptor()
    padded = plaintext + bytes(fill - 1) + bytes((fill,))
    return initial + encryptor.update(padded) + encryptor.finalize()
