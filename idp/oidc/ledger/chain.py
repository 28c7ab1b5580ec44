"""The chain of refresh tokens: each yields the next under a key of ours. What one means is decided here, purely.

So a lost response can be answered again with the very same token, and an old one can be told from a made-up one.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from idp.ids import base32, digest
from idp.oidc.ledger.access_tokens import AccessToken
from idp.protocols import Services

MAX_CHAIN = 4096  # generations that a reused refresh token is followed
_CHAIN = "refresh-chain"


@dataclass(frozen=True, slots=True)
class Chain:
    """What follows from one family's refresh tokens, each from the one before."""

    key: bytes
    family_id: str

    def successor(self, secret: str) -> str:
        """The refresh token's secret that this one yields."""
        return _base64(self._mac("next", secret))

    def access_token(self, secret: str, issued_at: float, expires_in: int) -> AccessToken:
        """The access token that goes with one use of one refresh token: the same however often it is answered."""
        mac = self._mac("access", secret)
        raw = int(issued_at * 1000).to_bytes(6, "big") + hmac.digest(self.key, b"id" + mac, "sha256")[:10]
        return AccessToken(base32(raw), _base64(mac), issued_at, expires_in)

    def leads_to(self, secret: str, current: str, generations: int) -> bool:
        """Whether so many steps from this secret at most reach the current one, given by its hash."""
        for _ in range(min(generations, MAX_CHAIN)):
            secret = self.successor(secret)
            if hmac.compare_digest(digest(secret), current):
                return True
        return False

    def _mac(self, purpose: str, secret: str) -> bytes:
        return hmac.new(self.key, f"{purpose}:{self.family_id}:{secret}".encode(), sha256).digest()


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def chain_of(services: Services, family_id: str) -> Chain:
    """The chain of one family, under a key of ours."""
    return Chain(services.sealer.mac_key(_CHAIN), family_id)


# -- the decision ----------------------------------------------------------------------------------------------------


def is_current(row: Any, secret: str) -> bool:
    """Whether it is the family's latest: that one is used, and yields its successor."""
    return hmac.compare_digest(digest(secret), row.refresh_hash)


@dataclass(frozen=True, slots=True)
class Repeat:
    """The one before, within the grace (a lost response, a second tab): the answer of then, word for word."""


@dataclass(frozen=True, slots=True)
class Reused:
    """One of before, past the grace: somebody else may have it, so the family ends (RFC 9700 §4.14.2)."""


@dataclass(frozen=True, slots=True)
class MadeUp:
    """No token of this family."""


def decide(row: Any, secret: str, chain: Chain, now: float, grace: float) -> Repeat | Reused | MadeUp:
    """What a refresh token means that is not current (any more). `grace`: seconds. Pure: `row` is as it was read.

    Not to be asked inside a transaction that writes: a long chain takes its time.
    """
    if hmac.compare_digest(digest(secret), row.previous_hash or "") and now - row.used_at <= grace:
        return Repeat()
    return Reused() if chain.leads_to(secret, row.refresh_hash, row.generation) else MadeUp()
