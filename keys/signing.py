"""JWTs that we sign, by a key imported once.

The compact form is built here around joserfc's algorithms: its `jwt.encode` checks the header we write ourselves
every time, which costs ES256 a quarter of its speed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from joserfc.util import urlsafe_b64encode

from .algorithms import Jwk, get_algorithm
from .holders import HERE, Holders
from .spent import SIGNING

_utf8 = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode
_ascii = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def _json(claims: Mapping[str, Any]) -> bytes:
    """UTF-8 (RFC 7519 §3), as an escaped letter has six bytes; a lone surrogate, which UTF-8 has not, is escaped."""
    try:
        return _utf8(claims).encode()
    except UnicodeEncodeError:
        return _ascii(claims).encode()


def unsigned(claims: Mapping[str, Any]) -> str:
    """A JWT that nobody signed (RFC 7519 §6), for whoever gets it from us directly and asked for that by name."""
    head = urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}')
    return (head + b"." + urlsafe_b64encode(_json(claims)) + b".").decode("ascii")


@dataclass(frozen=True, slots=True, eq=False)
class KeySigner:
    """A `ports.Signer` whose private key is in this process."""

    kid: str
    alg: str
    key: Jwk = field(repr=False)
    _heads: dict[str, bytes] = field(default_factory=dict, repr=False)
    kept_in: ClassVar[str] = HERE

    def sign_jwt(self, claims: Mapping[str, Any], typ: str) -> str:
        """A compact JWS; `typ` is a constant of the code (RFC 8725 §3.11). Errors: ValueError for NaN and infinity."""
        message = _head(self, typ, self._heads) + urlsafe_b64encode(_json(claims))
        begun = time.perf_counter()
        signature = get_algorithm(self.alg).jws.sign(message, self.key)
        SIGNING.took(begun, self.alg)
        return _compact(message, signature)


@dataclass(frozen=True, slots=True, eq=False)
class HeldSigner:
    """A `ports.Signer` whose private key lies elsewhere; nobody is asked for it before it signs."""

    kid: str
    alg: str
    reference: str = field(repr=False)
    holders: Holders = field(repr=False)
    _heads: dict[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def kept_in(self) -> str:
        """The kind of the holder."""
        return self.reference.partition(":")[0]

    def sign_jwt(self, claims: Mapping[str, Any], typ: str) -> str:
        """As of `KeySigner`. Errors: `HolderUnavailable` too."""
        message = _head(self, typ, self._heads) + urlsafe_b64encode(_json(claims))
        begun = time.perf_counter()
        signature = self.holders.sign(self.reference, self.alg, message)
        SIGNING.took(begun, self.alg)
        return _compact(message, signature)


def _head(signer: KeySigner | HeldSigner, typ: str, heads: dict[str, bytes]) -> bytes:
    found = heads.get(typ)
    if found is None:
        header = {"alg": signer.alg, "kid": signer.kid, "typ": typ}
        found = heads[typ] = urlsafe_b64encode(json.dumps(header, separators=(",", ":")).encode("ascii")) + b"."
    return found


def _compact(message: bytes, signature: bytes) -> str:
    return (message + b"." + urlsafe_b64encode(signature)).decode("ascii")
