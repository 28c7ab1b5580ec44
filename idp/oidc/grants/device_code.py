"""device_code (RFC 8628 §3.4): tokens for a device, once its person has approved it in a browser."""

from __future__ import annotations

from idp.oidc.grants import polling
from idp.oidc.ledger import DEVICE, Issued
from idp.oidc.token_request import TokenRequest
from idp.protocols import Services

WORDS = polling.Words("device_code", DEVICE, "device code")


def issue(services: Services, asked: TokenRequest) -> Issued:
    """What the person let the device have; until they have answered, why not yet."""
    return polling.redeem(services, asked, WORDS)
