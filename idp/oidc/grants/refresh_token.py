"""refresh_token with rotation (RFC 6749 §6, RFC 9700 §4.14)."""

from __future__ import annotations

from dataclasses import replace

from idp.errors import OAuthError
from idp.oidc import ledger
from idp.oidc.ledger import Issued, devices
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
    return _with_device_secret(services, asked, ledger.refresh(services, asked, token))


def _with_device_secret(services: Services, asked: TokenRequest, issued: Issued) -> Issued:
    """Native SSO 1.0 §3.2: an app that sends its device secret along gets the next one.

    One that came before ends the device with this very grant: somebody has a copy. Errors: `OAuthError`.
    """
    value, holder = asked.form.get(devices.PARAMETER), issued.holder
    if not value or holder is None or not holder.device_id:
        return issued
    found = devices.find(services, asked.wire, value, asked.client.id)
    if found == devices.REUSED:
        raise OAuthError(
            "invalid_grant", "The device secret was replaced before; the device has ended.", field=devices.PARAMETER,
            expected="the latest device secret", got="one that was replaced", kind="native_sso_token",
            fix="Let the app sign the person in by the browser, and write each device secret over the one before.",
        )  # fmt: skip
    if not isinstance(found, devices.Device) or found.id != holder.device_id:
        return issued
    with services.db.transaction() as tx:
        secret = devices.rotate(services, tx, found, asked.wire.remote_address)
    return replace(issued, device_secret=secret)
