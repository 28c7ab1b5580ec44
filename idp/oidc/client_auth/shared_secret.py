"""A secret that we gave the client, however it was sent."""

from __future__ import annotations

from clients.client import Client
from idp.oidc.client_auth.presented import Presented, failed
from idp.protocols import Services
from idp.wire import Request


def prove(services: Services, request: Request, client: Client, presented: Presented) -> None:
    """It is one of the client's own that has not expired. Errors: `OAuthError` (invalid_client)."""
    secret = client.find_secret(presented.secret, services.clock())
    if secret is None:
        fix = f"Paste the right secret into the application; doorward client secret {client.id} makes a new one."
        raise failed(
            f"wrong or expired secret of {client.id}", basic=presented.is_basic, hint=presented.remark, fix=fix,
            field="client_secret", expected="a secret of this application", got="another one", kind="secret_wrong",
        )  # fmt: skip
    services.registry.touch_secret(secret.id)
