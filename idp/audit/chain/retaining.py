"""Retention: events go when their time is over, and the chain says that it was retention.

A segment that loses events gets a digest over those that stay, under the key; its place in the chain stays as it was.
Segments without any event go from the start; the last of them stays and says where the chain begins now.
A segment that was tampered with is never signed anew: its events go, and it goes on saying that something is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from idp.audit.chain import marks, proofs, store
from idp.audit.chain.segments import Segment, body_of, marks_of
from idp.db import Database, Transaction
from idp.ids import first_id

DAY = 86400.0


@dataclass(frozen=True)
class _Kind:
    """Subjects of actions that are kept alike; `others`: all but these."""

    subjects: tuple[str, ...]
    others: bool
    days: float


#: Up to which event a kind was swept in this process: those of other kinds before it need no second look.
_swept: WeakKeyDictionary[Database, dict[_Kind, str]] = WeakKeyDictionary()


def sweep(db: Database, now: float, days: float, by_subject: Mapping[str, float] = {}, many: int = 1000) -> int:
    """Delete events older than their days, about `many` at most; answers how many.

    `by_subject`: days for actions that begin with a subject, such as `error`; `days` for all others.
    """
    kinds = [_Kind((subject,), False, kept) for subject, kept in by_subject.items()]
    gone = sum(_sweep(db, kind, now, many) for kind in [_Kind(tuple(by_subject), True, days), *kinds])
    if gone:
        _move_start(db)
    marks.forget(db, now - days * DAY)
    return gone


def _sweep(db: Database, kind: _Kind, now: float, many: int) -> int:
    before = first_id(now - kind.days * DAY)
    swept = _swept.setdefault(db, {})
    after = swept.get(kind, "")
    found = db.all(store.due(kind.subjects, kind.others), after=after, before=before, many=many)
    gone = 0
    for number in sorted({row.segment for row in found}, key=lambda number: number or 0):
        segment = db.one(store.BY_NUMBER, of_number=number) if number else None
        if segment is not None:
            gone += _prune(db, segment.number, kind, before)
        if segment is None or any(_lies_outside(row, segment) for row in found if row.segment == number):
            gone += db.run(
                store.drop_unsealed(kind.subjects, kind.others),
                after=after, last=found[-1].id, before=before, of_number=number or 0,
            )  # fmt: skip
    if len(found) < many:
        swept[kind] = before
    return gone


def _lies_outside(row: Any, segment: Any) -> bool:
    return not segment.first_id <= row.id <= segment.last_id


def _prune(db: Database, number: int, kind: _Kind, before: str) -> int:
    """Delete a segment's events whose time is over, and say in it what stays."""
    key = proofs.find_key(db)
    with db.transaction() as tx:
        row = tx.one(store.FOR_CHANGE, of_number=number)
        if row is None:
            return 0
        segment = Segment.of_row(row)
        place = {"of_number": number, "first": segment.first_id, "last": segment.last_id}
        rows = tx.all(store.MACS, **place)
        dropped = tx.all(store.drop_from_segment(kind.subjects, kind.others), before=before, **place)
        gone = {found.id for found in dropped}
        if key is not None and segment.mac == segment.mac_under(key) and body_of(rows) == segment.kept_body:
            kept = [one for one in rows if one.id not in gone]
            _change(
                tx, key, replace(segment, kept=len(kept), kept_body=body_of(kept), marks=marks_of(kept) + segment.tail)
            )
    return len(gone)


def _move_start(db: Database) -> None:
    """Let the chain begin at the last of those segments at its start that have no event left."""
    key = proofs.find_key(db)
    with db.transaction() as tx:
        segments = [Segment.of_row(row) for row in tx.all(store.ONWARD, after=-1, many=1000)]
        if not segments or key is None or segments[0].since_at is None:
            return
        empty = 0
        while empty < len(segments) and _is_empty(segments[empty], segments[0].number + empty, key):
            empty += 1
        if empty > 1:
            start = segments[empty - 1]
            begun = replace(start, since_id=segments[0].since_id, since_at=segments[0].since_at)
            _change(tx, key, begun)
            tx.run(store.DROP_BEFORE, of_number=start.number)


def _is_empty(segment: Segment, number: int, key: bytes) -> bool:
    return segment.kept == 0 and segment.number == number and segment.mac == segment.mac_under(key)


def _change(tx: Transaction, key: bytes, segment: Segment) -> None:
    signed = segment.signed(key)
    tx.run(
        store.CHANGE, of_number=signed.number, new_kept=signed.kept, new_kept_body=signed.kept_body,
        new_marks=signed.marks, new_since_id=signed.since_id, new_since_at=signed.since_at, new_mac=signed.mac,
    )  # fmt: skip
