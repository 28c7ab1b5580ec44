"""Sign what we issue: exclusive c14n by lxml, the signature by whatever key is handed in."""

from __future__ import annotations

import copy
import functools
import hashlib
import time
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idp.saml.messages import names
from idp.saml.messages.xml import Element, c14n, child, element
from keys.certificates.held import HeldKey
from keys.spent import SIGNING

DIGESTS: Final[dict[str, Callable[[bytes], Any]]] = {
    names.SHA256: hashlib.sha256,
    names.SHA384: hashlib.sha384,
    names.SHA512: hashlib.sha512,
}
RSA: Final[dict[str, hashes.HashAlgorithm]] = {
    names.RSA_SHA256: hashes.SHA256(),
    names.RSA_SHA384: hashes.SHA384(),
    names.RSA_SHA512: hashes.SHA512(),
}
RSA_PSS: Final[dict[str, hashes.HashAlgorithm]] = {
    names.RSA_PSS_SHA256: hashes.SHA256(),
    names.RSA_PSS_SHA384: hashes.SHA384(),
    names.RSA_PSS_SHA512: hashes.SHA512(),
}
ECDSA: Final[dict[str, hashes.HashAlgorithm]] = {
    names.ECDSA_SHA256: hashes.SHA256(),
    names.ECDSA_SHA384: hashes.SHA384(),
    names.ECDSA_SHA512: hashes.SHA512(),
}
_OF_CURVE: Final = {256: names.ECDSA_SHA256, 384: names.ECDSA_SHA384, 521: names.ECDSA_SHA512}
#: By the names that holders of keys know (RFC 7518 §3.1). An ECDSA key signs with the digest of its curve alone.
_HELD: Final = {
    names.RSA_SHA256: "RS256", names.RSA_SHA384: "RS384", names.RSA_SHA512: "RS512",
    names.RSA_PSS_SHA256: "PS256", names.RSA_PSS_SHA384: "PS384", names.RSA_PSS_SHA512: "PS512",
    names.ECDSA_SHA256: "ES256", names.ECDSA_SHA384: "ES384", names.ECDSA_SHA512: "ES512",
}  # fmt: skip
_ISSUER: Final = f"{{{names.SAML}}}Issuer"
_SIGNATURE: Final = f"{{{names.DS}}}Signature"


class SigningKey(Protocol):
    """What `keys/` provides: one private key with its self-signed certificate."""

    @property
    def algorithm(self) -> str:
        """The SignatureMethod URI, for example `names.RSA_SHA256`."""

    @property
    def certificate(self) -> bytes:
        """The X.509 certificate, DER."""

    def sign(self, data: bytes) -> bytes:
        """The signature value as XMLDSig wants it (ECDSA: r and s side by side, RFC 9231 §2.3.6)."""


@dataclass(frozen=True, slots=True)
class _LocalKey:
    algorithm: str
    certificate: bytes
    sign: Callable[[bytes], bytes]


def signing_key(
    private_key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | HeldKey,
    certificate: bytes,
    algorithm: str | None = None,
) -> SigningKey:
    """A `SigningKey` over a private key of `cryptography`, or one that lies elsewhere, and its certificate (DER).

    `algorithm`: a SignatureMethod URI; None is RSA-SHA256, or ECDSA with the digest of the curve's size.
    Errors: `ValueError` where key and algorithm do not fit, or the certificate is not of this key.
    """
    if _spki(private_key.public_key()) != _spki(x509.load_der_x509_certificate(certificate).public_key()):
        raise ValueError("the certificate is not of this key")
    if isinstance(private_key, HeldKey):
        return _held(private_key, certificate, algorithm)
    if isinstance(private_key, ec.EllipticCurvePrivateKey):
        algorithm = algorithm or _OF_CURVE[private_key.curve.key_size]
        if algorithm in ECDSA:
            return _LocalKey(algorithm, certificate, _ecdsa(private_key, ECDSA[algorithm]))
    else:
        algorithm = algorithm or names.RSA_SHA256
        if algorithm in RSA:
            return _LocalKey(algorithm, certificate, _rsa(private_key, padding.PKCS1v15(), RSA[algorithm]))
        if algorithm in RSA_PSS:
            return _LocalKey(algorithm, certificate, _rsa(private_key, pss(RSA_PSS[algorithm]), RSA_PSS[algorithm]))
    raise ValueError(f"{algorithm} is not an algorithm of this key")


def _held(key: HeldKey, certificate: bytes, algorithm: str | None) -> SigningKey:
    public = key.public_key()
    is_ec = isinstance(public, ec.EllipticCurvePublicKey)
    algorithm = algorithm or (_OF_CURVE[public.key_size] if is_ec else names.RSA_SHA256)
    name = _HELD.get(algorithm, "")
    if name.startswith("ES") is not is_ec or not name or (is_ec and algorithm != _OF_CURVE[public.key_size]):
        raise ValueError(f"{algorithm} is not an algorithm of this key")
    return _LocalKey(algorithm, certificate, lambda data: _timed(lambda: key.sign(name, data)))


