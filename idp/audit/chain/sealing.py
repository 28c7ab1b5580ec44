"""Sealing: what was written since the last time becomes a segment, which follows the one before.

Events are written by many at once, in transactions that may still roll back; none of them waits. A segment takes what
is there and in none yet, so what was committed late stands in a later one. Any number of processes may seal: one after
another, and a segment's number is given once.
"""

from __future__ import annotations

import os
import time
from hashlib import sha256
from typing import Any, Final

from idp.audit.chain import counts, marks, proofs, store
from idp.audit.chain.segments import Segment, body_of, following
from idp.db import Conflict, Database, Transaction
from idp.ids import first_id

MANY: Final = 500  # events in a segment at most: on SQLite, writers wait that long
EVERY: Final = 30.0  # seconds between two looks for what waits
_FRESH: Final = 86400.0  # seconds for which events may be there before the chain is begun


def seal(db: Database, now: float, many: int = MANY) -> int:
    """Seal at most `many` events that wait; answers how many. 0 too where another process did it."""
    key = proofs.find_key(db)
    if key is None:
        return 0
    ensure_begun(db, key, now)
    if db.one(store.ANY_WAITING) is None and db.one(store.ANY_COUNT) is None:
        return 0
    try:
        with db.transaction() as tx:
            if tx.one(store.TURN) is None:  # retention is moving the start just now
                return 0
            last = Segment.of_row(tx.one(store.LAST))
            rows = sorted(tx.all(store.TAKE, of_number=last.number + 1, many=many), key=lambda row: row.id)
            counted = counts.take(tx, MANY)
            if rows or counted:
                extend(tx, key, last, [following(last, rows, now, key, counted)], now)
    except Conflict:
        return 0
    return len(rows)


def seal_all(db: Database, clock: Any, seconds: float = 20.0) -> int:
    """Seal until nothing waits, or the time is up; answers how many events."""
    until, sealed = time.monotonic() + seconds, 0
    while (done := seal(db, clock())) and time.monotonic() < until:
        sealed += done
    return sealed + done


def extend(tx: Transaction, key: bytes, last: Segment, new: list[Segment], now: float) -> None:
    """Add segments behind the last one, and move the mark on; in a transaction that has the turn."""
    mark = marks.hold(tx, key, last, now)
    for one in new:
        _add(tx, store.ADD, one)
    marks.move(tx, key, mark, new[-1])


def ensure_begun(db: Database, key: bytes, now: float) -> None:
    """Begin the chain where there is none."""
    if db.one(store.LAST) is None:
        with db.transaction() as tx:
            _begin(tx, key, now)


def _begin(tx: Transaction, key: bytes, now: float) -> None:
    """The beginning of the chain. What is there already is not proven; `since_id` says up to where that goes.

    Where the mark knows of a chain, whose table was emptied, this one goes on behind that one's numbers, and the mark
    says for good that it is another.
    """
    mark = marks.hold(tx, key, None, now)
    if tx.one(store.LAST) is not None:
        return  # another process was first
    oldest = tx.one(store.OLDEST_WAITING).id
    if not mark.wrong and oldest is not None and oldest < first_id(now - _FRESH):
        mark = mark.and_wrong("no_chain", 0, 0, now)  # whatever emptied the table took the mark, too
    latest = tx.one(store.LATEST_ID).id or ""
    nothing = body_of(())
    chain = sha256(os.urandom(32)).hexdigest()  # no other chain begins alike
    begun = Segment(
        mark.segment + 1, "", "", 0, nothing, chain, 0, nothing, ".", now, since_id=latest, since_at=now
    ).signed(key)  # fmt: skip
    if _add(tx, store.ADD_FIRST, begun):  # else an older release was first
        marks.move(tx, key, mark, begun)


def _add(tx: Transaction, statement: Any, segment: Segment) -> int:
    return tx.run(statement, **{name: getattr(segment, name) for name in Segment.__slots__})
