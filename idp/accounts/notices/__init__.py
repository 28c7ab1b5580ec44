"""What admins tell everybody on login page, launcher and status page, for a time, for one app or all (A10).

Door: `Notices.shown` for pages, `add`, `remove`, `list_of` for admins.
Rule: read from the store every few seconds at most, whoever looks; a page never waits for a notice, nor fails for one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from idp.accounts.notices import store
from idp.audit import Recorder
from idp.db import Database, Unavailable
from idp.ids import new_id

Place = Literal["login", "launcher", "both", "status"]
PLACES: tuple[str, ...] = get_args(Place)
#: What stands on the login page is for everybody's eyes, and so on the status page as well.
_SHOWN: dict[Place, tuple[str, ...]] = {
    "login": ("login", "both"), "launcher": ("launcher", "both"), "status": ("status", "login", "both"),
}  # fmt: skip
STALE_AFTER = 5.0  # seconds, as with applications and keys
MAX_STANDING = 50  # looked at
MAX_TEXT = 500  # characters
KEPT_FOR = 30 * 86400.0  # seconds after its end that a notice still stands in the list


class InvalidNotice(Exception):
    """This cannot be told; the message says what to change. `field` is the one to change."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing told. Times are epoch seconds; None: from now on, until it is removed."""

    id: str
    text: str
    starts_at: float | None
    ends_at: float | None
    client_id: str | None
    place: str
    created_at: float
    created_by: str

    def is_on(self, now: float) -> bool:
        """Whether it is its time."""
        return (self.starts_at or 0) <= now and (self.ends_at is None or now < self.ends_at)


class Notices:
    """What stands now, at most `STALE_AFTER` seconds old."""

    def __init__(self, db: Database, clock: Callable[[], float]) -> None:
        self._db, self._clock = db, clock
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._standing: tuple[Notice, ...] = ()

    def shown(self, place: Place) -> tuple[Notice, ...]:
        """What is to be told there at this moment, the latest first."""
        now = self._clock()
        return tuple(n for n in self._current(now) if n.place in _SHOWN[place] and n.is_on(now))

    def _current(self, now: float) -> tuple[Notice, ...]:
        # Whoever finds it old reads it; the others go on with what there is.
        if not 0 <= now - self._read_at < STALE_AFTER and self._lock.acquire(blocking=False):
            try:
                self._standing = tuple(Notice(*row) for row in self._db.all(store.STANDING, now=now, many=MAX_STANDING))
            except Unavailable:
                pass
            finally:
                self._read_at = now
                self._lock.release()
        return self._standing


def add(
    db: Database, now: float, text: str, by: str, *, starts_at: float | None = None, ends_at: float | None = None,
    client_id: str | None = None, place: str = "both", record: Recorder | None = None,
) -> Notice:  # fmt: skip
    """Tell something. Errors: `InvalidNotice`."""
    made = Notice(new_id(now), " ".join(text.split()), starts_at, ends_at, client_id, place, now, by)
    check(made, now)
    with db.transaction() as tx:
        tx.run(store.INSERT, **{name: getattr(made, name) for name in Notice.__slots__})
        if record is not None:
            record(tx, "notice:added", {"notice": made.id, "text": text, "place": place, "client_id": client_id})
    return made


def check(notice: Notice, now: float) -> None:
    """Whether this can be told from now on. Errors: `InvalidNotice`."""
    if not notice.text or len(notice.text) > MAX_TEXT or not notice.text.isprintable():
        raise InvalidNotice("text", f"expected 1 to {MAX_TEXT} visible characters")
    if notice.place not in PLACES:
        raise InvalidNotice("where", f"expected one of {', '.join(PLACES)}")
    if notice.ends_at is not None and notice.ends_at <= max(now, notice.starts_at or 0):
        raise InvalidNotice("to", "it would end before it begins, or has ended already")


def remove(db: Database, notice_id: str, *, record: Recorder | None = None) -> bool:
    """Tell it no longer; answers whether there was one."""
    with db.transaction() as tx:
        done = tx.run(store.DELETE, notice_id=notice_id) == 1
        if done and record is not None:
            record(tx, "notice:removed", {"notice": notice_id})
    return done


def list_of(db: Database) -> tuple[Notice, ...]:
    """Every notice, also those to come and those that have ended lately; oldest first."""
    return tuple(Notice(*row) for row in db.all(store.ALL))


def sweep(db: Database, before: float, many: int = 1000) -> int:
    """Delete at most `many` that ended before that moment; answers how many."""
    return db.run(store.SWEEP, before=before, many=many)
