"""The token endpoint (RFC 6749 §3.2)."""

from __future__ import annotations

from idp.errors import OAuthError
from idp.oidc import client_auth
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
        error.client_id = error.client_id or request.client_id or client_auth.claimed(services, request)
        raise
