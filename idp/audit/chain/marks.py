"""The mark: how far the chain has come, kept outside of the table of segments.

Every segment moves it on, in its own transaction and under the key. So whoever takes segments from the end, or all of
them, has still to take the mark; and that one was there, each segment says (`Segment.tail`). What does not fit is
written into the mark when the next segment is added, since nothing would show it any more from then on.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from idp.audit.chain import proofs, store
from idp.audit.chain.findings import What
from idp.audit.chain.segments import Segment
from idp.db import Database, Executor, Transaction

_MOST: Final = 20  # of what was wrong is kept: the first of it


@dataclass(frozen=True, slots=True)
class Wrong:
    """What did not fit when a segment was added. `after`: the id of the last event before; `at`: epoch seconds."""

    what: What
    segment: int
    many: int
    after: str
    at: float


@dataclass(frozen=True, slots=True)
class Mark:
    """The newest segment, and the chain's value there; `segment` -1: nothing is sealed yet."""

    segment: int = -1
    chain: str = ""
    wrong: tuple[Wrong, ...] = ()
    mac: str = ""

    @classmethod
    def of_row(cls, row: Any) -> Mark:
        """From the table. What nobody could have written is a mark that does not hold."""
        try:
            wrong = tuple(Wrong(**one) for one in json.loads(row.wrong))
        except (ValueError, TypeError):
            return cls(row.segment, row.chain, (), "-")
        return cls(row.segment, row.chain, wrong, row.mac)

    def holds(self, key: bytes) -> bool:
        """Whether it is as we wrote it."""
        return hmac.compare_digest(self.mac.encode("utf-8", "surrogatepass"), self.mac_under(key).encode("ascii"))

    def mac_under(self, key: bytes) -> str:
        """The MAC that it must have."""
        return proofs.mac(key, "mark", proofs.number(self.segment), self.chain, _as_json(self.wrong))

    def and_wrong(self, what: What, segment: int, many: int, now: float, after: str = "") -> Mark:
        """With one more thing that was wrong."""
        return replace(self, wrong=(*self.wrong, Wrong(what, segment, many, after, now))[:_MOST])


def find(db: Executor) -> Mark | None:
    """The mark as it stands; None where none was made yet, or it was taken away."""
    row = db.one(store.MARK)
    return None if row is None or not row.mac else Mark.of_row(row)


def hold(tx: Transaction, key: bytes, last: Segment | None, now: float) -> Mark:
    """The mark, held for this transaction, with what is wrong between it and the last segment."""
    row = tx.one(store.MARK_FOR_CHANGE)
    if row is None:
        _put(tx, store.PUT_MARK, Mark())
        row = tx.one(store.MARK_FOR_CHANGE)
    mark = Mark.of_row(row)
    end = "" if last is None else last.last_id
    if not mark.mac:
        # None yet: the first segment ever, or an older release sealed alone so far.
        return Mark() if last is None or not last.tail else Mark().and_wrong("mark_missing", last.number, 1, now, end)
    if not mark.holds(key):
        number = -1 if last is None else last.number
        return Mark(number).and_wrong("mark_changed", max(number, 0), 1, now, end)
    what = judge(tx, mark, last)
    if what is None:
        return mark
    begin = 0 if last is None else min(last.number + 1, mark.segment)
    return mark.and_wrong(what, begin, max(mark.segment + 1 - begin, 1), now, end)


def judge(tx: Executor, mark: Mark, last: Segment | None) -> What | None:
    """What is wrong between a mark that holds and the last segment that is there; None: nothing."""
    if last is None:
        return "no_chain" if mark.segment >= 0 else None
    if last.number < mark.segment:
        return "segments_removed"
    found = tx.one(store.BY_NUMBER, of_number=mark.segment)
    if found is not None and found.chain != mark.chain:
        return "replaced"
    # An older release adds segments and moves no mark; one of ours behind the mark means that the mark was put back.
    behind = tx.one(store.BY_NUMBER, of_number=mark.segment + 1)
    return "mark_changed" if behind is not None and Segment.of_row(behind).tail else None


def move(tx: Transaction, key: bytes, mark: Mark, last: Segment) -> None:
    """Let the mark stand at this segment."""
    moved = replace(mark, segment=last.number, chain=last.chain)
    _put(tx, store.MOVE_MARK, replace(moved, mac=moved.mac_under(key)))


def forget(db: Database, before: float) -> None:
    """Of what was wrong so long ago no event is kept any more, and so it goes, too."""
    key = proofs.find_key(db)
    mark = find(db)
    if key is None or mark is None or not any(one.at < before for one in mark.wrong):
        return
    with db.transaction() as tx:
        mark = Mark.of_row(tx.one(store.MARK_FOR_CHANGE))
        if mark.holds(key):
            kept = replace(mark, wrong=tuple(one for one in mark.wrong if one.at >= before))
            _put(tx, store.MOVE_MARK, replace(kept, mac=kept.mac_under(key)))


def _put(tx: Transaction, statement: Any, mark: Mark) -> None:
    tx.run(
        statement, new_segment=mark.segment, new_chain=mark.chain, new_wrong=_as_json(mark.wrong), new_mac=mark.mac
    )  # fmt: skip


def _as_json(wrong: tuple[Wrong, ...]) -> str:
    return json.dumps([asdict(one) for one in wrong], separators=(",", ":"))
