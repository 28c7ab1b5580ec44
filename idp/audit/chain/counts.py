"""Counts: what is counted up in an event after it was sealed is sealed, too, by a segment that comes later.

A segment has them behind its marks, so its MAC covers them: for each event when and how often it was last counted, and
the MAC of that. A count only grows, so one that is smaller than a sealed one, or gone, was put back by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from idp.audit.chain import store
from idp.audit.chain.segments import Segment
from idp.db import Executor, Transaction

_LINE: Final = "\n"


@dataclass(frozen=True, slots=True)
class Count:
    """How far an event was counted up. `at`: lately, epoch seconds; `mac`: of all that was said with it."""

    event_id: str
    at: float
    times: int
    mac: str

    def is_kept_by(self, row: Any) -> bool:
        """Whether the event still says so, or more."""
        if row.again is None:
            return row.blanked is not None
        rank = rank_of(json.loads(row.again))
        return rank > (self.at, self.times) or (rank == (self.at, self.times) and row.again_mac == self.mac)


def rank_of(detail: Mapping[str, Any]) -> tuple[float, int]:
    """What grows with each count: when it was lately, and how often by then."""
    at = detail.get("repeated_at", detail.get("last_at"))
    times = detail.get("repeated", detail.get("times"))
    return float(at or 0.0), int(times or 0)


def note(tx: Executor, event_id: str, mac: str) -> None:
    """Have the next segment seal an event's count; in the transaction that counts."""
    if mac:
        tx.run(store.COUNTED, event_id=event_id, mac=mac)


def take(tx: Transaction, many: int) -> str:
    """The counts that wait, as a segment has them; they wait no more."""
    taken = []
    for row in tx.all(store.COUNTS, many=many):
        if tx.run(store.DROP_COUNT, of_event=row.event_id, of_mac=row.mac) and row.again_mac == row.mac:
            at, times = rank_of(json.loads(row.again))
            taken.append(f"{row.event_id} {at!r} {times} {row.mac}")
    return _LINE.join(taken)


def of_segment(segment: Segment) -> Iterator[Count]:
    """The counts that a segment sealed."""
    for line in segment.tail[1:].split(_LINE):
        if line:
            event_id, at, times, mac = line.split(" ")
            yield Count(event_id, float(at), int(times), mac)
