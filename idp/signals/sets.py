"""Security event tokens (RFC 8417; SSF 1.0 §4): what each says, and our signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from clients.client import Client
from idp.oidc.tokens import signer
from idp.protocols import Services
from idp.signals.stream import Stream

TYPE: Final = "secevent+jwt"


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `subject`: whom it is about (RFC 9493), None for the stream itself; `txn`: what it has in common with
    the events of other streams about the same change.
    """

    type: str
    body: Mapping[str, Any] = field(default_factory=dict)
    subject: Mapping[str, Any] | None = None
    txn: str = ""


def claims(services: Services, stream: Stream, event: Event, jti: str, now: float) -> dict[str, Any]:
    """The claims of a token. SSF §4.1: never `sub` nor `exp`, and one event in each."""
    about = event.subject or {"format": "opaque", "id": stream.id}
    return {
        "iss": services.issuer, "jti": jti, "iat": int(now), "aud": stream.client_id,
        **({"txn": event.txn} if event.txn else {}), "sub_id": dict(about), "events": {event.type: dict(event.body)},
    }  # fmt: skip


def signed(services: Services, client: Client, said: Mapping[str, Any]) -> str:
    """The token, signed as it is sent: a key that has rolled meanwhile is no key of it."""
    # RFC 8417 §2.3: typed, so that it passes for no other token of ours.
    return signer(services, client, client.oidc.jwt_alg).sign_jwt(said, TYPE)
