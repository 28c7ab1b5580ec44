"""What requests note: in memory, bounded, written together now and then (K2).

A note costs a look into a dictionary. What a process had not written yet is lost with it; the next fetch says it again.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from idp.db import Database, Transaction
from idp.readers import store
from idp.readers.seen import ITSELF, Seen, place_of

EVERY: Final = 10.0  # seconds between two writes of one process
MAX_WAITING: Final = 5_000  # notes of one kind that wait to be written
MAX_UNPROVEN: Final = 200  # fetches whose credentials have yet to be looked at
MAX_CLAIMS: Final = 5  # of those, from one place, and in one client's name
MAX_STRANGERS: Final = 20_000  # addresses kept that fetched and are no client's: one may turn out to be
MAX_ADDRESSES: Final = 20  # of one client
TOLD_FOR: Final = 400 * 86_400.0
KEPT: Final = 100 * 86_400.0  # seconds: longer than keys stand
_TOGETHER: Final = 200  # rows a transaction

#: Whether a fetch's credentials were right: looked at off the request path.
Proof = Callable[[], bool]
Notes = dict[tuple[str, str], float]


class Readers:
    """One for each process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fetched: Notes = {}
        self._came: Notes = {}
        self._unproven: list[tuple[str, str, float, Proof]] = []
        self._claims: Counter[str] = Counter()  # of those, by the name that they say and by the place they come from
        self._due = 0.0

    def fetched(self, document: str, address: str, now: float) -> None:
        """Somebody fetched a document from this address."""
        with self._lock:
            _note(self._fetched, (document, address), now)

    def fetched_as(self, document: str, client_id: str, address: str, now: float, proof: Proof) -> None:
        """Somebody who says that they are this client fetched it; `proof` is asked for before that is believed.

        Few from one address and few in one name: nobody's made-up ones keep the true ones out.
        """
        claims = (f"client {client_id}", f"place {place_of(address) or address}")
        with self._lock:
            if len(self._unproven) < MAX_UNPROVEN and all(self._claims[one] < MAX_CLAIMS for one in claims):
                self._claims.update(claims)
                self._unproven.append((document, client_id, now, proof))

    def came(self, client_id: str, address: str, now: float) -> None:
        """A client proved itself from this address."""
        with self._lock:
            _note(self._came, (client_id, address), now)

    def flush_now_and_then(self, db: Database) -> int:
        """`flush`, unless it was done a few seconds ago. Call it every second, off the request path."""
        return self.flush(db) if time.monotonic() >= self._due else 0

    def flush(self, db: Database) -> int:
        """Write what is waiting; answers how many rows. What cannot be written waits for the next time."""
        with self._lock:
            self._due = time.monotonic() + EVERY
            fetched, self._fetched = self._fetched, {}
            came, self._came = self._came, {}
            unproven, self._unproven = self._unproven, []
            self._claims.clear()
        proven = {(document, ITSELF + client): at for document, client, at, proof in unproven if proof()}
        fetches = _by_place(fetched) + sorted(proven.items())
        rows = [(store.FETCHED, {"document": one, "reader": reader, "at": at}) for (one, reader), at in fetches]
        rows += [(store.CAME, {"client_id": one, "address": place, "at": at}) for (one, place), at in _by_place(came)]
        try:
            for start in range(0, len(rows), _TOGETHER):
                with db.transaction(durable=False) as tx:
                    for statement, values in rows[start : start + _TOGETHER]:
                        tx.run(statement, **values)
        except Exception:
            self._take_back(fetched, came)
            raise
        return len(rows)

    def _take_back(self, fetched: Notes, came: Notes) -> None:
        with self._lock:
            for notes, old in ((self._fetched, fetched), (self._came, came)):
                for key, at in old.items():
                    _note(notes, key, at)


def _note(notes: Notes, key: tuple[str, str], at: float) -> None:
    if key in notes or len(notes) < MAX_WAITING:
        notes[key] = max(at, notes.get(key, 0.0))


def _by_place(notes: Notes) -> list[tuple[tuple[str, str], float]]:
    found: Notes = {}
    for (about, address), at in notes.items():
        place = place_of(address)
        if place:
            _note(found, (about, place), at)
    return sorted(found.items())  # one order in every process, or two of them may wait for each other


def find_seen(db: Database) -> Seen:
    """What every process has written. Three reads."""
    came: dict[str, dict[str, float]] = {}
    for row in db.all(store.ADDRESSES):
        came.setdefault(row.client_id, {})[row.address] = row.at
    fetched = {(row.document, row.reader): row.at for row in db.all(store.FETCHES)}
    return Seen(fetched, came, {(row.client_id, row.kid): row.at for row in db.all(store.TOLD)})


def places_of(db: Database, client_id: str) -> tuple[str, ...]:
    """The addresses that one client proved itself from, the latest first. One read."""
    return tuple(row.address for row in db.all(store.PLACES, of=client_id))


def tell(tx: Transaction, client_id: str, kid: str, now: float) -> None:
    """An admin says that this client has the key."""
    tx.run(store.TELL, client_id=client_id, kid=kid, at=now)


def untell(tx: Transaction, client_id: str, kid: str) -> None:
    """It was not so."""
    tx.run(store.UNTELL, of=client_id, key=kid)


def sweep(db: Database, now: float, many: int = 1000) -> int:
    """Delete what is old, and what is too much; answers how many rows."""
    gone = db.run(store.SWEEP_FETCHES, before=now - KEPT, many=many)
    gone += db.run(store.SWEEP_ADDRESSES, before=now - KEPT, many=many)
    gone += db.run(store.SWEEP_TOLD, before=now - TOLD_FOR, many=many)
    last = db.one(store.STRANGER_AT, many=MAX_STRANGERS)
    if last is not None:
        gone += db.run(store.FORGET_STRANGERS, before=last.at)
    for row in db.all(store.CROWDED, many=MAX_ADDRESSES):
        # The latest of each client stay: one in a cloud may come from another address every hour.
        oldest = db.one(store.SURPLUS_AT, of=row.client_id, many=MAX_ADDRESSES)
        gone += db.run(store.FORGET_SURPLUS, of=row.client_id, before=oldest.at) if oldest is not None else 0
    return gone
