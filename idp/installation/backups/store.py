"""All rows of a database, as they were at one moment, and all rows into an empty one. The two databases are alike here.

Columns hold text, integers and doubles alone (see `idp.db`), so a row is the same on both, and so is its digest.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from idp.db import Unavailable
from idp.db.engines import engine_of
from idp.migrations import metadatas

#: The tables of Alembic: the schema's revision travels in the head of a backup.
_NOT_OURS = ("alembic_version",)
BATCH = 500  # rows that are held at once
#: A table that a move has in its new place while it makes the others.
PASSING = "doorward_arriving"


@dataclass(frozen=True, slots=True)
class Table:
    """A table and its columns, in their order there."""

    name: str
    columns: tuple[str, ...]


class Digest:
    """Of rows in any order: their count, and the sum of their SHA-256."""

    def __init__(self) -> None:
        self.rows = self._sum = 0

    def add(self, line: bytes) -> None:
        self.rows += 1
        self._sum += int.from_bytes(sha256(line).digest())

    def __str__(self) -> str:
        return f"{self._sum % 2**256:064x}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Digest) and (self.rows, str(self)) == (other.rows, str(other))

    __hash__ = None  # type: ignore[assignment]


def line_of(row: Sequence[Any]) -> bytes:
    """A row as a line of a backup, and what is digested of it."""
    return json.dumps(tuple(row), ensure_ascii=False, separators=(",", ":")).encode()


class Rows:
    """A database within one transaction. Reading: everything is of one moment, and holds nobody up."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.is_sqlite = connection.dialect.name == "sqlite"

    def tables(self) -> list[Table]:
        """Of this schema, those that others refer to first."""
        found = inspect(self._connection)
        names = [name for name, _ in found.get_sorted_table_and_fkc_names() if name and name not in _NOT_OURS]
        return [Table(name, tuple(column["name"] for column in found.get_columns(name))) for name in names]

    def count(self, table: Table) -> int:
        return int(self._connection.exec_driver_sql(f'SELECT count(*) FROM "{table.name}"').scalar_one())  # noqa: S608

    def read(self, table: Table) -> Iterator[Sequence[Sequence[Any]]]:
        """Its rows, some at a time."""
        columns = ", ".join(f'"{name}"' for name in table.columns)
        found = self._connection.exec_driver_sql(
            f'SELECT {columns} FROM "{table.name}"',  # noqa: S608  names of the schema
            execution_options={"stream_results": True, "max_row_buffer": BATCH},
        )
        yield from found.partitions(BATCH)

    def digest(self, table: Table) -> Digest:
        digest = Digest()
        for rows in self.read(table):
            for row in rows:
                digest.add(line_of(row))
        return digest

    def clear(self, tables: Sequence[Table]) -> None:
        """What the migrations put there, too, comes with the rows."""
        for table in reversed(tables):
            self._connection.exec_driver_sql(f'DELETE FROM "{table.name}"')  # noqa: S608

    def load(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        names = ", ".join(f'"{name}"' for name in columns)
        if self.is_sqlite:
            marks = ", ".join("?" * len(columns))
            insert = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'  # noqa: S608
            self._connection.exec_driver_sql(insert, [tuple(row) for row in rows])
            return
        cursor: Any = self._connection.connection.cursor()
        with cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)

    def run(self, statement: str) -> None:
        """Anything else, in the same transaction."""
        self._connection.exec_driver_sql(statement)

    def ask(self, statement: str, *values: object) -> Sequence[Any] | None:
        """The first row of an answer. A value stands where the statement has `?`."""
        text = statement if self.is_sqlite else statement.replace("?", "%s")
        return self._connection.exec_driver_sql(text, values).first()

    def check_references(self) -> None:
        """PostgreSQL has checked each as it came; SQLite is asked once. Errors: ValueError."""
        if self.is_sqlite and self._connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
            raise ValueError("a row refers to one that is not there")


@contextlib.contextmanager
def reading(url: str) -> Iterator[Rows]:
    """The database as it is at this moment, whatever is written meanwhile. Errors: `Unavailable`."""
    with _connected(url) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")  # the moment is that of the first look
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            _without_limits(connection)
        yield Rows(connection)
        connection.rollback()


@contextlib.contextmanager
def writing(url: str) -> Iterator[Rows]:
    """One transaction: all of it, or nothing. Errors: `Unavailable`."""
    with _connected(url) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            _without_limits(connection)
        yield Rows(connection)
        connection.commit()


def is_empty(url: str) -> bool:
    """Whether nothing of anybody is in a database: no table, or tables of ours without a row."""
    with _connected(url) as connection:
        rows = Rows(connection)
        ours = {name for metadata in metadatas() for name in metadata.tables}
        return all(table.name in ours and rows.count(table) == 0 for table in rows.tables())


def drop_ours(url: str) -> None:
    """Every table of ours: of a database that was found empty, or that we have filled. Others' stay."""
    ours = {name for metadata in metadatas() for name in metadata.tables} | {PASSING}
    with _connected(url) as connection:
        for table in reversed(Rows(connection).tables()):
            if table.name in ours:
                connection.exec_driver_sql(f'DROP TABLE "{table.name}" CASCADE')
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
        connection.commit()


def settle(file: Path) -> None:
    """Make one file of SQLite's three."""
    with _connected(f"sqlite:///{file}") as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("PRAGMA journal_mode=DELETE")


def _without_limits(connection: Connection) -> None:
    connection.exec_driver_sql("SET LOCAL statement_timeout TO 0")  # no page waits for it
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout TO 0")


@contextlib.contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = engine_of(url)
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise Unavailable(str(error.orig)) from error
    except SQLAlchemyError as error:
        raise Unavailable(str(error)) from error
    finally:
        engine.dispose()
