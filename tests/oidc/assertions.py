"""Another issuer, and its signed word of a person (RFC 7523 §2.1)."""

from __future__ import annotations

import json
import secrets
from typing import Any

from joserfc import jws

from tests.provider import Provider, new_key, public_jwk

ISSUER = "https://hr.example"
KEY = new_key("hr")
TRUSTED = {"jwks": {"keys": [public_jwk(KEY)]}, "subject": "username"}


def of(provider: Provider, sub: str, key: Any = KEY, head: dict[str, Any] | None = None, **over: Any) -> str:
    """An assertion; a claim of None is left out."""
    now = int(provider.clock())
    claims = {
        "iss": ISSUER, "sub": sub, "aud": provider.issuer, "iat": now, "exp": now + 120,
        "jti": secrets.token_urlsafe(12), **over,
    }  # fmt: skip
    header = {"alg": "ES256", "kid": "hr", **(head or {})}
    payload = json.dumps({name: value for name, value in claims.items() if value is not None})
    return jws.serialize_compact({"typ": "JWT", **header}, payload, key)
