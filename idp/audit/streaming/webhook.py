"""A webhook, signed as Standard Webhooks has it: id, timestamp and body under a shared secret."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from idp.audit.streaming.delivery import NotReceived
from idp.http import OutboundFailed, OutboundRefused

if TYPE_CHECKING:
    from idp.http import Outbound

_PREFIX = "whsec_"


def send(outbound: Outbound, url: str, secret: str, *, id: str, now: float, body: bytes, media_type: str) -> None:
    """POST it; whoever answers with 2xx has it. Errors: `NotReceived`."""
    headers = {
        "Content-Type": media_type,
        "webhook-id": f"msg_{id}",
        "webhook-timestamp": str(int(now)),
        "webhook-signature": signature(secret, f"msg_{id}", int(now), body),
    }
    try:
        answer = outbound.post(url, body, headers)
    except (OutboundFailed, OutboundRefused) as error:
        raise NotReceived(str(error)) from None
    if not 200 <= answer.status < 300:
        raise NotReceived(f"it answered with {answer.status}")


def signature(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """What the receiver computes as well: HMAC-SHA256, base64."""
    made = hmac.digest(key_of(secret), f"{id}.{timestamp}.".encode() + body, "sha256")
    return f"v1,{b64encode(made).decode('ascii')}"


def key_of(secret: str) -> bytes:
    """The bytes of a secret: base64 behind `whsec_`, else as it stands. Errors: ValueError."""
    if secret.startswith(_PREFIX):
        return b64decode(secret.removeprefix(_PREFIX), validate=True)
    return secret.encode()
