"""When a person last opened each application: noted in memory, written together, at most once a minute each (A1).

No request waits for it. What a process had not written yet is lost with the process, and nobody misses it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from idp.accounts.own import store
from idp.audit import Event, record
from idp.db import Database, Transaction

TOLD_EVERY: Final = 3600.0  # seconds between two events of one person and application
EVERY: Final = 60.0  # seconds between two writes for one person and application
MAX_WAITING: Final = 20_000  # notes
MAX_WRITTEN: Final = 20_000  # last writes that are remembered
_TOGETHER: Final = 200  # rows a transaction: nobody else waits long for the lock


class Uses:
    """One for each process."""

    def __init__(self, db: Database) -> None:
        self._db, self._lock = db, threading.Lock()
        self._waiting: dict[tuple[str, str], float] = {}
        self._written: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._opened: list[tuple[float, Event]] = []
        self._told: OrderedDict[tuple[str | None, str | None], float] = OrderedDict()

    def note(self, person_id: str, client_id: str, now: float, opened: Callable[[], Event] | None = None) -> None:
        """Somebody opened an application. Costs a look into a dictionary.

        `opened`: the event of single sign-on, for the person's own list; written with the note, once an hour at most.
        """
        key = (person_id, client_id)
        if now - self._written.get(key, 0.0) < EVERY:
            return
        with self._lock:
            if len(self._waiting) < MAX_WAITING:
                self._waiting[key] = now
            if opened is not None and now - self._told.get(key, 0.0) >= TOLD_EVERY and len(self._opened) < MAX_WAITING:
                self._opened.append((now, opened()))
                self._told[key] = now
                while len(self._told) > MAX_WRITTEN:
                    self._told.popitem(last=False)

    def flush(self) -> int:
        """Write what is waiting; answers how much. Call it off the request path, every few seconds."""
        if not self._waiting and not self._opened:
            return 0
        with self._lock:
            taken, self._waiting = self._waiting, {}
            events, self._opened = self._opened, []
        for start in range(0, len(events), _TOGETHER):
            with self._db.transaction(durable=False) as tx:
                for at, event in events[start : start + _TOGETHER]:
                    record(tx, event, at)
        notes = sorted(taken.items())  # one order in every process, or two of them may wait for each other
        for start in range(0, len(notes), _TOGETHER):
            some = notes[start : start + _TOGETHER]
            with self._db.transaction(durable=False) as tx:
                for (person_id, client_id), at in some:
                    tx.run(store.USED, person_id=person_id, client_id=client_id, used_at=at)
            with self._lock:
                self._remember(dict(some))
        return len(notes)

    def of(self, person_id: str) -> Mapping[str, float]:
        """When this person last opened what: client id to epoch seconds."""
        found = {row.client_id: row.used_at for row in self._db.all(store.USES, owner_id=person_id)}
        with self._lock:
            waiting = {client: at for (person, client), at in self._waiting.items() if person == person_id}
        return {**found, **waiting}

    def _remember(self, written: Mapping[tuple[str, str], float]) -> None:
        for key, at in written.items():
            self._written[key] = at
            self._written.move_to_end(key)
        while len(self._written) > MAX_WRITTEN:
            self._written.popitem(last=False)


def clients_of(db: Database | Transaction, person_id: str) -> list[str]:
    """The ids of the applications that a person has opened, as far as it is written down."""
    return sorted(row.client_id for row in db.all(store.USES, owner_id=person_id))


def last_of(db: Database, client_id: str) -> float:
    """When anybody last opened an application, epoch seconds; 0: nobody that is known. It looks through all uses."""
    return float(db.one(store.LAST_USE, of_client=client_id).at or 0.0)


def sweep(db: Database, before: float, many: int = 1000) -> int:
    """Delete at most `many` of what was last used before that moment; answers how many."""
    return db.run(store.SWEEP_USES, before=before, many=many)
