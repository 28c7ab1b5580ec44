"""The secret in a session's cookie is turned while the session is used: a copy grows old.

Each next secret is made of the one before, under a key of ours. So tabs that bring the same one at once are all given
the same next one, an answer that got lost is made again, and one of before is known as such although only the hash of
the latest is kept. Nobody without our key can make the next one of a copy.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any, Final

from idp import browser
from idp.ids import digest
from idp.login import store
from idp.login.browser import copied
from idp.login.services import Services
from idp.wire import Cookie, Request

#: How far back a secret is known as one of before: a copy that was not used for a working day of 10-minute turns.
KNOWN: Final = 64
_PURPOSE: Final = "session-turn"
_OURS: Final = 43  # characters of a secret, before our mark of its id


def behind(services: Services, row: Any, secret: str) -> int | None:
    """How many turns ago this was the session's secret, 0 for the latest; None where it never was, or too long ago."""
    if hmac.compare_digest(row.secret_hash, digest(secret)):
        return 0
    if not is_marked(secret):
        return None
    for steps in range(1, KNOWN + 1):
        secret = following(services, row.id, secret)
        if hmac.compare_digest(row.secret_hash, digest(secret)):
            return steps
    return None


def following(services: Services, session_id: str, secret: str) -> str:
    """The secret after this one."""
    key = services.sealer.mac_key(_PURPOSE)
    made = hmac.new(key, f"{session_id}.{secret[:_OURS]}".encode(), sha256).digest()
    return browser.session_secret(services, urlsafe_b64encode(made).rstrip(b"=").decode("ascii"), session_id)


def is_marked(secret: str) -> bool:
    """Whether it has our mark of its id. One of before there were marks is not turned: forms are bound to all of it."""
    return len(secret) > _OURS


def is_due(services: Services, row: Any, secret: str, now: float) -> bool:
    """Whether the session's latest secret has served long enough since its first use.

    Counted from there: until then the one before is in the browser, and must never be two turns behind.
    """
    setting = services.settings.session
    if not setting.turn_minutes or setting.copied == "off" or row.used_at is None or not is_marked(secret):
        return False
    return bool(now - row.used_at >= setting.turn_minutes * 60)


def turn(services: Services, request: Request, row: Any, secret: str, now: float) -> None:
    """Turn it, in the place of the write that notes the session as used; the cookie goes with whatever is answered.

    It waits for the disk: a browser that has the new secret of a turn that a crash took back is signed out.
    Of tabs that do so at once one does, and the others change nothing: its answer, or the next, has the new one.
    """
    made = following(services, row.id, secret)
    if services.db.run(
        store.TURN, durable=True, session_id=row.id, old_hash=digest(secret), secret_hash=digest(made), now=now,
        **copied.here_of(request, row),
    ):  # fmt: skip
        hand_out(services, request, row, made, now)


def hand_out(services: Services, request: Request, row: Any, secret: str, now: float) -> None:
    """Whatever is answered sets this secret."""
    stays = row.idle_seconds > services.settings.session.idle_minutes * 60
    name = browser.cookie_name(services, "session")
    lasting = int(row.expires_at - now) if stays else None
    browser.set_with_answer(request, Cookie(name, f"{row.id}.{secret}", lasting))
