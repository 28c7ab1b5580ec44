"""Certificates in files: as PEM, or DER in base64 as they are stored."""

from __future__ import annotations

import re

from idp.admin.configuration.document import Entry, texts_of
from idp.saml.messages.public_keys import public_key
from idp.saml.messages.signature_gate import BadSignature

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")


def read(entry: Entry, key: str) -> tuple[str, ...]:
    """The certificates of a key, DER in base64. Errors: `Fault`."""
    found: list[str] = []
    for given in texts_of(entry, key, "certificates, as PEM or base64"):
        found += ["".join(body.split()) for body in _PEM.findall(given) or [given]]
    for certificate in found:
        try:
            public_key(certificate)
        except (BadSignature, ValueError) as error:
            raise entry.fault(key, f"a certificate cannot be used: {getattr(error, 'reason', error)}") from None
    return tuple(found)
