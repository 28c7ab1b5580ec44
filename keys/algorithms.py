"""The signature algorithms that exist here, and the keys that fit them. `none` and HMAC are not in the table.

One key, one algorithm (RFC 8725 §3.1): an RSA key made for RS256 never signs PS256.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

RSA_BITS_MIN = 2048  # RFC 7518 §3.3
RSA_BITS_MAX = 8192  # a verifier's time is worth something

Jwk = RSAKey | ECKey | OKPKey
_PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_KINDS: dict[str, type[Jwk]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_CURVES: dict[str, type[ec.EllipticCurve]] = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
#: The members that make a public key (RFC 7518 §6, RFC 8037 §2); nothing else is ever read or shown.
PUBLIC_MEMBERS: dict[str, tuple[str, ...]] = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}


class UnsupportedAlgorithm(ValueError):
    """An algorithm that is not in the table."""


class UnusableKey(ValueError):
    """A JWK that cannot verify a signature here: another kind, too small, for encryption, malformed."""


class Arithmetic(Protocol):
    """What joserfc's algorithms do."""

    def sign(self, msg: bytes, key: Any) -> bytes:
        """A signature in the form of RFC 7518."""

    def verify(self, msg: bytes, sig: bytes, key: Any) -> bool:
        """Whether the signature is the key's."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One JWS algorithm (RFC 7518 §3.1, RFC 8037 §3.1) and what its keys look like. `jws` does the arithmetic."""

    name: str
    kty: str
    crv: str | None
    jws: Arithmetic

    def is_for(self, key: Jwk) -> bool:
        """Whether a key has this algorithm's type and curve."""
        return key.key_type == self.kty and getattr(key, "curve_name", None) == self.crv


def _table(*rows: tuple[str, str, str | None]) -> dict[str, Algorithm]:
    return {name: Algorithm(name, kty, crv, JWSRegistry.algorithms[name]) for name, kty, crv in rows}


#: By name, in the order in which discovery lists them.
ALGORITHMS: dict[str, Algorithm] = _table(
    ("RS256", "RSA", None),
    ("ES256", "EC", "P-256"),
    ("PS256", "RSA", None),
    ("EdDSA", "OKP", "Ed25519"),
    ("RS384", "RSA", None),
    ("RS512", "RSA", None),
    ("PS384", "RSA", None),
    ("PS512", "RSA", None),
    ("ES384", "EC", "P-384"),
    ("ES512", "EC", "P-521"),
)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that verifies. `alg` None: its owner pinned no algorithm (never so for our own keys)."""

    kid: str | None
    alg: str | None
    key: Jwk
    certificate: bytes = b""  # DER, the first of x5c: compared with one that is shown (RFC 8705 §2.2), never believed

    @property
    def spki(self) -> bytes:
        """The key as certificates have it (RFC 5280 §4.1.2.7), in DER."""
        return bytes(self.key.as_bytes(encoding="DER", private=False))

    def fits(self, algorithm: Algorithm) -> bool:
        """Whether this key may verify that algorithm."""
        return self.alg in (None, algorithm.name) and algorithm.is_for(self.key)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A pair just made: its RFC 7638 thumbprint, and the private key as unencrypted PKCS#8 (seal it at once).

    Of one that was made elsewhere, `private` is the reference to it.
    """

    kid: str
    public_jwk: Mapping[str, str]
    private: bytes

    def __repr__(self) -> str:
        return f"NewKey(kid={self.kid!r})"


def get_algorithm(name: str) -> Algorithm:
    """The algorithm of that name. Errors: `UnsupportedAlgorithm`."""
    try:
        return ALGORITHMS[name]
    except KeyError:
        raise UnsupportedAlgorithm(f"{name!r} is not supported; choose one of {', '.join(ALGORITHMS)}") from None


def generate(alg: str, rsa_bits: int = RSA_BITS_MIN) -> NewKey:
    """Make a pair for one algorithm; 60 ms and more for RSA. Errors: `UnsupportedAlgorithm`, ValueError."""
    algorithm = get_algorithm(alg)
    if algorithm.kty == "RSA" and not RSA_BITS_MIN <= rsa_bits <= RSA_BITS_MAX:
        raise ValueError(f"RSA keys have {RSA_BITS_MIN} to {RSA_BITS_MAX} bits, not {rsa_bits}")
    raw: _PrivateKey
    if algorithm.kty == "RSA":
        raw = rsa.generate_private_key(65537, rsa_bits)
    elif algorithm.kty == "EC":
        raw = ec.generate_private_key(_CURVES[algorithm.crv or ""]())
    else:
        raw = ed25519.Ed25519PrivateKey.generate()
    private = raw.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return _named(algorithm, raw.public_key(), private)


