"""A Logout Token of the provider's (Back-Channel Logout 1.0 §2.6): which sign-in has ended."""

from __future__ import annotations

import time
from typing import Any

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tests.apps.settings import Settings

EVENT = "http://schemas.openid.net/event/backchannel-logout"


class NoLogoutToken(Exception):
    """What came is not a Logout Token for this application; the message says why."""


def read_logout_token(settings: Settings, text: str) -> str:
    """The `sid` of the sign-in that has ended. Errors: `NoLogoutToken`."""
    metadata = requests.get(settings.discovery_url, timeout=10).json()
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
    try:
        claims: dict[str, Any] = jwt.decode(text, keys, algorithms=["RS256", "ES256"]).claims
    except (JoseError, ValueError) as error:
        raise NoLogoutToken(f"not signed by the provider: {error}") from error
    audience = claims.get("aud")
    if claims.get("iss") != settings.issuer or settings.client_id not in (audience, *(audience or ())):
        raise NoLogoutToken("of another provider, or for another application")
    if EVENT not in claims.get("events", {}) or "nonce" in claims or "sid" not in claims:
        raise NoLogoutToken("no Logout Token")
    if abs(time.time() - claims.get("iat", 0)) > 300:
        raise NoLogoutToken("too old")
    return str(claims["sid"])
