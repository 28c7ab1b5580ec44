"""ciba (CIBA §10.1): tokens for an application whose person has approved it elsewhere."""

from __future__ import annotations

from idp.oidc.grants import polling
from idp.oidc.ledger import AUTH_REQUEST, Issued
from idp.oidc.token_request import TokenRequest
from idp.protocols import Services

WORDS = polling.Words("auth_req_id", AUTH_REQUEST, "authentication request id")


def issue(services: Services, asked: TokenRequest) -> Issued:
    """What the person let the application have; until they have answered, why not yet."""
    return polling.redeem(services, asked, WORDS)