def held(alg: str, spki: bytes, reference: str) -> NewKey:
    """The same of a pair that was made elsewhere. Errors: `UnsupportedAlgorithm`, `UnusableKey`."""
    algorithm = get_algorithm(alg)
    try:
        made = _named(algorithm, serialization.load_der_public_key(spki), reference.encode("ascii"))
    except Exception as error:  # joserfc and cryptography raise many kinds for bad numbers
        raise UnusableKey(f"what was made is no key for {alg}") from error
    load_public(made.public_jwk)
    return made


def _named(algorithm: Algorithm, public_key: Any, private: bytes) -> NewKey:
    public = _import(algorithm.kty, public_key)
    kid = public.thumbprint()
    return NewKey(kid, {**_members(public), "use": "sig", "alg": algorithm.name, "kid": kid}, private)


def _import(kty: str, value: Any) -> Jwk:
    return _KINDS[kty].import_key(value)


def _members(key: Jwk) -> dict[str, str]:
    whole = key.as_dict(private=False)
    return {"kty": key.key_type, **{name: str(whole[name]) for name in PUBLIC_MEMBERS[key.key_type]}}


def load_private(alg: str, private: bytes) -> Jwk:
    """Import a private key that `generate` made and a seal has kept.

    The seal authenticates the bytes, so the primality tests (41 of an import's 44 ms) would only repeat what was
    established when the key was made; they are left out.
    """
    raw = serialization.load_der_private_key(private, None, unsafe_skip_rsa_key_validation=True)
    return _import(get_algorithm(alg).kty, raw)


def load_public(jwk: Mapping[str, Any]) -> PublicKey:
    """Import a public JWK for verification; certificates and URLs in it are not trusted. Errors: `UnusableKey`."""
    kty, kid, alg = jwk.get("kty"), jwk.get("kid"), jwk.get("alg")
    if not isinstance(kty, str) or kty not in _KINDS:
        raise UnusableKey(f"kty is {kty!r}; only RSA, EC and OKP keys verify signatures here")
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        raise UnusableKey("the key is not meant for signatures (use, key_ops)")
    if not isinstance(kid, (str, type(None))) or not (alg is None or (isinstance(alg, str) and alg in ALGORITHMS)):
        raise UnusableKey("kid is not a string, or alg is not supported")
    # RFC 8725 §3.10: only the key's own numbers are read, so that x5u, x5c and private members mean nothing.
    numbers = {"kty": kty, **{name: jwk.get(name) for name in PUBLIC_MEMBERS[kty]}}
    try:
        if kty == "RSA":
            check_strength(*(int.from_bytes(urlsafe_b64decode(str(numbers[part]).encode())) for part in "ne"))
        key = _import(kty, numbers)
    except UnusableKey:
        raise
    except Exception as error:  # joserfc and cryptography raise many kinds for bad numbers
        raise UnusableKey(f"the {kty} key is malformed") from error
    if not any(a.is_for(key) for a in ALGORITHMS.values() if alg in (None, a.name)):
        raise UnusableKey("the key's type or curve fits none of the supported algorithms")
    return PublicKey(kid, alg, key, _certificate(jwk.get("x5c")))


def _certificate(x5c: Any) -> bytes:
    """RFC 7517 §4.7: base64, not base64url. b'' where there is none that can be read."""
    try:
        return b64decode("".join(x5c[0].split()), validate=True) if isinstance(x5c, list) and x5c else b""
    except (AttributeError, ValueError):
        return b""


def check_strength(n: int, e: int) -> None:
    """Errors: `UnusableKey`."""
    # RFC 7518 §3.3: 2048 bits or larger. The upper bounds keep a hostile key from costing seconds.
    if not RSA_BITS_MIN <= n.bit_length() <= RSA_BITS_MAX or e.bit_length() > 64:
        raise UnusableKey(f"RSA keys must have {RSA_BITS_MIN} to {RSA_BITS_MAX} bits and an ordinary exponent")
