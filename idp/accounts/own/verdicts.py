"""What a person said of an event on their account: "this was me", or not (A2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from idp.accounts.own import store
from idp.db import Database, Transaction
from idp.ids import first_id

ME: Final = "me"
NOT_ME: Final = "not_me"


def say(db: Database | Transaction, person_id: str, event_id: str, verdict: str, now: float) -> None:
    """Keep it. The caller has made sure that the event is this person's."""
    db.run(store.SAY, event_id=event_id, person_id=person_id, verdict=verdict, at=now)


def of(db: Database, person_id: str, event_ids: Sequence[str]) -> Mapping[str, str]:
    """What was said of these events: event id to verdict."""
    if not event_ids:
        return {}
    rows = db.all(store.VERDICTS, owner_id=person_id, first=min(event_ids), last=max(event_ids))
    return {row.event_id: row.verdict for row in rows}


def sweep(db: Database, before: float, many: int = 1000) -> int:
    """Delete at most `many` that speak of events before that moment; answers how many."""
    return db.run(store.SWEEP_VERDICTS, before=first_id(before), many=many)
