"""Tokens that are good with one certificate alone (RFC 8705 §3)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final

from clients.client import Client
from idp.errors import OAuthError
from idp.oidc.certificates import arriving
from idp.protocols import Services
from idp.wire import Request

CNF: Final = "x5t#S256"  # RFC 8705 §3.1


def bound(services: Services, request: Request, client: Client) -> Mapping[str, str]:
    """What a client's tokens are to be bound to: nothing, or its certificate. Errors: `OAuthError` without one."""
    if not client.oidc.tls_client_certificate_bound_access_tokens:
        return {}
    arrived = arriving.of(services, request)
    if arrived.certificate is None:
        raise OAuthError(
            "invalid_request", "This application's tokens are bound to its certificate: none came with the request.",
            field=arrived.field, expected=arrived.expected, got=arrived.got, fix=arrived.fix, kind=arrived.kind,
            side=arrived.side,
        )  # fmt: skip
    return {CNF: arrived.certificate.thumbprint}


def check(services: Services, request: Request, wanted: str) -> None:
    """RFC 8705 §3: a protected resource compares what the token is bound to. Errors: `OAuthError` (invalid_token)."""
    arrived = arriving.of(services, request)
    got = arrived.certificate.thumbprint if arrived.certificate is not None else ""
    if hmac.compare_digest(got, wanted):
        return
    if got:
        description = "The access token is bound to another certificate than the one of this connection."
        raise OAuthError(
            "invalid_token", description, status=401, headers=_challenge(description), field=CNF, got=got,
            expected=wanted, kind="certificate_token",
            fix="Let the application show its tokens with the certificate that it got them with, at every server of "
            "its own; after a renewal it gets new tokens. If that certificate is not its own, the token was stolen.",
        )  # fmt: skip
    description = "The access token is bound to a certificate, and none came with the request."
    raise OAuthError(
        "invalid_token", description, status=401, headers=_challenge(description), field=arrived.field, got=arrived.got,
        expected=arrived.expected, fix=arrived.fix, kind=arrived.kind, side=arrived.side,
    )  # fmt: skip


def _challenge(description: str) -> tuple[tuple[str, str], ...]:
    """RFC 6750 §3."""
    return (("WWW-Authenticate", f'Bearer realm="doorward", error="invalid_token", error_description="{description}"'),)
