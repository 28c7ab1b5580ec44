"""How we show the provider's token endpoint who we are: a secret, or a signature of our own (Core §9)."""

from __future__ import annotations

import secrets
from base64 import b64encode
from urllib.parse import quote_plus

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from idp.federation import failures
from idp.federation.openid.metadata import Metadata
from idp.federation.ports import Question
from idp.federation.provider import Provider
from idp.protocols import Services
from keys.signing import KeySigner

_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFE = 60  # seconds
APPLE = "https://appleid.apple.com"
#: Ours that most providers take.
ALGORITHM = "RS256"


def prove(services: Services, question: Question, metadata: Metadata) -> tuple[dict[str, str], dict[str, str]]:
    """Form fields and headers. Errors: `Refused` for a key that cannot be read."""
    provider, secret = question.provider, question.secret
    who = {"client_id": provider.client_id}
    if provider.auth_method == "private_key_jwt":
        return {**who, "client_assertion_type": _TYPE, "client_assertion": _assertion(services, provider, metadata)}, {}
    if provider.auth_method == "apple":
        return {**who, "client_secret": _apple(services, provider, secret)}, {}
    if provider.auth_method == "client_secret_post":
        return {**who, "client_secret": secret}, {}
    # RFC 6749 §2.3.1: each is form-encoded before they are joined.
    pair = f"{quote_plus(provider.client_id)}:{quote_plus(secret)}"
    return {}, {"Authorization": "Basic " + b64encode(pair.encode()).decode()}


def _assertion(services: Services, provider: Provider, metadata: Metadata) -> str:
    """RFC 7523 §3, by the key that our own JWKS shows."""
    now = int(services.clock())
    audience = metadata.issuer if provider.assertion_audience == "issuer" else metadata.token_endpoint
    claims = {
        "iss": provider.client_id, "sub": provider.client_id, "aud": audience, "jti": secrets.token_urlsafe(16),
        "iat": now, "exp": now + _LIFE,
    }  # fmt: skip
    return services.ring.signer(ALGORITHM).sign_jwt(claims, "JWT")


def _apple(services: Services, provider: Provider, pem: str) -> str:
    """Apple's client secret: a JWT of a minute, so that it never runs out."""
    now = int(services.clock())
    claims = {"iss": provider.team_id, "sub": provider.client_id, "aud": APPLE, "iat": now, "exp": now + _LIFE}
    try:
        key = ECKey.import_key(pem)
        return KeySigner(provider.key_id, "ES256", key).sign_jwt(claims, "JWT")
    except (JoseError, ValueError, TypeError) as error:
        raise failures.secret(provider, f"the private key cannot be read: {type(error).__name__}") from None
