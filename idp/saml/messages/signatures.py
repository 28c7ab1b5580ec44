"""Where a SAML signature is verified: `open_message` for every message, `verify_metadata` for metadata.

What bears a signature is believed here, or nowhere; `signature_gate` has looked at it first.

Keys come from the caller (metadata), never from KeyInfo. What comes back is parsed anew from the very bytes that were
signed; nothing else of the message may be read.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from idp.saml.messages import names
from idp.saml.messages.bindings import DetachedSignature, Received
from idp.saml.messages.public_keys import PublicKey
from idp.saml.messages.signature_gate import (
    DIGEST_METHODS,
    ECDSA_METHODS,
    RSA_METHODS,
    SECURE,
    SIGNATURE,
    Algorithms,
    BadSignature,
    Canonical,
    check_allowed,
    check_signature,
    one_signature,
    remove,
)
from idp.saml.messages.signing import RSA_PSS, pss
from idp.saml.messages.xml import MAX_BYTES, Element, c14n, parse, serialize


@dataclass(frozen=True, slots=True)
class Opened:
    """A message that may be read: `root` is the only tree to read; `signed` tells if the keys vouch for it."""

    root: Element
    signed: bool


def open_message(
    received: Received, keys: Sequence[PublicKey], *, allowed: Algorithms = SECURE, root: Element | None = None
) -> Opened:
    """Parse a message and check the signature that its binding asks for.

    HTTP-Redirect: the detached one (an enveloped one is removed and counts for nothing); others: the enveloped one.
    A signature that is there must be right, even where none is required. `root`: the message, if it was parsed before
    to see whose it is; it is taken apart. Errors: `BadXml`, `BadSignature`.
    """
    root = parse(received.message) if root is None else root
    if received.binding == names.HTTP_REDIRECT:
        # Bind §3.4.4.1: a signature in the message has no meaning here.
        for signature in root.findall(SIGNATURE):
            remove(signature)
        if received.signature is not None:
            verify_detached(received.signature, keys, allowed=allowed)
        return Opened(root, received.signature is not None)
    if not is_signed(root):
        return Opened(root, False)
    return Opened(parse(_signed_bytes(root, keys, allowed, nested=False)), True)


def is_signed(root: Element) -> bool:
    """Is there a ds:Signature anywhere in this document?"""
    return next(root.iter(SIGNATURE), None) is not None


def verify_detached(signature: DetachedSignature, keys: Sequence[PublicKey], *, allowed: Algorithms = SECURE) -> None:
    """Check the signature of an HTTP-Redirect message. Errors: `BadSignature`."""
    check_allowed("signature", signature.algorithm, allowed.signatures)
    if not any(_is_made_by(key, signature) for key in _of_algorithm(keys, signature.algorithm)):
        raise BadSignature("no signing key in the sender's metadata made this signature")


def _is_made_by(key: PublicKey, signature: DetachedSignature) -> bool:
    try:
        if isinstance(key, EllipticCurvePublicKey):
            size = (key.curve.key_size + 7) // 8
            if len(signature.value) != 2 * size:
                return False
            r, s = signature.value[:size], signature.value[size:]
            encoded = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
            key.verify(encoded, signature.octets, ec.ECDSA(ECDSA_METHODS[signature.algorithm]))
        elif digest := RSA_METHODS.get(signature.algorithm):
            key.verify(signature.value, signature.octets, padding.PKCS1v15(), digest)
        else:
            digest = RSA_PSS[signature.algorithm]
            key.verify(signature.value, signature.octets, pss(digest), digest)
    except InvalidSignature:
        return False
    return True


def _of_algorithm(keys: Sequence[PublicKey], algorithm: str) -> list[PublicKey]:
    """The keys that could have made a signature of this kind: RSA for RSA, EC for ECDSA."""
    kind = EllipticCurvePublicKey if algorithm in ECDSA_METHODS else RSAPublicKey
    return [key for key in keys if isinstance(key, kind)]


# -- the enveloped signature -----------------------------------------------------------------------------------------


def verify_enveloped(
    root: Element, keys: Sequence[PublicKey], *, allowed: Algorithms = SECURE, nested: bool = False
) -> Element:
    """Check the one enveloped signature of a document; return the tree of exactly the bytes that were signed.

    `root` comes from `xml.parse`, and stays as it is. `nested` (metadata aggregates): other signatures may stand deeper
    down; they are not checked. Errors: `BadSignature`, `BadXml`.
    """
    if root.getparent() is not None or root.getprevious() is not None or root.getnext() is not None:
        raise BadSignature("only a whole document can be verified")
    # A copy by lxml would keep its names in this thread: see `reader`.
    return parse(_signed_bytes(parse(serialize(root)), keys, allowed, nested))


def verify_metadata(
    data: bytes, keys: Sequence[PublicKey], *, allowed: Algorithms = SECURE, max_bytes: int = MAX_BYTES
) -> Element:
    """Check the signature of a metadata file, an aggregate perhaps, with comments and signatures inside.

    It is parsed here, so that one tree at a time is held. Errors: `BadSignature`, `BadXml`.
    """
    return parse(
        _signed_bytes(parse(data, max_bytes=max_bytes, drop_comments=True), keys, allowed, True), max_bytes=max_bytes
    )


def _signed_bytes(root: Element, keys: Sequence[PublicKey], allowed: Algorithms, nested: bool) -> bytes:
    """The canonical bytes that a good signature covers. Takes the signature out of `root`.

    In the order of what it costs: whoever has no key of the sender's can have a few hundred bytes canonicalised and
    looked at with each key, and nothing of the document (X25).
    """
    signature = one_signature(root, nested)
    reference = check_signature(signature, root, allowed)
    signed_info = _canonical(signature[0], reference.signed_info)
    if len(signed_info) > _MAX_SIGNED_INFO:
        raise BadSignature(f"SignedInfo has more than {_MAX_SIGNED_INFO} bytes")
    verify_detached(DetachedSignature(reference.algorithm, reference.signature, signed_info), keys, allowed=allowed)
    remove(signature)
    # Nothing at all has a digest as well, and would vouch for anything (CVE-2025-66568).
    signed = _canonical(root, reference.form)
    if not signed or not hmac.compare_digest(DIGEST_METHODS[reference.digest](signed).digest(), reference.value):
        raise BadSignature("it was changed after it was signed: its digest is another one than the signature's")
    return signed


_MAX_SIGNED_INFO: Final = 8 * 1024  # bytes; usual ones have 700


def _canonical(node: Element, how: Canonical) -> bytes:
    return c14n(node, how.prefixes, exclusive=how.exclusive)
