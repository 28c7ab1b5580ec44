"""The token of a "This was not me" link: it says whose account and which message, and can only restrict (A3).

Sealed, so it works signed out and nothing is stored; valid for seven days.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

from keys.sealing import BrokenSeal, Sealer

PURPOSE = "not-me"
TTL = 7 * 86400.0  # seconds


@dataclass(frozen=True, slots=True)
class NotMe:
    """What a link stands for. `event`: the message that it stood in; `at`: when that was; `id`: of this one link."""

    person_id: str
    event: str
    at: float
    id: str


def make(sealer: Sealer, person_id: str, event: str, now: float) -> str:
    """A token for one message about one person; base64url."""
    value = [person_id, event, now, secrets.token_hex(8)]
    return sealer.seal(PURPOSE, json.dumps(value, separators=(",", ":")).encode())


def find(sealer: Sealer, token: str, now: float) -> NotMe | None:
    """What the token stands for; None where we did not make it, or it is too old. Nothing is used up by looking."""
    try:
        person_id, event, at, id = json.loads(sealer.open(PURPOSE, token))
    except (BrokenSeal, ValueError, TypeError):
        return None
    return NotMe(person_id, event, at, id) if at <= now + 60 and now < at + TTL else None
