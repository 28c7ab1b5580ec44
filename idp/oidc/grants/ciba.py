"""ciba (CIBA §10.1): tokens for an application whose person has approved it elsewhere."""

from __future__ import annotations

from idp.errors import OAuthError
from idp.oidc.decoupled.asking import PUSH
from idp.oidc.grants import polling
from idp.oidc.ledger import AUTH_REQUEST, Issued
from idp.oidc.token_request import TokenRequest
from idp.protocols import Services

WORDS = polling.Words("auth_req_id", AUTH_REQUEST, "authentication request id")


def issue(services: Services, asked: TokenRequest) -> Issued:
    """What the person let the application have; until they have answered, why not yet."""
    if asked.client.metadata.get("backchannel_token_delivery_mode") == PUSH:  # CIBA §11
        raise OAuthError(
            "unauthorized_client", "This application is registered for push: it is sent its tokens.",
            field="backchannel_token_delivery_mode", expected="poll or ping", got=PUSH, kind="ciba_push",
            fix="Let the application wait to be called; or register it to ask: doorward client set "
            f"{asked.client.id} backchannel_token_delivery_mode=poll",
        )  # fmt: skip
    return polling.redeem(services, asked, WORDS)
