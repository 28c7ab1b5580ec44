"""The keys that signatures are checked with and assertions encrypted for, taken from certificates as bare keys."""

from __future__ import annotations

import re
from base64 import b64decode

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from idp.saml.messages.signature_gate import BadSignature

PublicKey = RSAPublicKey | EllipticCurvePublicKey


def public_key(certificate: bytes | str) -> PublicKey:
    """The key of a certificate, taken as a bare key: expired or of any issuer (IIP-MD12).

    `certificate`: PEM, DER, or the base64 text of ds:X509Certificate. Errors: `BadSignature` (not a certificate; not
    RSA of 2048 to 8192 bits or P-256, P-384, P-521).
    """
    data = certificate.encode("utf-8", "replace") if isinstance(certificate, str) else certificate
    try:
        if b"-----BEGIN" in data:
            key = x509.load_pem_x509_certificate(data).public_key()
        elif data[:1] == b"\x30":
            key = x509.load_der_x509_certificate(data).public_key()
        else:
            key = x509.load_der_x509_certificate(b64decode(b"".join(data.split()), validate=True)).public_key()
    except Exception as error:  # cryptography raises many kinds for a malformed certificate
        raise BadSignature("not an X.509 certificate that can be read") from error
    if isinstance(key, RSAPublicKey):
        # The lower bound is SP 800-57's; the upper one bounds the time of one check.
        if not 2048 <= key.key_size <= 8192:
            raise BadSignature(f"RSA keys must have 2048 to 8192 bits, this one has {key.key_size}")
        return key
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name in {"secp256r1", "secp384r1", "secp521r1"}:
        return key
    raise BadSignature("only RSA keys and the curves P-256, P-384 and P-521 are supported")


def certificates_of(pem: str) -> tuple[str, ...]:
    """Every certificate of a PEM text (RFC 7468), DER in base64; empty where it has none. Errors: `BadSignature`."""
    found = re.findall(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----", pem)
    certificates = tuple("".join(body.split()) for body in found)
    for certificate in certificates:
        public_key(certificate)
    return certificates
