"""JWTs in an envelope (RFC 7516): ours for a client's key, and a client's for a key of ours.

One key, one kind of algorithm. RSA1_5, plain RSA-OAEP with SHA-1, passwords (`p2c`) and compression (`zip`) do not
exist here, whatever a header says (RFC 8725 §3.2, §3.6).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode

from .algorithms import PUBLIC_MEMBERS, UnusableKey, check_strength
from .verifying import MAX_KEYS, InvalidToken, UnknownKey, read_object

#: Key management (RFC 7518 §4), in the order in which discovery lists them; and content encryption (§5).
ALGS: Final = ("RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW")
ENCS: Final = ("A128CBC-HS256", "A128GCM", "A256GCM")
DEFAULT_ENC: Final = "A128CBC-HS256"  # Registration 1.0 §2
AGREED: Final = ALGS[1:]  # by an elliptic curve
MAX_TOKEN: Final = 64 * 1024  # characters of one that comes in
_KINDS: Final[Mapping[str, tuple[type[RSAKey | ECKey | OKPKey], tuple[str, ...]]]] = {
    "RSA": (RSAKey, ALGS[:1]), "EC": (ECKey, AGREED), "OKP": (OKPKey, AGREED),
}  # fmt: skip
_CURVES: Final = ("P-256", "P-384", "P-521", "X25519")
_OPERATIONS: Final = frozenset(("encrypt", "wrapKey", "deriveKey", "deriveBits"))
_MAX_HEADER: Final = 1024  # characters


@dataclass(frozen=True, slots=True)
class Recipient:
    """A client's public key to encrypt for. `alg` None: its owner pinned none; `is_meant`: it says use=enc."""

    kid: str | None
    alg: str | None
    is_meant: bool
    algs: tuple[str, ...]
    key: RSAKey | ECKey | OKPKey

    def fits(self, alg: str) -> bool:
        """Whether it may be used with this key management algorithm."""
        return alg in self.algs and self.alg in (None, alg)


def read_recipients(document: Any) -> tuple[Recipient, ...]:
    """The keys of a client's JWKS that something may be encrypted for; all others are passed over (RFC 7517 §5)."""
    members = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(members, list):
        raise ValueError('a JWKS is an object with a list of keys: {"keys": [...]}')
    found = (_find(member) for member in members[:MAX_KEYS])
    return tuple(one for one in found if one is not None)


def _find(member: Any) -> Recipient | None:
    try:
        return _recipient(member)
    except Exception:  # joserfc and cryptography raise many kinds for bad numbers
        return None


def _recipient(jwk: Mapping[str, Any]) -> Recipient:
    kty, kid, alg, operations = jwk.get("kty"), jwk.get("kid"), jwk.get("alg"), jwk.get("key_ops")
    if (
        not isinstance(kty, str)
        or kty not in _KINDS
        or jwk.get("use", "enc") != "enc"
        or (operations and not _OPERATIONS & {*operations})
    ):
        raise UnusableKey("it is not meant for encryption")
    kind, algs = _KINDS[kty]
    if not isinstance(kid, (str, type(None))) or alg not in (None, *algs) or jwk.get("crv", "P-256") not in _CURVES:
        raise UnusableKey("kid is not a string, or alg or crv is not supported")
    numbers = {"kty": kty, **{name: jwk[name] for name in PUBLIC_MEMBERS[kty]}}
    if kty == "RSA":
        check_strength(*(int.from_bytes(urlsafe_b64decode(str(numbers[part]).encode())) for part in "ne"))
    return Recipient(kid, alg, jwk.get("use") == "enc", algs, kind.import_key(numbers))


def choose(recipients: Iterable[Recipient], alg: str) -> Recipient | None:
    """The key to encrypt for: one that says so itself before one that says nothing; the first of those."""
    fitting = [one for one in recipients if one.fits(alg)]
    return min(fitting, key=lambda one: (not one.is_meant, one.alg is None), default=None)


def encrypt(plain: bytes, recipient: Recipient, alg: str, enc: str, *, cty: str = "") -> str:
    """A compact JWE. `cty`: JWT where a signed one is inside (RFC 7519 §5.2)."""
    header = {"alg": alg, "enc": enc, **({"cty": cty} if cty else {})}
    if recipient.kid is not None:
        header["kid"] = recipient.kid
    return jwe.encrypt_compact(header, plain, recipient.key, algorithms=[alg, enc])


# -- ours --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key of ours that clients encrypt for: P-256, made of a secret, so that every process has it."""

    kid: str
    key: ECKey

    @property
    def public_jwk(self) -> dict[str, Any]:
        """As it is published."""
        numbers = self.key.as_dict(private=False)
        return {"kty": "EC", "crv": "P-256", "x": numbers["x"], "y": numbers["y"], "use": "enc", "kid": self.kid}


_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # FIPS 186-5 §A: n of P-256


def own_key(secret: bytes) -> OwnKey:
    """The key of a secret of 64 bytes. FIPS 186-5 §A.2.1: with so many bits more than n, none is likelier."""
    private = ec.derive_private_key(int.from_bytes(secret) % (_ORDER - 1) + 1, ec.SECP256R1())
    key = ECKey.import_key(private)
    return OwnKey(key.thumbprint(), key)


def decrypt(
    token: str, keys: Iterable[OwnKey], *, algs: Collection[str] = AGREED, encs: Collection[str] | None = None
) -> str:
    """The JWT inside. Errors: `InvalidToken`; `UnknownKey` where it is for a key that is none of these."""
    if len(token) > MAX_TOKEN or not token.isascii() or token.count(".") != 4:
        raise InvalidToken(f"an encrypted one has five parts and at most {MAX_TOKEN} characters")
    head = token.partition(".")[0]
    header = read_object(head, "header") if len(head) <= _MAX_HEADER else {}
    alg, enc, kid = (header.get(name) for name in ("alg", "enc", "kid"))
    if alg not in algs or enc not in (encs or ENCS):
        raise InvalidToken(f"encrypt it with alg {' or '.join(algs)} and enc {' or '.join(encs or ENCS)}")
    # A few bytes may stand for gigabytes; RFC 7516 §4.1.3 leaves it to us. RFC 7515 §4.1.11 for crit.
    if wrong := {"zip", "crit", "p2c", "p2s"} & header.keys():
        raise InvalidToken(f"{min(wrong)} is not taken")
    alg, enc = str(alg), str(enc)
    if alg in ("ECDH-ES", "dir") and token.split(".")[1]:  # RFC 7516 §5.2 step 10; no tag covers that part
        raise InvalidToken(f"{alg} has no encrypted key: the second part must be empty")
    found = [one for one in keys if kid in (None, one.kid)]
    if not found:
        raise UnknownKey("it is encrypted for a key that is not ours any more: read jwks_uri again (use=enc)")
    for one in found:
        try:
            return str((jwe.decrypt_compact(token, one.key, algorithms=[alg, enc]).plaintext or b"").decode("ascii"))
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):  # whatever a made-up epk or tag raises
            continue
    raise InvalidToken("it cannot be decrypted")