def pss(digest: hashes.HashAlgorithm) -> padding.PSS:
    """RFC 9231 §2.3.10: MGF1 with the same digest, and a salt of the digest's length."""
    return padding.PSS(padding.MGF1(digest), digest.digest_size)


def _spki(key: Any) -> bytes:
    der: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return der


def _timed(sign: Callable[[], bytes]) -> bytes:
    begun = time.perf_counter()
    signed = sign()
    SIGNING.took(begun, "XML")
    return signed


def _rsa(key: rsa.RSAPrivateKey, scheme: Any, digest: hashes.HashAlgorithm) -> Callable[[bytes], bytes]:
    return lambda data: _timed(lambda: key.sign(data, scheme, digest))


def _ecdsa(key: ec.EllipticCurvePrivateKey, digest: hashes.HashAlgorithm) -> Callable[[bytes], bytes]:
    method, size = ec.ECDSA(digest), (key.curve.key_size + 7) // 8

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(_timed(lambda: key.sign(data, method)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    return sign


def sign(root: Element, key: SigningKey, *, digest: str = names.SHA256, prefixes: Iterable[str] = ()) -> None:
    """Put an enveloped signature over `root` into it: after its Issuer, else as its first child (Core §5.4).

    `root` needs an ID and no signature. `prefixes`: the PrefixList, ("xs",) where xsi:type="xs:string" is used.
    Sign an Assertion first, encrypt it, then sign the Response around it. Errors: `ValueError`.
    """
    identifier = root.get("ID")
    if not identifier:
        raise ValueError("an element without ID cannot be signed")
    if root.find(_SIGNATURE) is not None:
        raise ValueError("the element is signed already")
    prefixes = tuple(prefixes)
    # The enveloped-signature transform leaves what stands here now, so it is digested before the signature goes in.
    digested = DIGESTS[digest](c14n(root, prefixes)).digest()
    signature = copy.deepcopy(_template(key.algorithm, key.certificate, digest, prefixes))
    signed_info, value = signature[0], signature[1]
    reference = signed_info[2]
    reference.set("URI", f"#{identifier}")
    reference[2].text = b64encode(digested).decode()
    value.text = b64encode(key.sign(c14n(signed_info))).decode()
    root.insert(1 if len(root) and root[0].tag == _ISSUER else 0, signature)


@functools.lru_cache(maxsize=64)
def _template(algorithm: str, certificate: bytes, digest: str, prefixes: tuple[str, ...]) -> Element:
    """A Signature without its URI, DigestValue and SignatureValue: a copy is cheaper than building."""
    signature = element(names.DS, "Signature")
    signed_info = child(signature, names.DS, "SignedInfo")
    child(signed_info, names.DS, "CanonicalizationMethod", {"Algorithm": names.EXC_C14N})
    child(signed_info, names.DS, "SignatureMethod", {"Algorithm": algorithm})
    reference = child(signed_info, names.DS, "Reference")
    # Core §5.4.4: the enveloped-signature and exclusive canonicalisation transforms, and no other.
    transforms = child(reference, names.DS, "Transforms")
    child(transforms, names.DS, "Transform", {"Algorithm": names.ENVELOPED})
    canonicalisation = child(transforms, names.DS, "Transform", {"Algorithm": names.EXC_C14N})
    if prefixes:
        child(canonicalisation, names.EC, "InclusiveNamespaces", {"PrefixList": " ".join(prefixes)})
    child(reference, names.DS, "DigestMethod", {"Algorithm": digest})
    child(reference, names.DS, "DigestValue")
    child(signature, names.DS, "SignatureValue")
    data = child(child(signature, names.DS, "KeyInfo"), names.DS, "X509Data")
    child(data, names.DS, "X509Certificate", None, b64encode(certificate).decode())
    return signature


def sign_redirect(parameters: Iterable[tuple[str, str]], key: SigningKey) -> str:
    """The query string of a signed HTTP-Redirect message.

    `parameters`: SAMLRequest or SAMLResponse, then RelayState if there is one; SigAlg and Signature are added.
    """
    # Bind §3.4.4.1: the signature is over these octets, so this exact text is what goes into the URL.
    signed = query([*parameters, ("SigAlg", key.algorithm)])
    return f"{signed}&{query([('Signature', b64encode(key.sign(signed.encode('ascii'))).decode())])}"


def query(parameters: Iterable[tuple[str, str]]) -> str:
    """Percent-encoded parameters, "+" and "/" too."""
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters)
