"""The keys of a service provider: certificates out of its KeyDescriptors, taken as bare keys (IIP-MD12)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from clients.entities import MAX_KEYS

from . import names
from .lexical import uri
from .signatures import BadSignature, PublicKey, public_key
from .xml import Element

Warn = Callable[[str], None]


def read_keys(role: Element, warn: Warn) -> tuple[list[str], list[dict[str, Any]]]:
    """What it signs with, and what can be encrypted for it. `warn` hears of what is left out."""
    signing: list[str] = []
    encryption: list[dict[str, Any]] = []
    for descriptor in role.findall(f"{{{names.MD}}}KeyDescriptor"):
        use = descriptor.get("use")
        for certificate, key in _certificates(descriptor, warn):
            # IIP-MD11: without `use` a key is for both.
            if use in (None, "signing") and certificate not in signing:
                signing.append(certificate)
            if use in (None, "encryption") and isinstance(key, RSAPublicKey):
                methods = [_encryption_method(m) for m in descriptor.findall(f"{{{names.MD}}}EncryptionMethod")][:50]
                encryption.append({"certificate": certificate, **({"methods": methods} if methods else {})})
            elif use == "encryption":
                warn("an encryption key is left out: only RSA keys are encrypted for")
    return signing[:MAX_KEYS], encryption[:MAX_KEYS]


def _certificates(descriptor: Element, warn: Warn) -> Iterator[tuple[str, PublicKey]]:
    found = descriptor.findall(f"{_ds('KeyInfo')}/{_ds('X509Data')}")
    if not found:
        warn("a KeyDescriptor without a certificate is left out")
    for data in found:
        texts = [node.text or "" for node in data.findall(_ds("X509Certificate"))]
        try:
            certificate = _end_entity([_der(text) for text in texts])
            yield base64.b64encode(certificate).decode(), public_key(certificate)
        except (BadSignature, ValueError) as error:
            warn(f"a key is left out: {getattr(error, 'reason', error)}")


def _encryption_method(node: Element) -> dict[str, str]:
    parts = {"digest": node.find(_ds("DigestMethod")), "mgf": node.find(f"{{{names.XENC11}}}MGF")}
    found = {key: name for key, part in parts.items() if part is not None and (name := uri(part.get("Algorithm")))}
    # A method without a name says that nothing we know will do, not that anything will.
    return {"algorithm": uri(node.get("Algorithm")) or "unknown", **found}


def _der(text: str) -> bytes:
    # Some write the PEM lines into the element.
    bare = re.sub(r"-----[A-Z ]+-----", "", text)
    try:
        return base64.b64decode("".join(bare.split()).encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raise ValueError("its certificate is not base64") from None


def _end_entity(certificates: list[bytes]) -> bytes:
    """Of a chain the one that issued no other: an authority's key in it vouches for nothing here."""
    if not certificates:
        raise ValueError("it has no certificate")
    if len(certificates) == 1:
        return certificates[0]
    loaded = [x509.load_der_x509_certificate(der) for der in certificates[:10]]
    issuers = [[c.issuer for other, c in enumerate(loaded) if other != place] for place in range(len(loaded))]
    leaves = [place for place, c in enumerate(loaded) if c.subject not in issuers[place]]
    return certificates[leaves[0] if leaves else 0]


def _ds(name: str) -> str:
    return f"{{{names.DS}}}{name}"
