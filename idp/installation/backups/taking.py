"""Take a backup, while the server serves."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from idp import migrations
from idp.audit import Event, record
from idp.audit.searching import Wanted, latest
from idp.installation import schema
from idp.installation.files import sqlite_file
from keys import store as keys

from . import age, files
from .archive import Head, Writer
from .store import Rows, Table, reading

if TYPE_CHECKING:
    from idp.protocols import Services

MADE: Final = "backup:made"
#: Told how far it is: the table, how many of its rows are done, how many there are.
Show = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Taken:
    """A backup that is on the disk. `size` in bytes."""

    file: Path
    at: float
    rows: int
    size: int
    has_master_key: bool


def take(
    services: Services, file: Path, recipients: Sequence[age.Recipient], *,
    actor: str, master_key: bytes | None = None, show: Show = lambda table, done, total: None, gently: bool = False,
) -> Taken:  # fmt: skip
    """Write everything that the database has at this moment. Errors: `Failed`, `Refused`, `Unavailable`.

    `master_key`: goes into it, too. `gently`: rests as long as it works, beside requests.
    """
    settings = services.settings
    with files.written(file) as out, reading(settings.database_url) as rows:
        at = services.clock()
        tables = _ours(rows)
        head = _head(services, at, {table.name: rows.count(table) for table in tables}, master_key is not None)
        writer = Writer(out, recipients, head, services.sealer)
        for table in tables:
            _write(writer, rows, table, head.tables[table.name], show, gently=gently)
        if master_key is not None:
            writer.master_key(master_key.hex())
        written = writer.end()
        size = out.tell()
    taken = Taken(file, at, written, size, master_key is not None)
    detail = {"file": file.name, "rows": written, "bytes": size, "of": at, "master_key": taken.has_master_key}
    record(services.db, Event(MADE, actor=actor, detail=detail), services.clock())
    return taken


def last(services: Services) -> float | None:
    """Of when the last backup is that was made whole, epoch seconds; None: none was, as far as the record goes."""
    found = latest(services.db, Wanted(action=MADE), 1)
    return float(found[0].detail["of"]) if found else None


def _ours(rows: Rows) -> list[Table]:
    """Whatever else somebody keeps in the same schema is theirs."""
    ours = {name for metadata in migrations.metadatas() for name in metadata.tables}
    return [table for table in rows.tables() if table.name in ours]


def _head(services: Services, at: float, tables: dict[str, int], has_master_key: bool) -> Head:
    settings = services.settings
    kind = "SQLite" if sqlite_file(settings) is not None else "PostgreSQL"
    root = keys.find_root(services.db) or ""
    return Head(at, version("doorward"), schema.head(), settings.server.issuer, kind, has_master_key, root, tables)


def _write(writer: Writer, rows: Rows, table: Table, total: int, show: Show, *, gently: bool) -> None:
    batches: Any = rows.read(table)
    began = time.monotonic()
    for done in writer.table(table, batches):
        show(table.name, done, total)
        if gently:
            time.sleep(min(0.1, time.monotonic() - began))
            began = time.monotonic()
