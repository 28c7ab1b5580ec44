"""Certificates as people tell them apart: by fingerprint, name and dates."""

from __future__ import annotations

from base64 import b64decode
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256


def named(certificate: str) -> str:
    """Of one in base64 or PEM: the fingerprint's beginning, whose name it bears, from when until when; else ''."""
    try:
        found = read(certificate)
        fingerprint = found.fingerprint(SHA256()).hex()[:16]
        since, until = found.not_valid_before_utc, found.not_valid_after_utc
        name = found.subject.rfc4514_string()[:80] or "no name"
    except ValueError:
        return ""
    return f"SHA-256 {fingerprint}… ({name}, {_day(since)} to {_day(until)})"


def read(certificate: str) -> x509.Certificate:
    """The certificate. Errors: `ValueError`."""
    lines = [one for one in certificate.splitlines() if not one.startswith("-----")]
    return x509.load_der_x509_certificate(b64decode("".join("".join(lines).split()), validate=True))


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
