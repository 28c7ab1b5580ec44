"""refresh_token with rotation (RFC 6749 §6, RFC 9700 §4.14)."""

from __future__ import annotations

from idp.errors import OAuthError
from idp.oidc import ledger
from idp.oidc.ledger import Issued
from idp.oidc.token_request import TokenRequest
from idp.protocols import Services


def issue(services: Services, asked: TokenRequest) -> Issued:
    """New tokens for an old one; Core §12.2: the ID token keeps iss, sub, aud and auth_time, and has no nonce."""
    token = asked.form.get("refresh_token")
    if token is None:
        raise OAuthError(
            "invalid_request",
            "refresh_token is missing.",
            field="refresh_token",
            expected="the latest refresh token",
            fix="Let the application send refresh_token; where it was given none, it did not ask for offline_access, "
            "or the grant refresh_token is not registered for it.",
            kind="refresh_token_missing",
        )
    return ledger.refresh(services, asked, token)
