"""From notes to the table: taken every second, written every few; summed over all processes, swept when old."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Final

from clients.client import Client
from clients.offered import GRANT_TYPES
from idp import readers
from idp.answers.symptoms import store
from idp.answers.symptoms.counting import MAX_KEYS, Added, Counts, Key, rows_of
from idp.answers.symptoms.following import Following
from idp.answers.symptoms.origins import MAX_ORIGIN, Origins
from idp.db import Database
from idp.meters.notes import Meters
from idp.protocols import Services
from idp.readers.seen import place_of
from idp.traffic import (
    CODE,
    DISCOVERY,
    KEYS,
    METADATA,
    ORIGIN,
    REDEEMED,
    REFRESHED,
    RESPONSE,
    REUSED,
    SILENT_CODE,
    Note,
    Traffic,
)

EVERY: Final = 10.0  # seconds between two writes of one process
MAX_ROWS: Final = 1_000  # that one of them writes; the rest waits
HOURS_KEPT: Final = 48 * 3600.0
KEPT: Final = 14 * 86_400.0  # seconds that the row of all time stays after the last of its kind
PLACES_FOR: Final = 300.0  # seconds for which it is known who comes from where
_TOGETHER: Final = 50  # kinds a transaction, each with its hours
_OF_NOBODY: Final = frozenset((DISCOVERY, KEYS, METADATA, ORIGIN))
_FOLLOWED: Final = frozenset((CODE, SILENT_CODE, RESPONSE, REDEEMED, REFRESHED, REUSED))


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
            if not notes:
                return
            now, batch, clients = services.clock(), Counts(), dict[str, Client | None]()
            self._origins.begin()
            for note in notes:
                at = note.at or now
                if note.kind in _OF_NOBODY:
                    self._place(services, note, at)
                    continue
                if note.client_id not in clients:
                    clients[note.client_id] = services.registry.find(note.client_id)
                client = clients[note.client_id]
                if client is None:
                    continue
                _count(services.part(Meters), note)
                if note.kind != REUSED:  # which is counted with its addresses
                    batch.add(note.client_id, note.kind, at)
                if note.kind in _FOLLOWED:
                    for kind, about in self._following.of(services, client, note, at):
                        self._counts.add(note.client_id, kind, at, about)
            self._counts.take_over(batch)

    def write(self, services: Services, *, whole: bool = False) -> int:
        """Write what was counted, unless it was done a few seconds ago; answers how many rows. `whole`: at once."""
        with self._lock:
            if not whole and time.monotonic() < self._due:
                return 0
            self._due = time.monotonic() + EVERY
            return _write(services.db, self._counts, MAX_KEYS if whole else MAX_ROWS)

    def _place(self, services: Services, note: Note, at: float) -> None:
        """What bears no name: whose it is shows by where it comes from, if it does."""
        if note.kind != ORIGIN:
            owner = self._owner(services, note.who, at)
            if owner:
                self._counts.add(owner, note.kind, at)
            return
        origin = note.who[:MAX_ORIGIN]
        owner = self._origins.owner(services, origin, note.client_id, at)
        if owner:
            self._counts.add(owner, ORIGIN, at, {"origin": origin, **note.about})

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


def _count(meters: Meters, note: Note) -> None:
    """For the metrics: the notes are here already, so that no endpoint makes others of the same."""
    if note.kind in GRANT_TYPES:
        meters.count("tokens", note.client_id, note.kind)
    elif note.kind in (CODE, SILENT_CODE, RESPONSE):
        meters.count("sign_ons", note.client_id, "saml" if note.kind == RESPONSE else "oidc")


def _write(db: Database, counts: Counts, many: int) -> int:
    taken, written = counts.take(many), 0
    groups = list(rows_of(taken))
    for start in range(0, len(groups), _TOGETHER):
        try:
            with db.transaction(durable=False) as tx:
                for _, rows in groups[start : start + _TOGETHER]:
                    for key, one in rows:
                        tx.run(store.ADD, **_row(key, one))
                        written += 1
        except Exception:
            counts.give_back({key: taken[key] for keys, _ in groups[start:] for key in keys})
            raise
    return written


def _row(key: Key, one: Added) -> dict[str, object]:
    client_id, kind, slot = key
    return {
        "client_id": client_id, "kind": kind, "slot": slot, "many": one.many, "first_at": one.first_at,
        "last_at": one.last_at, "about": one.about,
    }  # fmt: skip
