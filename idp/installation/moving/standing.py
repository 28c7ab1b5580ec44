"""Whether a database is where the installation lives: not one that it has left, nor one that is just being filled."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from idp.installation.failures import Refused
from idp.installation.files import sqlite_file
from idp.moving.window import ARRIVING, MOVED, Window

if TYPE_CHECKING:
    from idp.config import Settings

_READ: Final = 'SELECT id, state, begins, until, place, "by" FROM moves'


def read(settings: Settings) -> Window | None:
    """The mark in the database that the settings name; None: none, or no database. Errors: `Failed`."""
    file = sqlite_file(settings)
    return _of_file(file) if file is not None else _of_server(settings.database_url)


def check_stays(settings: Settings) -> None:
    """Errors: `Refused`, with what to do, where the installation lives elsewhere."""
    found = read(settings)
    if found is None:
        return
    if found.state == MOVED:
        raise Refused(
            f"this installation moved to {found.place} ({_day(found.begins)}): name that in storage.database_url",
            "to go on here after all, without what has happened there since: `doorward move --undo`",
        )
    if found.state == ARRIVING:
        raise Refused(
            f"this database was being filled from {found.place} ({_day(found.begins)}), and that came to no end",
            "with the settings of there, give the same `doorward move --to …` once more",
        )


def _of_file(file: Path) -> Window | None:
    if not file.exists():
        return None
    try:
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            row = connection.execute(_READ).fetchone()
        finally:
            connection.close()
    except sqlite3.DatabaseError:  # no such table, or no database: which others say better
        return None
    return Window._make(row) if row else None


def _of_server(url: str) -> Window | None:
    from idp.installation.schema import ask

    (known,) = ask(url, "SELECT to_regclass('moves') IS NOT NULL") or (False,)
    row = ask(url, _READ) if known else None
    return Window._make(row) if row else None


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))
