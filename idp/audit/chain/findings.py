"""What verifying can find: values; each door has its own words for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

What = Literal[
    "event_changed",  # `event` is not as it was written
    "events_removed",  # `many` are missing between two events
    "event_added",  # `event` stands where it was never sealed
    "event_elsewhere",  # `event` names a segment in which it does not lie, or which is not there
    "event_unproven",  # `event` has no MAC, long after the chain began
    "segment_changed",  # the segment's own row does not hold
    "segment_unlinked",  # it does not follow the one before
    "segments_removed",  # `many` are missing
    "no_chain",  # there is none, though events were sealed or a head is known
    "count_changed",  # what was counted up in `event` was put back or taken away
    "mark_missing",  # what remembers the end of the chain was taken away
    "mark_changed",  # it was changed, or an older one was put back
    "cut",  # a head that was exported lies behind the end
    "replaced",  # a head that was exported says otherwise
]


@dataclass(frozen=True, slots=True)
class Place:
    """An event, by id; `at` in epoch seconds."""

    id: str
    at: float
    action: str

    @classmethod
    def of_row(cls, row: Any) -> Place | None:
        """From any row that has an event's head."""
        return None if row is None else cls(row.id, row.at, row.action)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was sealed, and between which two events."""

    what: What
    segment: int | None = None
    event: Place | None = None
    after: Place | None = None  # None: there is no event before it
    before: Place | None = None
    many: int = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """The record as a whole. `findings` are those that were told first; `since`: when the chain began."""

    findings: tuple[Finding, ...]
    events: int = 0  # that are sealed and hold
    pruned: int = 0  # that retention took
    waiting: int = 0  # that are not sealed yet, and hold
    before_the_chain: int = 0  # that are older than it, or that an older release wrote
    segments: int = 0
    first_segment: int | None = None
    last_segment: int | None = None
    chain: str = ""
    since: float | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return not self.findings
