"""What is done in the background: notes are told on, pushes are begun, what nobody takes is given up."""

from __future__ import annotations

from typing import Final

from idp.accounts import signalled
from idp.protocols import Services
from idp.signals import overflowing, pushing, spreading, store

MANY: Final = 20  # streams of one look


def look(services: Services) -> None:
    """Once a second: two reads where nothing has changed and nothing is to be sent."""
    if services.jobs.paused:
        return
    if signalled.is_any(services.db):
        spreading.spread(services)
    begin(services)


def begin(services: Services) -> int:
    """A job for each stream that has something to send and that nobody sends to; answers how many."""
    now = services.clock()
    found = services.db.all(store.DUE, now=now, many=MANY)
    return sum(_begin(services, row.id, now) for row in found)


def _begin(services: Services, stream_id: str, now: float) -> bool:
    until = now + pushing.QUEUED
    with services.db.transaction() as tx:
        if not tx.run(store.CLAIM, of_stream=stream_id, now=now, until=until):
            return False
        services.jobs.enqueue(pushing.JOB, {"stream": stream_id, "claim": until}, tx=tx)
    return True


def sweep(services: Services) -> int:
    """What nobody takes is given up, streams of applications that are gone are forgotten; answers how many."""
    return overflowing.sweep(services) + overflowing.forget_gone(services)
