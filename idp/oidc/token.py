"""The token endpoint (RFC 6749 §3.2)."""

from __future__ import annotations

from idp.errors import OAuthError
from idp.oidc.authorize import SERVER
from idp.services import Services
from idp.wire import Request, Response


def answer(services: Services, request: Request) -> Response:
    """POST /oauth/token."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request", "Send the parameters as application/x-www-form-urlencoded in the body.")
    try:
        return SERVER.token(services, request)
    except OAuthError as error:
        services.log.info(
            "token_error", error=error.code, detail=error.detail or error.description, client_id=request.client_id,
            request_id=request.id,
        )  # fmt: skip
        raise
