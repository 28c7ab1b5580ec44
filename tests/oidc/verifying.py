"""A JWT of ours, verified as an application does it."""

from __future__ import annotations

from typing import Any

import jwt

from tests.provider import Provider


def verified(provider: Provider, token: str, **options: Any) -> dict[str, Any]:
    """The claims as a relying party sees them: pyjwt, our published JWKS, nothing of ours."""
    keys = jwt.PyJWKSet.from_dict(provider.browser().get("oauth/jwks").json)
    header = jwt.get_unverified_header(token)
    key = next(key for key in keys.keys if key.key_id == header["kid"])
    options.setdefault("options", {"verify_exp": False, "verify_iat": False})
    return dict(jwt.decode(token, key.key, algorithms=[header["alg"]], issuer=provider.issuer, **options))
