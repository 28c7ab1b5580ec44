"""A connection to SQLite."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

BUSY_MS = 5_000  # how long a writer waits for another process's write, ms


def connect_sqlite(path: str) -> tuple[sqlite3.Connection, bool]:
    """A connection, and whether it has a write-ahead log, which `GroupCommit` then syncs."""
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MS / 1000, cached_statements=256)
    mode = _write_ahead(connection)
    connection.execute("PRAGMA foreign_keys=ON")
    # NORMAL: `GroupCommit` does what FULL would. FULL: in memory, or on a file system without shared memory.
    connection.execute(f"PRAGMA synchronous={'NORMAL' if mode == 'wal' else 'FULL'}")
    # In pages, a fallback: `checkpoint` runs every second, off the request path; load fills 10,000 in that time.
    connection.execute("PRAGMA wal_autocheckpoint=20000")
    connection.execute("PRAGMA cache_size=-512")
    return connection, mode == "wal"


def _write_ahead(connection: sqlite3.Connection) -> str:
    """Ask for the write-ahead log; answers the journal mode that there is.

    Of many who open a new file at once one changes it, and SQLite tells the others at once that it is locked, whatever
    their patience is.
    """
    until = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
            return str(mode)
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
