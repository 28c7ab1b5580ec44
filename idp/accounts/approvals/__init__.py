"""Changes that wait for a second owner: what was asked for, by whom, and what became of it (C3).

Door: `add`, `find`, `waiting`, `latest`, `move`, `sweep`. Rule: each is decided once, whoever and however many try.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from idp.accounts.approvals import store
from idp.db import Database, Transaction

WAITS, RUNNING, DONE, REFUSED, WITHDRAWN, FAILED, EXPIRED = (
    "waits", "running", "done", "refused", "withdrawn", "failed", "expired",
)  # fmt: skip
LATEST: Final = "w"  # sorts behind every id


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One change. `state`: as it was kept; see `state_at`. Times are epoch seconds."""

    id: str
    action: str
    verb: str
    args: Mapping[str, Any]
    asked_by: str
    token_id: str
    asked_at: float
    until: float
    state: str = WAITS
    decided_by: str = ""
    decided_at: float | None = None
    note: str = ""

    def state_at(self, now: float) -> str:
        """What it is now: one that nobody decided in time is over."""
        return EXPIRED if self.state == WAITS and now >= self.until else self.state


def add(tx: Transaction, one: Approval) -> None:
    """Keep it."""
    tx.run(
        store.ADD, id=one.id, action=one.action, verb=one.verb, args=json.dumps(dict(one.args)), asked_by=one.asked_by,
        token_id=one.token_id, asked_at=one.asked_at, until=one.until, state=one.state, decided_by="", decided_at=None,
        note="",
    )  # fmt: skip


def find(db: Database | Transaction, id: str) -> Approval | None:
    """One, or None."""
    row = db.one(store.BY_ID, of_id=id) if id.isascii() and id.isalnum() else None
    return None if row is None else _read(row)


def waiting(db: Database | Transaction, now: float, many: int = 200, *, of: str = "") -> tuple[Approval, ...]:
    """Those that somebody can decide, the oldest first; `of`: whom they were asked for by."""
    if of:
        return tuple(map(_read, db.all(store.WAITING_OF, of_whom=of, now=now, many=many)))
    return tuple(map(_read, db.all(store.WAITING, now=now, many=many)))


def latest(db: Database, many: int = 50, *, of: str = "", before: str = "") -> tuple[Approval, ...]:
    """The newest first; `of`: whom they were asked for by; `before`: an id."""
    before = before or LATEST
    if of:
        return tuple(map(_read, db.all(store.LATEST_OF, of_whom=of, before=before, many=many)))
    return tuple(map(_read, db.all(store.LATEST, before=before, many=many)))


def move(tx: Transaction, id: str, old: str, new: str, by: str, now: float, note: str = "") -> bool:
    """From one state to the next; False where somebody was faster, or it was too late."""
    done = tx.run(store.MOVE, of_id=id, old_state=old, new_state=new, whom=by, now=now, new_note=note)
    return done == 1


def sweep(db: Database, before: float, many: int) -> int:
    """Forget what was over before then; answers how many."""
    return db.run(store.SWEEP, before=before, many=many)


def _read(row: Any) -> Approval:
    values = row._asdict()
    return Approval(**{**values, "args": json.loads(values["args"])})
