"""Events of before, written many at once and sealed with that: an installation that is filled, not one that runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from idp.audit.chain import proofs, sealing, store
from idp.audit.chain.segments import Segment, following
from idp.audit.store import events
from idp.db import Database, Transaction

_SEGMENTS: Final = 20  # in one transaction


@dataclass(frozen=True, slots=True)
class _Sealed:
    """What a segment takes of an event."""

    id: str
    mac: str


def load(db: Database, rows: Iterable[Mapping[str, Any]], now: float) -> Iterator[int]:
    """Write events, each with all columns that one is written with, in the order of their ids; yields how many so far.

    Errors: LookupError where the database was opened without the chain's key.
    """
    key = proofs.find_key(db)
    if key is None:
        raise LookupError("no key")
    sealing.ensure_begun(db, key, now)
    given, written = iter(rows), 0
    while batch := list(islice(given, sealing.MANY * _SEGMENTS)):
        with db.transaction() as tx:
            tx.one(store.TURN)
            before = last = Segment.of_row(tx.one(store.LAST))
            made, segments = [], []
            for first in range(0, len(batch), sealing.MANY):
                proven = [_proven(tx, row, last.number + 1) for row in batch[first : first + sealing.MANY]]
                last = following(last, [_Sealed(row["id"], row["mac"]) for row in proven], now, key)
                made += proven
                segments.append(last)
            tx.load(events, made)
            sealing.extend(tx, key, before, segments, now)
        written += len(batch)
        yield written


def _proven(tx: Transaction, row: Mapping[str, Any], number: int) -> dict[str, Any]:
    salt, mac = proofs.prove(tx, row)
    return {**row, "salt": salt, "mac": mac, "segment": number}
