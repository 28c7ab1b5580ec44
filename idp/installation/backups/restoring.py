"""Put a backup into an empty place: all of it, or nothing."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from idp import migrations
from idp.audit import Event, record
from idp.db import Unavailable
from idp.db.unhurried import analyze
from idp.installation import schema
from idp.installation.failures import Failed, Refused
from idp.installation.files import master_key_file, sqlite_file
from keys.master import make_master_key_file

from . import age, files, store
from .archive import Head, Reader
from .ending import end_all_tokens
from .taking import Show
from .verifying import check_maker, explained, open_reader, opened, opens

if TYPE_CHECKING:
    from idp.config import Settings

RESTORED: Final = "backup:restored"


@dataclass(frozen=True)
class Restored:
    """What was put back. `ended`: what `end_all_tokens` has ended, by kind; empty: it was not asked to."""

    head: Head
    schema: str
    ended: dict[str, int]


def restore(
    settings: Settings, file: Path, identities: Sequence[age.Identity], *,
    actor: str, end_tokens: bool = False, take_master_key: bool = False,
    show: Show = lambda table, done, total: None,
) -> Restored:  # fmt: skip
    """Errors: `Refused` where something is there already, `Failed`, with everything as it was before.

    `take_master_key`: where none is here, that of the file is taken, of which nobody can tell who made it.
    """
    check_empty(settings)
    with opened(file) as source, explained(file):
        reader = open_reader(file, source, identities)
        _check_schema(file, reader.head)
        _check_master_key(settings, reader.head, take_it=take_master_key)
        with place_of(settings) as (place, finish):
            migrations.upgrade(place.database_url, reader.head.schema)
            _fill(place, reader, show)
            with _master_key(place, reader):
                migrations.upgrade(place.database_url)
                ended = _conclude(place, reader.head, actor, end_tokens=end_tokens)
                finish()
    return Restored(reader.head, schema.head(), ended)


def check_empty(settings: Settings) -> None:
    """Errors: `Refused`."""
    file = sqlite_file(settings)
    if file is None:
        schema.current(settings)  # says in a sentence why a server cannot be reached
        if not store.is_empty(settings.database_url):
            raise Refused(
                "the database is not empty: a backup is restored into an empty one only",
                "name another one in storage.database_url (DOORWARD_DATABASE_URL), such as a new one of `createdb`",
            )
    elif file.exists() or file.with_name(f"{file.name}-wal").exists():
        raise Refused(
            f"there is a database already: {file}",
            "a backup is restored into an empty place only: move it away, or give another folder (DOORWARD_DATA_DIR)",
        )


def _check_schema(file: Path, head: Head) -> None:
    if not schema.is_known(head.schema):
        raise Failed(
            f"{file} is of a newer release: Doorward {head.release}, schema {head.schema}; this one knows "
            f"{schema.head()}: restore it with that release or a later one"
        )


def _check_master_key(settings: Settings, head: Head, *, take_it: bool) -> None:
    """Before anything is written: whether what is restored can be opened. Errors: `Failed`, `Refused`."""
    file = master_key_file(settings)
    is_right = opens(settings, head)
    if is_right is False:
        raise Refused(
            "the master key that is here is not the one of the backup",
            f"put the right one at {file} (or DOORWARD_MASTER_KEY, keys.master_key_command)",
        )
    if is_right is None and not (head.has_master_key and may_be_made(settings)):
        raise Refused(
            f"there is no master key that can be read at {file}, and none in the backup"
            if not head.has_master_key
            else "the master key that the settings name cannot be read",
            "put the master key of the installation there first: without it nothing of it can be opened",
        )
    if is_right is None and not take_it:
        raise Refused(
            f"there is no master key at {file}; one is in the backup, but nobody can tell who made this file: whoever "
            "has the public key, or the passphrase, can write one, with a master key of their own",
            "put the master key of the installation there first; or, where you know that the file is yours: "
            "--take-master-key",
        )


def may_be_made(settings: Settings) -> bool:
    """Whether the master key stands in a file, which is not there."""
    keys = settings.keys
    return not (keys.master_key or keys.master_key_command or master_key_file(settings).exists())


@contextlib.contextmanager
def place_of(settings: Settings) -> Iterator[tuple[Settings, Callable[[], None]]]:
    """Settings of where the rows go first, and what gives it the name that is served. What fails leaves nothing.

    Errors: `Refused` where something is there.
    """
    check_empty(settings)  # once more: since the first time, minutes may have gone by in which somebody came
    final = sqlite_file(settings)
    if final is None:
        store.drop_ours(settings.database_url)
        try:
            yield settings, lambda: None
        except BaseException:
            with contextlib.suppress(Unavailable):
                store.drop_ours(settings.database_url)
            raise
        return
    folder = final.parent
    made = not folder.exists()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = folder / f".{final.name}.{secrets.token_hex(4)}.part"
    os.close(os.open(part, os.O_CREAT | os.O_EXCL, 0o600))  # SQLite gives its log the rights of the file
    storage = settings.storage.model_copy(update={"database_url": f"sqlite:///{part}"})

    def finish() -> None:
        store.settle(part)
        with part.open("rb") as whole:
            os.fsync(whole.fileno())
        files.put(part, final)

    try:
        yield settings.model_copy(update={"storage": storage}), finish
    finally:
        for leftover in folder.glob(f"{part.name}*"):
            leftover.unlink(missing_ok=True)
        if made and not final.exists():
            with contextlib.suppress(OSError):  # a master key may be there
                folder.rmdir()


def _fill(place: Settings, reader: Reader, show: Show) -> None:
    """All tables in one transaction, each read back and compared with what was written."""
    with store.writing(place.database_url) as rows:
        there = {table.name: table for table in rows.tables()}
        rows.clear(list(there.values()))
        for table, batches in reader.tables():
            if table.name not in there or set(table.columns) - set(there[table.name].columns):
                raise age.Damaged(f"this release knows no table {table.name} with these columns")
            _load(rows, table, batches, reader.head.tables.get(table.name, 0), show)
        check_maker(place, reader)
        try:
            rows.check_references()
        except ValueError as error:
            raise age.Damaged(str(error)) from None


def _load(rows: store.Rows, table: store.Table, batches: Iterator[list[Any]], total: int, show: Show) -> None:
    written = store.Digest()
    for batch in batches:
        rows.load(table.name, table.columns, batch)
        for row in batch:
            written.add(store.line_of(row))
        show(table.name, written.rows, total)
    if rows.digest(table) != written:
        raise Failed(f"the database did not keep the rows of {table.name} as they were written")


@contextlib.contextmanager
def _master_key(settings: Settings, reader: Reader) -> Iterator[None]:
    """Where none is, that of the backup is put where it belongs; taken away again where the rest fails."""
    file = master_key_file(settings)
    if opens(settings, reader.head):
        yield
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_master_key_file(file, bytes.fromhex(reader.master_key))
    try:
        yield
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _conclude(settings: Settings, head: Head, actor: str, *, end_tokens: bool) -> dict[str, int]:
    """The record says that it was put back; what shall end has ended before anybody can use it."""
    from idp.opening import close, create_services

    services = create_services(settings, deferred=True)
    try:
        detail = {"of": head.at, "release": head.release, "schema": head.schema, "rows": head.rows}
        record(services.db, Event(RESTORED, actor=actor, detail=detail), services.clock())
        ended = end_all_tokens(services, actor) if end_tokens else {}
        analyze(services.db)
        return ended
    finally:
        close(services)
