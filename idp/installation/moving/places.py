"""Where it is moved to: whether something is there, and what a move that was broken off has left there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from idp import migrations
from idp.config.several_hosts import hosts_in
from idp.installation import schema
from idp.installation.backups import restoring
from idp.installation.backups import store as rows_of
from idp.installation.backups.store import Rows, Table, writing
from idp.installation.failures import Refused
from idp.installation.files import sqlite_file
from idp.installation.moving import standing, store
from idp.moving.window import ARRIVING, Window

if TYPE_CHECKING:
    from idp.config import Settings


def settings_of(settings: Settings, url: str) -> Settings:
    """The settings with another database. Errors: `Refused`."""
    from idp.config.settings import Invalid

    prefix = "sqlite:///"
    if url.startswith(prefix):
        url = f"{prefix}{Path(url.removeprefix(prefix)).absolute()}"
    try:
        storage = settings.storage.model_dump() | {"database_url": url}
        return settings.model_copy(update={"storage": storage})
    except Invalid:
        raise Refused("--to: expected postgresql://user:password@host/name or sqlite:///path") from None


def shown(url: str) -> str:
    """A database as it may be told of: without what opens it."""
    parts = urlsplit(url)
    if parts.scheme.startswith("sqlite"):
        return url
    return f"{parts.scheme}://{hosts_in(url) or 'localhost'}{parts.path}"


def ours(rows: Rows) -> list[Table]:
    """Whatever else somebody keeps in the same schema is theirs."""
    known = {name for metadata in migrations.metadatas() for name in metadata.tables}
    return [table for table in rows.tables() if table.name in known]


def prepare(here: Settings, there: Settings) -> None:
    """Errors: `Refused` where it is the same place, or something is there that is not a broken-off move's."""
    if here.database_url == there.database_url:
        raise Refused("--to is where the installation is already")
    if not _is_left_over(here, there):
        restoring.check_empty(there)


def make_room(here: Settings, there: Settings) -> None:
    """Under the lock of the old place, so that nothing goes which another mover is just filling.

    Errors: `Refused`, where somebody has come to the new place since `prepare`.
    """
    if _is_left_over(here, there):
        clear(there)
    restoring.check_empty(there)


def _is_left_over(here: Settings, there: Settings) -> bool:
    found, come_from = standing.read(there), shown(here.database_url)
    return store.begun_from(there.database_url) == come_from or (
        found is not None and found.state == ARRIVING and found.place == come_from
    )


def clear(there: Settings) -> None:
    """Take away what a broken-off move has left."""
    file = sqlite_file(there)
    if file is None:
        rows_of.drop_ours(there.database_url)
        return
    for one in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        one.unlink(missing_ok=True)


def make_tables(url: str, window: Window, come_from: str) -> None:
    """Errors: `Unavailable`. From the first table on the next try knows whose they are, and nobody serves them."""
    with writing(url) as new:
        store.begin(new, come_from)
    migrations.upgrade(url, schema.head())
    with writing(url) as new:
        store.mark(new, window._replace(state=ARRIVING, place=come_from))
        store.end_beginning(new)
