"""Client secrets: made here, shown once, stored as SHA-256, several valid side by side."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """One secret as the store knows it. `expires_at`: epoch seconds, None while it has no end."""

    id: str
    hash: str = field(repr=False)
    created_at: float
    expires_at: float | None
    last_used_at: float | None = None

    def is_valid(self, now: float) -> bool:
        """Whether it still opens the door."""
        return self.expires_at is None or now < self.expires_at


LENGTH = 43  # characters of a secret that was made here


def generate() -> str:
    """256 random bits, base64url (RFC 6819 §5.1.4.1 asks for 128)."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """SHA-256, base64url: enough where nobody can guess the secret; a slow hash would slow down token requests."""
    return urlsafe_b64encode(hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()).rstrip(b"=").decode()


def find_matching(presented: str, stored: Iterable[StoredSecret], now: float) -> StoredSecret | None:
    """The unexpired secret that was presented, or None. Every one is compared, each in constant time."""
    digest, match = hashed(presented).encode(), None
    for secret in stored:
        if hmac.compare_digest(digest, secret.hash.encode()) and secret.is_valid(now):
            match = secret
    return match
