"""A clock that was ahead and is set back: what it left in the queue must not wait until that time comes again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from idp.db import Executor
from idp.ids import made_at
from idp.jobs import store

APART_S: Final = 60.0  # seconds by which the clocks of several machines may differ
MANY: Final = 1000  # jobs of one look, the furthest first


def come_back(db: Executor, now: float, periods: Mapping[str, float]) -> None:
    """Bring forward what is due, or claimed, later than it can be."""
    ahead = now + APART_S
    for row in db.all(store.LATER, ahead=ahead, many=MANY):
        for earlier in _earlier(row, now, periods):
            db.run(store.COME_FORWARD, job_id=row.id, was=row.due, earlier=earlier)
    for row in db.all(store.CLAIMED_LATER, ahead=ahead, many=MANY):
        db.run(store.COME_FORWARD, job_id=row.id, was=row.due, earlier=min(row.due, now))


def _earlier(row: Any, now: float, periods: Mapping[str, float]) -> Iterator[float]:
    """When it is due by this clock, where that is sooner: what runs in periods at once, others after their delay."""
    if row.id.startswith(store.PERIODIC):
        if row.due > now + periods.get(row.name, row.due) + APART_S:
            yield now
        return
    made = made_at(row.id)  # in whole milliseconds
    if made > now + APART_S and row.due >= made:  # else it was brought forward before
        yield now + max(0.0, row.due - made - 0.001)
