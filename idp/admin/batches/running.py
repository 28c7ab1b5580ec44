"""Steps until nothing is left: big ones, and small ones where somebody was faster than the look."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from idp import audit
from idp.accounts import batches
from idp.accounts.batches import PART, Batch, Outcome, Row, Work
from idp.accounts.person import InvalidPerson
from idp.admin.actor import Actor, NotAllowed, of_name
from idp.admin.batches.kinds import KINDS, Begun, Kind
from idp.db import Transaction, Unavailable, joined
from idp.protocols import Services
from idp.texts import N_

JOB: Final = "people.batch"
SLICE: Final = 5.0  # seconds that a job works before others have their turn
STALLED: Final = 120.0  # seconds without a step until another process takes it up
LEASE: Final = 60.0
GONE, NO_RIGHT = "gone", "no_right"
#: Why it was stopped by itself.
WHY: Final = {
    GONE: N_("Whoever began it is turned off or gone."),
    NO_RIGHT: N_("Whoever began it may not do this any more."),
}


def register(services: Services) -> None:
    """What the job queue does of this."""
    from idp.admin.importing import inviting

    services.jobs.register(JOB, lambda payload: _slice(services, payload), retries=20, retry_delay=5, lease=LEASE)
    inviting.register(services)


def _slice(services: Services, payload: Mapping[str, Any]) -> None:
    until = time.monotonic() + SLICE
    for _ in work_on(services, str(payload["batch"])):
        if time.monotonic() > until:
            services.jobs.enqueue(JOB, payload)
            return


def resume(services: Services) -> int:
    """Take up what a killed command, or a lost job, has left; answers how many."""
    found = batches.stalled(services.db, services.clock() - STALLED)
    for batch_id in found:
        services.jobs.enqueue(JOB, {"batch": batch_id})
    return len(found)


class _Lost(Exception):
    """Whoever asked for it may not do it any more."""

    def __init__(self, why: str) -> None:
        self.why = why


def work_on(services: Services, batch_id: str) -> Iterator[Batch]:
    """Do it step by step; yields how far it is after each. Errors: `Unavailable`."""
    batch = batches.any_of(services.db, batch_id)
    if batch is None or not batch.is_at_work:
        return
    kind = KINDS[batch.kind]
    try:
        actor = _actor(services, kind, batch)
    except _Lost as lost:
        _stop(services, kind, batch, lost.why)
        return
    begun, small, state = kind.begin(services, actor, batch), 0, batch.state
    while True:
        many = 1 if small else PART
        try:
            after = batches.step(services.db, batch_id, _work(services, kind, begun), services.clock(), many)
        except Unavailable:
            raise
        except _Lost as lost:
            _stop(services, kind, batch, lost.why)
            return
        except Exception as error:
            if not small:
                small = PART
                continue
            services.log.warning("row_not_done", batch=batch_id, reason=type(error).__name__)
            after = batches.step(services.db, batch_id, _failed(error), services.clock(), 1)
        small = max(0, small - 1)
        if after is None:
            return
        yield after
        if after.state != state:
            kind.ended(services, actor, after)
            return


def _work(services: Services, kind: Kind, begun: Begun) -> Work:
    """What one step does: whose rights it has is asked once, in its own transaction. Errors: `_Lost`."""
    found: list[tuple[Services, Actor]] = []

    def work(tx: Transaction, now: Batch, row: Row) -> Outcome:
        if not found:
            db = joined(tx)
            within = replace(services, db=db, directory=services.directory.within(db))
            found.append((within, _actor(within, kind, now)))
        within, actor = found[0]
        return begun(within, actor, tx, now, row)

    return work


def _actor(services: Services, kind: Kind, batch: Batch) -> Actor:
    """Whoever asked for the work, with what they may at this moment. Errors: `_Lost`."""
    actor = of_name(services, _by(batch), str(batch.asked.get("token") or ""))
    if actor is None:
        raise _Lost(GONE)
    if not all(actor.may(permission) for permission in kind.needs(batch)):
        raise _Lost(NO_RIGHT)
    return actor


def _stop(services: Services, kind: Kind, batch: Batch, why: str) -> None:
    """It goes no further; the record has why, and how far it came."""

    def also(tx: Transaction, there: Batch) -> None:
        detail = {"work": batch.id, "why": why, "reason": str(WHY[why]), "done": there.done, "of": there.total}
        audit.recorder(services.clock, _by(batch))(tx, kind.stopped, detail)

    batches.stop(services.db, batch, services.clock(), why=why, also=also)


def _by(batch: Batch) -> str:
    return str(batch.asked.get("by") or batch.made_by)


def _failed(error: Exception) -> Work:
    """What becomes of a row that cannot be done."""
    if isinstance(error, InvalidPerson):
        outcome = Outcome("failed", error.field, error.message)
    elif isinstance(error, NotAllowed):
        outcome = Outcome("failed", "rank")
    else:
        outcome = Outcome("failed", "broken", type(error).__name__)
    return lambda tx, batch, row: outcome
