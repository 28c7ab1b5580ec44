"""Whether the database has the schema of this release; on SQLite it is brought up, on a server it is asked for."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from idp.installation.failures import INIT_FIRST, Failed, of_database
from idp.installation.files import sqlite_file

if TYPE_CHECKING:
    from idp.config import Settings


@cache
def head() -> str:
    """The revision that this release needs, read from the migrations' own files: Alembic costs half a second."""
    folder = Path(__file__).parent.parent / "migrations" / "versions"
    texts = [file.read_text("utf-8") for file in folder.glob("*.py")]
    (newest,) = _named("revision", texts) - _named("down_revision", texts)
    return newest


def _named(name: str, texts: list[str]) -> set[str]:
    found = (re.search(rf"^{name}\b.*=\s*[\"'](\w+)[\"']", text, re.MULTILINE) for text in texts)
    return {match[1] for match in found if match}


def current(settings: Settings) -> str | None:
    """The database's revision; None for an empty database. Errors: `Failed` where it cannot be reached."""
    file = sqlite_file(settings)
    return _of_file(file) if file is not None else _of_server(settings.database_url)


def _of_file(file: Path) -> str | None:
    import sqlite3

    if not file.exists():
        return None
    try:
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if "no such table" in str(error):
            return None
        raise Failed(f"the database {file} cannot be read: {error}", of_database(str(error))) from None
    return str(row[0]) if row else None


def _of_server(url: str) -> str | None:
    (known,) = ask(url, "SELECT to_regclass('alembic_version') IS NOT NULL") or (False,)
    row = ask(url, "SELECT version_num FROM alembic_version") if known else None
    return str(row[0]) if row else None


def ask(url: str, query: LiteralString) -> tuple[Any, ...] | None:
    """The first row that a database server answers. Errors: `Failed`."""
    import psycopg

    from idp.db.postgresql import asked_of

    try:
        with psycopg.connect(**{**asked_of(url), "connect_timeout": 5}) as connection:
            return connection.execute(query).fetchone()
    except psycopg.Error as error:
        said = " ".join(str(error).split())
        raise Failed(f"the database cannot be reached: {said}", of_database(said)) from None


def server_clock(url: str) -> float:
    """What time it is at the database server, epoch seconds. Errors: `Failed`."""
    (now,) = ask(url, "SELECT extract(epoch FROM clock_timestamp())::float8") or (0.0,)
    return float(now)


class ServerFacts(NamedTuple):
    """What a database server says of itself and of what this role may do. `schema`: where its tables go, '' nowhere."""

    is_standby: bool
    encoding: str
    schema: str
    user: str
    may_create: bool
    connections: int
    reserved: int


def server_facts(url: str) -> ServerFacts:
    """Errors: `Failed`."""
    row = ask(
        url,
        "SELECT pg_is_in_recovery(), current_setting('server_encoding'), coalesce(current_schema(), ''), "
        "current_user::text, coalesce(has_schema_privilege(current_schema(), 'CREATE'), false), "
        "current_setting('max_connections')::int, current_setting('superuser_reserved_connections')::int",
    )
    return ServerFacts(*(row or (False, "UTF8", "public", "", True, 100, 3)))


class ServerPace(NamedTuple):
    """`seconds`: of the quickest of a few rounds; `unsafe`: settings by which it may lose what it has confirmed."""

    version: str
    seconds: float
    unsafe: Mapping[str, str]


def server_pace(url: str) -> ServerPace:
    """Errors: `Failed`."""
    import psycopg

    from idp.db.postgresql import asked_of

    names = ("fsync", "full_page_writes", "synchronous_commit")
    try:
        asked = {**asked_of(url), "connect_timeout": 5, "options": "-c statement_timeout=5000"}
        with psycopg.connect(**asked) as connection:
            version = str(connection.info.parameter_status("server_version")).partition(" ")[0]
            settings = {name: str(connection.execute("SELECT current_setting(%s)", (name,)).fetchone()[0])  # type: ignore[index]
                        for name in names}  # fmt: skip
            taken = []
            for _ in range(5):
                begun = time.perf_counter()
                connection.execute("SELECT 1").fetchone()
                taken.append(time.perf_counter() - begun)
    except psycopg.Error as error:
        said = " ".join(str(error).split())
        raise Failed(f"the database cannot be reached: {said}", of_database(said)) from None
    return ServerPace(version, min(taken), {name: value for name, value in settings.items() if value == "off"})


def check_current(settings: Settings) -> None:
    """Errors: `Failed`, with what to do, unless the schema is this release's. The embedded database is migrated."""
    from idp.installation.moving import standing

    found = current(settings)
    if found is not None:
        standing.check_stays(settings)
    if found == head():
        return
    if found is None:
        raise Failed(INIT_FIRST)
    if not is_known(found):  # revisions are a line, but not in the order of their numbers
        raise Failed(f"the database is of a newer release (schema {found}, this one knows {head()}): upgrade Doorward")
    if sqlite_file(settings) is None:
        raise Failed(f"the database has schema {found}, this release needs {head()}: run `doorward migrate`")
    upgrade(settings)


def is_known(revision: str) -> bool:
    """Whether this release has had this schema once."""
    folder = Path(__file__).parent.parent / "migrations" / "versions"
    return revision.isdecimal() and any(folder.glob(f"{revision}_*.py"))


def upgrade(settings: Settings) -> None:
    """Bring the schema up; of several processes one does it and the others wait. Errors: `Failed`."""
    from idp import migrations
    from idp.db import Unavailable

    try:
        migrations.upgrade(settings.database_url)
    except Unavailable as error:
        raise Failed(f"the database cannot be used: {error}", of_database(str(error))) from None
