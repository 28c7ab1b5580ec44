"""Delivery, segment by segment: only what was received moves the mark on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from idp.audit.chain import store as chain
from idp.audit.events import Event, from_row
from idp.audit.streaming import store
from idp.db import Database

#: Sends the events of one segment. `id` is the same for the same events, should they be sent again.
Send = Callable[[str, list[Event]], None]

_PAGE = 50


class NotReceived(Exception):
    """The receiver did not take it; the text says why."""


def deliver(db: Database, name: str, send: Send, clock: Callable[[], float], seconds: float = 20.0) -> int:
    """Send what was sealed since the last time, for at most `seconds`; answers how many events.

    A receiver that is new gets what happens from now on. Errors: `NotReceived`; the rest is sent the next time.
    """
    position = db.one(store.BY_NAME, of_name=name)
    if position is None:
        last = db.one(chain.LAST)
        db.run(store.BEGIN, new_name=name, new_segment=last.number if last is not None else -1)
        return 0
    after, sent, until = position.segment, 0, time.monotonic() + seconds
    while segments := db.all(store.NEXT, after=after, many=_PAGE):
        for segment in segments:
            sent += _send(db, name, segment, send, clock)
            if not db.run(store.ADVANCE, of_name=name, was=after, new_segment=segment.number):
                return sent  # another process does it
            after = segment.number
            if time.monotonic() >= until:
                return sent
    return sent


def _send(db: Database, name: str, segment: Any, send: Send, clock: Callable[[], float]) -> int:
    rows = db.all(store.EVENTS, first=segment.first_id, last=segment.last_id, number=segment.number)
    try:
        if rows:
            send(segment.chain[:32], list(map(from_row, rows)))
    except NotReceived as error:
        db.run(store.FAILED, of_name=name, now=clock(), what=str(error)[:500])
        raise
    return len(rows)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a receiver has come. `received_at`: when the last that it took was sealed; `waiting`: events it lacks.

    `failed_at`, `why`: it takes nothing since. Epoch seconds.
    """

    received_at: float | None
    waiting: int
    failed_at: float | None = None
    why: str = ""


def standing(db: Database, name: str) -> Standing | None:
    """None where nothing was sent yet."""
    row = db.one(store.BY_NAME, of_name=name)
    if row is None:
        return None
    got = db.one(chain.BY_NUMBER, of_number=row.segment)
    waiting = db.one(store.WAITING, after=row.segment).events or 0
    return Standing(got.sealed_at if got is not None else None, int(waiting), row.failed_at, row.error)


def trouble(db: Database, name: str) -> tuple[float, str] | None:
    """Since when, and why, a receiver takes nothing; None where it does."""
    row = db.one(store.BY_NAME, of_name=name)
    return None if row is None or row.failed_at is None else (row.failed_at, row.error)
