"""From notes to the table: taken every second, written every few; summed over all processes, swept when old."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Final

from idp import readers
from idp.answers.symptoms import store
from idp.answers.symptoms.counting import MAX_KEYS, Added, Counts, Key
from idp.answers.symptoms.following import Following
from idp.answers.symptoms.origins import MAX_ORIGIN, Origins
from idp.db import Database
from idp.protocols import Services
from idp.readers.seen import place_of
from idp.traffic import DISCOVERY, KEYS, METADATA, ORIGIN, Note, Traffic

EVERY: Final = 10.0  # seconds between two writes of one process
MAX_ROWS: Final = 1_000  # that one of them writes; the rest waits
HOURS_KEPT: Final = 48 * 3600.0
KEPT: Final = 14 * 86_400.0  # seconds that the row of all time stays after the last of its kind
PLACES_FOR: Final = 300.0  # seconds for which it is known who comes from where
_TOGETHER: Final = 100  # rows a transaction


class Keeping:
    """One for each process. Notes are followed in their order, so one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts, self._following, self._origins = Counts(), Following(), Origins()
        self._due, self._known_until = 0.0, 0.0
        self._owners: Mapping[str, str] = {}

    def count(self, services: Services) -> None:
        """Take what was noted."""
        with self._lock:
            notes = services.part(Traffic).take()
            now = services.clock() if notes else 0.0
            self._origins.begin()
            for note in notes:
                self._one(services, note, note.at or now)

    def write(self, services: Services, *, whole: bool = False) -> int:
        """Write what was counted, unless it was done a few seconds ago; answers how many rows. `whole`: at once."""
        with self._lock:
            if not whole and time.monotonic() < self._due:
                return 0
            self._due = time.monotonic() + EVERY
            return _write(services.db, self._counts, MAX_KEYS if whole else MAX_ROWS)

    def _one(self, services: Services, note: Note, at: float) -> None:
        if note.kind in (DISCOVERY, KEYS, METADATA):
            owner = self._owner(services, note.who, at)
            if owner:
                self._counts.add(owner, note.kind, at)
            return
        if note.kind == ORIGIN:
            origin = note.who[:MAX_ORIGIN]
            owner = self._origins.owner(services, origin, note.client_id, at)
            if owner:
                self._counts.add(owner, ORIGIN, at, {"origin": origin, **note.about})
            return
        if services.registry.find(note.client_id) is None:
            return
        also = [*self._following.of(services, note, at)]
        if note.kind not in [kind for kind, _ in also]:
            self._counts.add(note.client_id, note.kind, at)
        for kind, about in also:
            self._counts.add(note.client_id, kind, at, about)

    def _owner(self, services: Services, address: str, at: float) -> str:
        """The one application that proves itself from there; '' where there is none, or several."""
        if at > self._known_until:
            users = readers.find_seen(services.db).users_of()
            self._owners = {place: next(iter(ids)) for place, ids in users.items() if len(ids) == 1}
            self._known_until = at + PLACES_FOR
        return self._owners.get(place_of(address), "")


def keep(services: Services) -> int:
    """What the background does every second; answers how many rows it wrote."""
    keeping = services.part(Keeping)
    keeping.count(services)
    return keeping.write(services)


def flush(services: Services) -> None:
    """All that this process knows is in the table: before somebody reads it."""
    keeping = services.part(Keeping)
    keeping.count(services)
    keeping.write(services, whole=True)


def sweep(db: Database, now: float, many: int = 1000) -> int:
    """Delete what is old; answers how many rows."""
    gone = db.run(store.SWEEP, before=now - KEPT, many=many)
    return gone + db.run(store.SWEEP_HOURS, before=now - HOURS_KEPT, many=many)


def _write(db: Database, counts: Counts, many: int) -> int:
    taken = counts.take(many)
    rows = sorted(taken.items())  # one order in every process, or two of them may wait for each other
    for start in range(0, len(rows), _TOGETHER):
        try:
            with db.transaction(durable=False) as tx:
                for key, one in rows[start : start + _TOGETHER]:
                    tx.run(store.ADD, **_row(key, one))
        except Exception:
            counts.give_back(dict(rows[start:]))
            raise
    return len(rows)


def _row(key: Key, one: Added) -> dict[str, object]:
    client_id, kind, slot = key
    return {
        "client_id": client_id, "kind": kind, "slot": slot, "many": one.many, "first_at": one.first_at,
        "last_at": one.last_at, "about": one.about,
    }  # fmt: skip
