"""The rules as every sign-in reads them: in memory, and known to be those of this moment."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from idp.accounts.sign_in_rules import store
from idp.accounts.sign_in_rules.rule import Rule, of_said, of_settings
from idp.db import Database

MAX_STALENESS = 5.0  # seconds, for whoever decides nothing by them, such as a page that only shows them


class Rules:
    """Every rule that holds: those of the settings file first, then those of the database that are on, in their order.

    Errors: those of the store.
    """

    def __init__(self, db: Database, given: Iterable[Any], clock: Callable[[], float] = time.time) -> None:
        self.fixed = of_settings(given)
        self._db, self._clock = db, clock
        self._lock = threading.Lock()
        self._version, self._asked_at = -1, float("-inf")
        self._standing: tuple[Rule, ...] = self.fixed

    def current(self) -> tuple[Rule, ...]:
        """The rules, at most `MAX_STALENESS` seconds old; after `seen` or `refresh` those of that moment."""
        if not 0 <= self._clock() - self._asked_at < MAX_STALENESS:
            self.refresh()
        return self._standing

    def seen(self, version: int) -> None:
        """The version that a statement carried along: another one than was read means to read them anew."""
        if version != self._version:
            self._load()

    def refresh(self) -> tuple[Rule, ...]:
        """Ask the store for the version, which is one read; the rules are read where it is another one."""
        asked_at, row = self._clock(), self._db.one(store.VERSION)
        if row is None or row.n != self._version:
            self._load()
        self._asked_at = asked_at
        return self._standing

    def _load(self) -> None:
        asked_at, rows = self._clock(), self._db.all(store.STANDING)
        found = (of_said(row.id, json.loads(row.said)) for row in rows if row.id is not None and row.enabled)
        standing = (*self.fixed, *found)
        with self._lock:
            # A lower version means that the database was restored; it is taken, and the next look corrects a late one.
            self._standing, self._version, self._asked_at = standing, rows[0].n if rows else 0, asked_at
