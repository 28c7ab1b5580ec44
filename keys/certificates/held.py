"""A private key of a certificate that lies elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..holders import Holders


@dataclass(frozen=True, slots=True, eq=False)
class HeldKey:
    """Stands where a private key of `cryptography` would. It signs by the names of RFC 7518, and nothing else."""

    reference: str = field(repr=False)
    holders: Holders = field(repr=False)
    public: Any = field(repr=False)  # rsa.RSAPublicKey or ec.EllipticCurvePublicKey

    def public_key(self) -> Any:
        """As the library's own keys have it."""
        return self.public

    def sign(self, alg: str, data: bytes) -> bytes:
        """In the form of RFC 7518 §3, which is that of XMLDSig too. Errors: `HolderUnavailable`."""
        return self.holders.sign(self.reference, alg, data)
