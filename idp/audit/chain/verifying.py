"""Verifying: a change, a removal, another order, a segment that was put back, a cut tail, and between which events.

It reads segment by segment, so memory stays flat, and while others write, seal and sweep.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final

from idp.audit.chain import counts, marks, proofs, store
from idp.audit.chain.findings import Finding, Place, Verdict
from idp.audit.chain.marks import Mark
from idp.audit.chain.segments import Segment, body_of, link, mark_of
from idp.ids import first_id

if TYPE_CHECKING:
    from idp.audit.chain.heads import Head
    from idp.db import Database

MOST: Final = 100  # findings that are told
ROLLING: Final = 7 * 86400.0  # seconds after the chain's beginning for which an older release may still write
_PAGE = 500
_Beside = tuple[Place | None, Place | None]  # the events before and behind
_LOOKS = 3  # at a segment that seems wrong: it may be swept just now


class NoKey(Exception):
    """The database was opened without the key of its chain."""


@dataclass
class _Sums:
    """What is counted on the way, and the segment before."""

    key: bytes
    events: int = 0
    pruned: int = 0
    segments: int = 0
    first: Segment | None = None
    last: Segment | None = None
    heads: dict[int, str] = field(default_factory=dict)
    marked: bool = False  # whether a segment says that there is a mark


def verify(db: Database, head: Head | None = None, show: Callable[[int], None] = lambda total: None) -> Verdict:
    """Look at everything. `head`: one that was exported; `show`: told of the events looked at. Errors: `NoKey`."""
    key = proofs.find_key(db)
    if key is None:
        raise NoKey
    sums, mark = _Sums(key), marks.find(db)
    findings = list(_noted(db, mark, key))
    for finding in _segments(db, sums, head, show):
        findings.append(finding)
        if len(findings) >= MOST:
            break
    else:
        findings += _outside(db, sums)
        known = [] if head is None else list(_against(head, sums, db))
        findings += known or _against_mark(mark, sums, db)
    waiting, wrong = _waiting(db, sums)
    first, last = sums.first, sums.last
    return Verdict(
        findings=tuple((findings + wrong)[:MOST]), events=sums.events, pruned=sums.pruned, waiting=waiting,
        before_the_chain=_older(db, first), segments=sums.segments, first_segment=first.number if first else None,
        last_segment=last.number if last else None, chain=last.chain if last else "",
        since=first.since_at if first else None,
    )  # fmt: skip


# -- segments ----------------------------------------------------------------------------------------------------------


def _segments(db: Database, sums: _Sums, head: Head | None, show: Callable[[int], None]) -> Iterator[Finding]:
    after = -1
    while page := db.all(store.ONWARD, after=after, many=_PAGE):
        for row in page:
            segment = Segment.of_row(row)
            yield from _linked(db, sums, segment)
            yield from _contents(db, sums, segment)
            yield from _counted(db, segment)
            sums.marked = sums.marked or bool(segment.tail)
            sums.first = sums.first or segment
            sums.last = segment
            sums.segments += 1
            if head is not None and segment.number == head.segment:
                sums.heads[segment.number] = segment.chain
            show(sums.events)
        after = page[-1].number


def _linked(db: Database, sums: _Sums, segment: Segment) -> Iterator[Finding]:
    """Whether a segment follows the one before it."""
    last = sums.last
    if segment.mac != segment.mac_under(sums.key):
        now = db.one(store.BY_NUMBER, of_number=segment.number)  # swept meanwhile?
        if now is None or now.mac != Segment.of_row(now).mac_under(sums.key):
            yield Finding("segment_changed", segment.number, None, *_around(db, segment))
    expected = 0 if last is None else last.number + 1
    if segment.number != expected:
        if segment.since_at is None:  # else it is where the chain begins, now that retention has moved on
            missing = segment.number - expected
            yield Finding("segments_removed", expected, None, *_gap(db, last, segment), missing)
    elif last is None and segment.since_at is None:
        yield Finding("segment_changed", segment.number, None, *_around(db, segment))
    elif last is not None and segment.chain != link(last.chain, segment.number, segment.body):
        yield Finding("segment_unlinked", segment.number, None, *_gap(db, last, segment))


def _contents(db: Database, sums: _Sums, segment: Segment) -> Iterator[Finding]:
    """Whether its events are those that were sealed, less those that retention took."""
    found: list[Finding] = []
    for _ in range(_LOOKS):
        rows = db.all(store.ROWS, of_number=segment.number, first=segment.first_id, last=segment.last_id)
        changed = list(_changed(sums, rows, segment))
        found = [*changed, *_misplaced(db, rows, segment, {one.event.id for one in changed if one.event})]
        if not found:
            break
        again = db.one(store.BY_NUMBER, of_number=segment.number)
        if again is None:
            break
        segment = Segment.of_row(again)
    sums.events += len(rows)
    sums.pruned += segment.count - segment.kept
    yield from found


def _changed(sums: _Sums, rows: list[Any], segment: Segment) -> Iterator[Finding]:
    for index, row in enumerate(rows):
        if not _holds(sums, row):
            after, before = rows[index - 1] if index else None, rows[index + 1] if index + 1 < len(rows) else None
            yield Finding("event_changed", segment.number, Place.of_row(row), Place.of_row(after), Place.of_row(before))


def _holds(sums: _Sums, row: Any) -> bool:
    columns = row._asdict()
    if proofs.holds(sums.key, columns):
        return True
    # A release without the chain counts up in the detail itself; while both run, that is no change of anybody's.
    if sums.first is None or not row.at < (sums.first.since_at or 0.0) + ROLLING or '"repeated"' not in row.detail:
        return False
    said = json.loads(row.detail)
    said = {name: value for name, value in said.items() if name not in ("repeated", "repeated_at")}
    first = json.dumps(said, separators=(",", ":"), ensure_ascii=False)
    return proofs.holds(sums.key, {**columns, "detail": first})


def _misplaced(db: Database, rows: list[Any], segment: Segment, changed: set[str]) -> Iterator[Finding]:
    """Where events are missing, or stand that were never sealed: by the marks, where the digest says that it is so.

    `changed`: the ids of those that were told already.
    """
    if body_of(rows) == segment.kept_body:
        return
    marks = [segment.mark(index) for index in range(segment.kept)]
    told = False
    for what, i, j, k, m in SequenceMatcher(None, marks, list(map(mark_of, rows)), autojunk=False).get_opcodes():
        if what == "replace" and j - i == m - k and all(row.id in changed for row in rows[k:m]):
            told = True
            continue
        if what in ("insert", "replace"):
            told = True
            yield from (
                Finding("event_added", segment.number, Place.of_row(row), *_beside(db, rows, segment, k, m))
                for row in rows[k:m]
            )
        if what in ("delete", "replace"):
            told = True
            yield Finding("events_removed", segment.number, None, *_beside(db, rows, segment, k, m), j - i)
    if not told:
        yield Finding("segment_changed", segment.number, None, *_around(db, segment))


def _beside(db: Database, rows: list[Any], segment: Segment, k: int, m: int) -> _Beside:
    """The events before and behind these places of a segment."""
    after = rows[k - 1] if k else db.one(store.BEFORE, of_id=segment.first_id)
    before = rows[m] if m < len(rows) else db.one(store.BEHIND, of_id=segment.last_id)
    return Place.of_row(after), Place.of_row(before)


def _around(db: Database, segment: Segment) -> _Beside:
    return _next_to(db, segment.first_id, segment.last_id)


def _next_to(db: Database, first: str, last: str) -> _Beside:
    """The events before the one of these ids, and behind the other."""
    return Place.of_row(db.one(store.BEFORE, of_id=first)), Place.of_row(db.one(store.BEHIND, of_id=last))


def _gap(db: Database, last: Segment | None, segment: Segment) -> _Beside:
    after = db.one(store.BEFORE, of_id=last.last_id + "~" if last and last.last_id else segment.first_id)
    before = db.one(store.BEHIND, of_id=segment.first_id[:-1]) if segment.first_id else None
    return Place.of_row(after), Place.of_row(before)


def _counted(db: Database, segment: Segment) -> Iterator[Finding]:
    """Whether what was counted up still says so, or more."""
    for count in counts.of_segment(segment):
        row = db.one(store.OF_COUNT, event_id=count.event_id)
        if row is not None and not count.is_kept_by(row):
            yield Finding("count_changed", segment.number, Place.of_row(row), *_next_to(db, row.id, row.id))


# -- what stands in no segment -----------------------------------------------------------------------------------------


def _outside(db: Database, sums: _Sums) -> Iterator[Finding]:
    for row in db.all(store.STRAY, many=MOST):
        yield Finding("event_elsewhere" if sums.first else "no_chain", row.segment, Place.of_row(row))
    first = sums.first
    if first is not None and first.since_id is not None:
        until = (first.since_at or 0.0) + ROLLING
        values = {"since": first.since_id, "until": until, "until_id": first_id(until), "many": MOST}
        for row in db.all(store.OUTSIDE_LATE, **values):
            yield Finding("event_unproven", None, Place.of_row(row))


def _older(db: Database, first: Segment | None) -> int:
    if first is None or first.since_id is None:
        return 0
    since = first.since_id
    found = db.one(store.OUTSIDE, since=since).many + db.one(store.BEFORE_THE_CHAIN, since=since).many
    return int(found)


def _waiting(db: Database, sums: _Sums) -> tuple[int, list[Finding]]:
    """Events that are not sealed yet: each holds by itself; nobody can say whether one is missing."""
    after, many, wrong = "", 0, list[Finding]()
    while rows := db.all(store.WAITING, after=after, many=_PAGE):
        many += len(rows)
        changed = (row for row in rows if not _holds(sums, row))
        wrong += [Finding("event_changed", None, Place.of_row(row)) for row in changed][: MOST - len(wrong)]
        after = rows[-1].id
    return many, wrong


def _against(head: Head, sums: _Sums, db: Database) -> Iterator[Finding]:
    """Whether a head that was kept elsewhere is one of this chain, and still within it."""
    if sums.first is None or sums.last is None:
        yield Finding("no_chain", head.segment, many=head.segment)
        return
    end = Place.of_row(db.one(store.BEFORE, of_id="~"))
    if head.segment > sums.last.number:
        yield Finding("cut", sums.last.number + 1, after=end, many=head.segment - sums.last.number)
    elif head.since != sums.first.since_at or (
        head.segment >= sums.first.number and sums.heads.get(head.segment) != head.chain
    ):
        yield Finding("replaced", head.segment, after=end)


def _against_mark(mark: Mark | None, sums: _Sums, db: Database) -> Iterator[Finding]:
    """Whether the chain has come as far as the mark says, and the mark as far as the chain."""
    end = Place.of_row(db.one(store.BEFORE, of_id="~"))
    if mark is None:
        if sums.marked and marks.find(db) is None:  # else it was made while we looked
            yield Finding("mark_missing", None, after=end)
        return
    if not mark.holds(sums.key):
        yield Finding("mark_changed", None, after=end)
        return
    if sums.last is None:
        yield Finding("no_chain", mark.segment, after=end, many=mark.segment)
        return
    if sums.last.number < mark.segment:
        last, missing = sums.last.last_id, mark.segment - sums.last.number
        yield Finding("segments_removed", sums.last.number + 1, None, *_next_to(db, last + "~", last), missing)
        return
    mark = marks.find(db) or mark  # it has moved on with what was sealed while we looked
    what = marks.judge(db, mark, sums.last) if mark.segment <= sums.last.number else None
    if what is not None:
        yield Finding(what, mark.segment, after=end)


def _noted(db: Database, mark: Mark | None, key: bytes) -> Iterator[Finding]:
    """What was wrong when a segment was added."""
    if mark is not None and mark.holds(key):
        for one in mark.wrong:
            yield Finding(one.what, one.segment, None, *_next_to(db, one.after + "~", one.after), one.many)
