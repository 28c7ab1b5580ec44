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
from idp.saml.messages import names
from idp.saml.messages.public_keys import PublicKey, public_key
from idp.saml.messages.signature_gate import BadSignature
from idp.saml.messages.xml import Element
from idp.saml.metadata.lexical import plain, uri

Warn = Callable[[str], None]


def read_keys(role: Element, warn: Warn) -> tuple[list[str], list[dict[str, Any]]]:
    """What it signs with, and what can be encrypted for it. `warn` hears of what is left out."""
    signing: list[str] = []
    encryption: list[dict[str, Any]] = []
    for descriptor in role.findall(f"{{{names.MD}}}KeyDescriptor"):
        use = _use(descriptor, warn)
        if use is None:
            continue
        for certificate, key in _certificates(descriptor, warn):
            if "signing" in use and certificate not in signing:
                signing.append(certificate)
            if "encryption" in use and isinstance(key, RSAPublicKey):
                methods = [_encryption_method(m) for m in descriptor.findall(f"{{{names.MD}}}EncryptionMethod")][:50]
                encryption.append({"certificate": certificate, **({"methods": methods} if methods else {})})
            elif use == ("encryption",):
                warn("an encryption key is left out: only RSA keys are encrypted for")
    return signing[:MAX_KEYS], encryption[:MAX_KEYS]


def _use(descriptor: Element, warn: Warn) -> tuple[str, ...] | None:
    """What a key is for; None where that is unknown."""
    given = descriptor.get("use")
    use = (given or "").strip().lower()
    if use in ("signing", "encryption"):
        if use != given:
            warn(
                f'use="{plain(given or "", 40)}" of a key is taken for {use}: the standard writes it so '
                "(SAML Metadata §2.4.1.1), and other products leave the key out"
            )
        return (use,)
    if use:
        warn(f'a key with use="{plain(given, 40)}" is left out: expected signing or encryption, or no use for both')
        return None
    if given is not None:
        warn('a key with use="" is taken for signing and for encryption; set encrypt=never if it cannot decrypt')
    # IIP-MD11: without `use` a key is for both.
    return ("signing", "encryption")


def _certificates(descriptor: Element, warn: Warn) -> Iterator[tuple[str, PublicKey]]:
    found = descriptor.findall(f"{_ds('KeyInfo')}/{_ds('X509Data')}")
    if not any(data.find(_ds("X509Certificate")) is not None for data in found):
        there = ", ".join(
            str(node.tag).rpartition("}")[2] for info in descriptor.findall(_ds("KeyInfo")) for node in info
        )
        warn(
            f"a KeyDescriptor without a certificate is left out{there and f' (it has {plain(there, 80)})'}: ask the "
            "application for metadata with an X509Certificate, or its requests and sign-outs cannot be checked"
        )
        return
    for data in found:
        texts = [node.text or "" for node in data.findall(_ds("X509Certificate"))]
        try:
            chosen = _end_entities([_der(text) for text in texts])
        except (BadSignature, ValueError) as error:
            warn(f"a key is left out: {getattr(error, 'reason', error)}")
            continue
        if len(chosen) > 1:
            warn(
                f"{len(chosen)} certificates that have nothing to do with each other stand in one X509Data: each is "
                "taken as a key; give each a KeyDescriptor of its own (XMLDSig §4.5.4)"
            )
        for certificate in chosen:
            try:
                yield base64.b64encode(certificate).decode(), public_key(certificate)
            except BadSignature as error:
                warn(f"a key is left out: {error.reason}")


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


def _end_entities(certificates: list[bytes]) -> list[bytes]:
    """Of a chain the one that issued no other: an authority's key in it vouches for nothing here."""
    if not certificates:
        raise ValueError("it has no certificate")
    if len(certificates) == 1:
        return certificates
    loaded = [x509.load_der_x509_certificate(der) for der in certificates[:10]]
    # One that issued itself has no other issuer: two of the same name are an old key and a new one.
    issuers = {c.issuer for c in loaded if c.issuer != c.subject}
    leaves = [certificates[place] for place, c in enumerate(loaded) if c.subject not in issuers]
    return list(dict.fromkeys(leaves)) or certificates[:1]


def _ds(name: str) -> str:
    return f"{{{names.DS}}}{name}"
