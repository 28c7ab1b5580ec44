"""A receiver that takes nothing: its stream is paused after a day, and given up when too much, or too old, waits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from idp import audit
from idp.db import Transaction, joined
from idp.protocols import Services
from idp.signals import keeping, store
from idp.signals.stream import Stream

PAUSE_AFTER: Final = 86400.0  # seconds of failures
KEPT_FOR: Final = 7 * 86400.0  # seconds that an event waits
ACTOR: Final = "doorward"


def check(services: Services, tx: Transaction, streams: Iterable[Stream]) -> None:
    """In the transaction that put events into them."""
    for stream in streams:
        if keeping.waiting(tx, stream.id)[0] > keeping.MOST_WAITING:
            _give_up(services, tx, stream, f"more than {keeping.MOST_WAITING} events waited")


def pause(services: Services, stream: Stream) -> None:
    """It has failed for a day: nothing is sent to it any more until its receiver, or an admin, says so."""
    hours = int(PAUSE_AFTER // 3600)
    reason = f"nothing could be delivered for {hours} hours"
    keeping.turn(services, stream.id, "paused", "us", reason, record=audit.recorder(services.clock, ACTOR))


def sweep(services: Services) -> int:
    """Streams with events that nobody took for a week hold nothing any more; answers how many."""
    before = services.clock() - KEPT_FOR
    old = [row.stream_id for row in services.db.all(store.OLD, before=before)]
    for stream_id in old:
        with services.db.transaction() as tx:
            stream = keeping.find(tx, stream_id)
            if stream is not None and stream.status != "disabled":
                _give_up(services, tx, stream, f"nothing was taken for {int(KEPT_FOR // 86400)} days")
            tx.run(store.FORGET_OLD, of_stream=stream_id, before=before)
    return len(old)


def forget_gone(services: Services) -> int:
    """Streams of applications that are gone for good; answers how many."""
    record = audit.recorder(services.clock, ACTOR)
    gone = [
        one.id for one in keeping.list_of(services.db)
        if services.registry.find(one.client_id) is None and services.registry.find_removed(one.client_id) is None
    ]  # fmt: skip
    for stream_id in gone:
        keeping.remove(services, stream_id, "us", record=record)
    return len(gone)


def _give_up(services: Services, tx: Transaction, stream: Stream, reason: str) -> None:
    record = audit.recorder(services.clock, ACTOR)
    keeping.turn(services, stream.id, "disabled", "us", reason, record=record, db=joined(tx))
