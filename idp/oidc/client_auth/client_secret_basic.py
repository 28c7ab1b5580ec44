"""client_secret_basic: client_id and secret in the Authorization header (RFC 6749 §2.3.1, RFC 7617)."""

from __future__ import annotations

from base64 import b64decode
from urllib.parse import unquote_plus

from idp.oidc.client_auth.presented import Presented, failed
from idp.wire import Request


def present(request: Request) -> Presented | None:
    """Both as they were sent. Errors: `OAuthError` where the header cannot be read."""
    header = request.header("Authorization")
    if header[:6].lower() != "basic ":
        return None
    try:
        user, _, password = b64decode(header[6:].strip(), validate=True).decode("utf-8").partition(":")
    except ValueError:
        hint = "the credentials behind Authorization: Basic are not the base64 of client_id:secret in UTF-8"
        raise failed(
            "unreadable Basic credentials", basic=True, hint=hint, field="Authorization",
            expected="Basic and the base64 of client_id:client_secret", got="something else behind Basic",
            kind="basic_unreadable",
        ) from None  # fmt: skip
    # RFC 6749 §2.3.1: both are form-urlencoded before they go into Basic.
    return Presented("client_secret_basic", unquote_plus(user), unquote_plus(password))
