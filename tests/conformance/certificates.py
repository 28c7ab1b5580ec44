"""Certificates that nobody but themselves signed: of the provider's addresses, and of applications (RFC 8705 §2.2)."""

from __future__ import annotations

import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from joserfc.jwk import RSAKey

DAYS = 30


class Certificate:
    """A client's own certificate, which nobody but itself signed (RFC 8705 §2.2)."""

    def __init__(self, name: str) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        self.certificate = self_signed(self.key, name)

    def public(self) -> dict[str, Any]:
        """As a key of the application's key set, with its certificate."""
        key = RSAKey.import_key(self.key.public_key(), {"use": "sig", "kid": "certificate"}).as_dict(private=False)
        return {**key, "x5c": [_body(self.certificate.public_bytes(serialization.Encoding.PEM))]}

    def told(self) -> dict[str, str]:
        """As the suite takes it."""
        return {"cert": pem(self.certificate), "key": private_pem(self.key)}


def self_signed(key: rsa.RSAPrivateKey, name: str, *hosts: str) -> x509.Certificate:
    """A certificate for `hosts`, or for a client."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
    )
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key, hashes.SHA256())


def pem(certificate: x509.Certificate) -> str:
    """A certificate as text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def private_pem(key: rsa.RSAPrivateKey) -> str:
    """A private key as text (PKCS#8)."""
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, *form).decode()


def _body(text: bytes) -> str:
    return "".join(line for line in text.decode().splitlines() if "-----" not in line)
