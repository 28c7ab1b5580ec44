"""Key pairs with certificates, made once per process."""

from __future__ import annotations

import datetime
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from idp.saml.messages.public_keys import PublicKey, public_key
from idp.saml.messages.signing import SigningKey, signing_key


@dataclass(frozen=True)
class Pair:
    """A private key and its certificate."""

    key: Any
    certificate: bytes  # DER

    @property
    def public(self) -> PublicKey:
        return public_key(self.certificate)

    @property
    def certificate_pem(self) -> str:
        return x509.load_der_x509_certificate(self.certificate).public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()

    def signer(self, algorithm: str | None = None) -> SigningKey:
        return signing_key(self.key, self.certificate, algorithm)

    def write(self, folder: Path) -> tuple[str, str]:
        """(certificate, private key) as PEM files."""
        certificate, key = folder / "certificate.pem", folder / "key.pem"
        certificate.write_text(self.certificate_pem)
        key.write_text(self.key_pem)
        return str(certificate), str(key)


def self_signed(key: Any, *, start: int = 2020, end: int = 2040) -> Pair:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(start, 1, 1))
        .not_valid_after(datetime.datetime(end, 1, 1))
    )
    return Pair(key, builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))


@functools.cache
def rsa_pair(name: str = "sp") -> Pair:
    """An RSA-2048 pair; each name has its own."""
    return self_signed(rsa.generate_private_key(65537, 2048))


@functools.cache
def ec_pair(bits: int = 256) -> Pair:
    curves = {256: ec.SECP256R1(), 384: ec.SECP384R1(), 521: ec.SECP521R1()}
    return self_signed(ec.generate_private_key(curves[bits]))
