"""client_secret_post: client_id and secret in the form (RFC 6749 §2.3.1)."""

from __future__ import annotations

from idp.oidc.client_auth.presented import Presented
from idp.wire import Request


def present(request: Request) -> Presented | None:
    """Both as they were sent."""
    secret = request.form.get("client_secret")
    return Presented("client_secret_post", request.form.get("client_id") or "", secret) if secret is not None else None
