"""A segment: one row of the chain, and the digests that make it one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from idp.audit.chain import proofs

_MARK = 4  # characters of a MAC


@dataclass(frozen=True, slots=True)
class Segment:
    """One row of the chain. `body`, `chain`, `kept_body`: SHA-256, hex. `since_…`: of the first one only.

    `marks`: four characters of each event's MAC; behind a full stop, what `counts` seals.
    """

    number: int
    first_id: str
    last_id: str
    count: int
    body: str
    chain: str
    kept: int
    kept_body: str
    marks: str
    sealed_at: float
    since_id: str | None = None
    since_at: float | None = None
    mac: str = ""

    @classmethod
    def of_row(cls, row: Any) -> Segment:
        """From the table."""
        return cls(**row._asdict())

    @property
    def tail(self) -> str:
        """What stands behind the marks; "" of a segment that an older release sealed, which moved no mark."""
        return "".join(self.marks.partition(".")[1:])

    def mark(self, index: int) -> str:
        """What begins the MAC of the event at this place."""
        return self.marks[index * _MARK : (index + 1) * _MARK]

    def signed(self, key: bytes) -> Segment:
        """With the MAC that proves it."""
        return replace(self, mac=self.mac_under(key))

    def mac_under(self, key: bytes) -> str:
        """The MAC that it must have."""
        number = proofs.number
        return proofs.mac(
            key, "segment", number(self.number), self.first_id, self.last_id, number(self.count), self.body, self.chain,
            number(self.kept), self.kept_body, self.marks, number(self.sealed_at), self.since_id, number(self.since_at),
        )  # fmt: skip


def body_of(rows: Iterable[Any]) -> str:
    """The digest over events in their order: ids and MACs, which cover the rest."""
    return sha256("".join(f"{row.id} {row.mac}\n" for row in rows).encode()).hexdigest()


def marks_of(rows: Iterable[Any]) -> str:
    """The beginning of each MAC."""
    return "".join(mark_of(row) for row in rows)


def mark_of(row: Any) -> str:
    """The beginning of one MAC."""
    return f"{row.mac[:_MARK]:-<{_MARK}}"


def link(before: str, number: int, body: str) -> str:
    """The chain's value at a segment, from the one before."""
    return sha256(f"{before} {number} {body}".encode()).hexdigest()


def following(last: Segment, rows: Sequence[Any], now: float, key: bytes, counted: str = "") -> Segment:
    """The segment of these rows, in the order of their ids, behind the last one. `counted`: see `counts`."""
    body, number = body_of(rows), last.number + 1
    first_id, last_id = (rows[0].id, rows[-1].id) if rows else ("", "")  # counts alone
    return Segment(
        number=number, first_id=first_id, last_id=last_id, count=len(rows), body=body,
        chain=link(last.chain, number, body), kept=len(rows), kept_body=body,
        marks=f"{marks_of(rows)}.{counted}", sealed_at=now,
    ).signed(key)  # fmt: skip
