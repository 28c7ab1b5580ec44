"""The certificate around a key of SAML: self-signed, a bare key in an envelope, by whatever holds the key."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from .held import HeldKey

YEARS = 10  # a self-signed certificate is a bare key in an envelope; service providers ignore or dislike its end


def self_signed(key: Any, name: str, now: float) -> bytes:
    """DER. `key`: one of `cryptography`, or a `HeldKey`. Errors: `HolderUnavailable`."""
    if not isinstance(key, HeldKey):
        return _builder(key.public_key(), name, now).sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    public = key.public_key()
    # The library signs with keys of its own alone: one for once signs, and its signature gives way to the holder's.
    once: Any = (
        rsa.generate_private_key(65537, 2048)
        if isinstance(public, rsa.RSAPublicKey)
        else ec.generate_private_key(ec.SECP256R1())
    )
    made = _builder(public, name, now).sign(once, hashes.SHA256())
    der, tbs = made.public_bytes(Encoding.DER), made.tbs_certificate_bytes
    body = der[_head(der) :]
    algorithm = body[len(tbs) : len(tbs) + _length(body[len(tbs) :])]
    signature = key.sign("RS256" if isinstance(public, rsa.RSAPublicKey) else "ES256", tbs)
    if isinstance(public, ec.EllipticCurvePublicKey):
        half = len(signature) // 2
        signature = encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
    return _tagged(0x30, tbs + algorithm + _tagged(0x03, b"\0" + signature))  # RFC 5280 §4.1


def _builder(public: Any, name: str, now: float) -> x509.CertificateBuilder:
    start = datetime.fromtimestamp(now, UTC).replace(microsecond=0)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(int.from_bytes(os.urandom(19), "big") | 1)
        .not_valid_before(start - timedelta(hours=1))
        .not_valid_after(start + timedelta(days=365 * YEARS))
    )


def _head(der: bytes) -> int:
    """How long tag and length are (X.690 §8.1)."""
    return 2 + (der[1] & 0x7F if der[1] & 0x80 else 0)


def _length(der: bytes) -> int:
    """How long an element is, its head too."""
    head = _head(der)
    return head + (int.from_bytes(der[2:head]) if der[1] & 0x80 else der[1])


def _tagged(tag: int, content: bytes) -> bytes:
    size = len(content)
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag]) + (bytes([size]) if size < 0x80 else bytes([0x80 | len(octets)]) + octets) + content
