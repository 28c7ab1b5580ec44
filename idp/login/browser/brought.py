"""What a browser's session cookie proves, and what is written as it is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from idp.browser import cookie_name
from idp.ids import split
from idp.login import store
from idp.login.browser import copied, turning
from idp.login.services import Services
from idp.wire import Request

SEEN_EVERY: Final = 60.0  # seconds between two writes of `last_seen`


@dataclass(frozen=True, slots=True)
class Brought:
    """The row, live or not, and by the secret of how many turns ago it is proven."""

    row: Any
    secret: str
    behind: int


def find(services: Services, request: Request, client_id: str = "") -> Brought | None:
    """What the cookie proves, whatever it is still worth; None for none. One read."""
    presented = split(request.cookies.get(cookie_name(services, "session"), ""), "")
    if presented is None:
        return None
    row = services.db.one(store.CURRENT, session_id=presented[0], client_id=client_id)
    behind = None if row is None else turning.behind(services, row, presented[1])
    if row is None or behind is None:
        return None
    request.learn(person_claims=row.claims)  # also where the session has ended: the page about it is for them (A6)
    copied.learn(request, row)
    return Brought(row, presented[1], behind)


def note_used(services: Services, request: Request, brought: Brought) -> None:
    """It is used, live, at this moment: one write a minute at most, and one after each turn of the secret."""
    row, now = brought.row, services.clock()
    if brought.behind:
        if copied.has_next(services, request, row):
            turning.hand_out(services, request, row, turning.following(services, row.id, brought.secret), now)
        if now - row.last_seen > SEEN_EVERY:
            services.db.run(store.SEEN, durable=False, session_id=row.id, now=now)
    elif turning.is_due(services, row, brought.secret, now):
        turning.turn(services, request, row, brought.secret, now)
    elif now - row.last_seen > SEEN_EVERY or row.used_at is None:
        note_place(services, request, row)


def note_place(services: Services, request: Request, row: Any) -> None:
    """It is used here, with its latest secret."""
    services.db.run(
        store.SEEN_HERE, durable=False, session_id=row.id, old_hash=row.secret_hash, now=services.clock(),
        **copied.here_of(request, row),
    )  # fmt: skip
