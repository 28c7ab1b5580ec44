"""Steps until nothing is left: big ones, and small ones where somebody was faster than the look."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from idp.accounts import batches
from idp.accounts.batches import PART, Batch, Outcome, Row, Work
from idp.accounts.person import InvalidPerson
from idp.admin.actor import NotAllowed, of_name
from idp.admin.batches.kinds import KINDS
from idp.db import Transaction, Unavailable, joined
from idp.protocols import Services

JOB: Final = "people.batch"
SLICE: Final = 5.0  # seconds that a job works before others have their turn
STALLED: Final = 120.0  # seconds without a step until another process takes it up
LEASE: Final = 60.0


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


def work_on(services: Services, batch_id: str) -> Iterator[Batch]:
    """Do it step by step; yields how far it is after each. Errors: `Unavailable`."""
    batch = batches.any_of(services.db, batch_id)
    if batch is None or not batch.is_at_work:
        return
    actor = of_name(services, str(batch.asked.get("by") or batch.made_by))
    kind = KINDS[batch.kind]
    if actor is None or not actor.may(kind.permission):
        batches.stop(services.db, batch, services.clock())
        return
    begun, small = kind.begin(services, actor, batch), 0

    def work(tx: Transaction, now: Batch, row: Row) -> Outcome:
        db = joined(tx)
        within = replace(services, db=db, directory=services.directory.within(db))
        return begun(within, tx, now, row)

    state = batch.state
    while True:
        try:
            after = batches.step(services.db, batch_id, work, services.clock(), 1 if small else PART)
        except Unavailable:
            raise
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


def _failed(error: Exception) -> Work:
    """What becomes of a row that cannot be done."""
    if isinstance(error, InvalidPerson):
        outcome = Outcome("failed", error.field, error.message)
    elif isinstance(error, NotAllowed):
        outcome = Outcome("failed", "rank")
    else:
        outcome = Outcome("failed", "broken", type(error).__name__)
    return lambda tx, batch, row: outcome
