"""What holds writers up while rows are copied, and for good afterwards: each database has SQL of its own for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from idp.db.database import MOVED
from idp.installation.backups.store import PASSING, Rows, Table, reading
from idp.moving.window import ANNOUNCED, Window

#: The mark itself, which is written and taken away while all else is shut.
MARK: Final = "moves"
#: Stands in a database as long as its tables are made.
_BEGUN: Final = PASSING
_TRIGGER: Final = "doorward_moved"
_VERBS: Final = ("INSERT", "UPDATE", "DELETE")
_JOBS: Final = "SELECT count(*), min(name) FROM jobs WHERE claimed_until > ?"


def hold(rows: Rows, tables: Sequence[Table]) -> None:
    """Nobody else writes until this transaction ends, however it ends. SQLite: it has the writer's lock already."""
    if not rows.is_sqlite:
        rows.run("SET LOCAL lock_timeout TO '10s'")
        names = ", ".join(f'"{table.name}"' for table in tables)
        rows.run(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")


def running_jobs(rows: Rows, now: float) -> tuple[int, str]:
    """How many jobs somebody is just doing, and the name of one."""
    found = rows.ask(_JOBS, now)
    return (int(found[0]), str(found[1])) if found is not None else (0, "")


def shut(rows: Rows, tables: Sequence[Table]) -> None:
    """From the end of this transaction on every change is refused, of whatever program and release."""
    if not rows.is_sqlite:
        rows.run(
            f"CREATE OR REPLACE FUNCTION {_TRIGGER}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{MOVED}'; END $$"
        )
    for table in tables:
        if table.name == MARK:
            continue
        if rows.is_sqlite:
            for verb in _VERBS:
                rows.run(
                    f'CREATE TRIGGER "{_TRIGGER}_{table.name}_{verb.lower()}" BEFORE {verb} ON "{table.name}" '
                    f"BEGIN SELECT RAISE(ABORT, '{MOVED}'); END"
                )
        else:
            rows.run(
                f'CREATE TRIGGER {_TRIGGER} BEFORE INSERT OR UPDATE OR DELETE ON "{table.name}" '
                f"FOR EACH STATEMENT EXECUTE FUNCTION {_TRIGGER}()"
            )


def open_again(rows: Rows, tables: Sequence[Table]) -> None:
    """Take that back."""
    for table in tables:
        if rows.is_sqlite:
            for verb in _VERBS:
                rows.run(f'DROP TRIGGER IF EXISTS "{_TRIGGER}_{table.name}_{verb.lower()}"')
        else:
            rows.run(f'DROP TRIGGER IF EXISTS {_TRIGGER} ON "{table.name}"')
    if not rows.is_sqlite:
        rows.run(f"DROP FUNCTION IF EXISTS {_TRIGGER}()")


def mark(rows: Rows, window: Window | None) -> None:
    """Leave this mark in place of any other, or none."""
    rows.run(f"DELETE FROM {MARK}")  # noqa: S608  a constant
    if window is not None:
        rows.load(MARK, ("n", *Window._fields), [(1, *window)])


def is_announced(rows: Rows, move_id: str) -> bool:
    """Whether the mark is this move's, which has not come to its end."""
    found = rows.ask(f"SELECT id, state FROM {MARK}")  # noqa: S608  a constant
    return found is not None and tuple(found) == (move_id, ANNOUNCED)


def set_sequences(rows: Rows, tables: Sequence[Table]) -> None:
    """PostgreSQL counts on behind what was copied; SQLite does so by itself."""
    if rows.is_sqlite:
        return
    for table in tables:
        for column in table.columns:
            found = rows.ask("SELECT pg_get_serial_sequence(?, ?)", f'"{table.name}"', column)
            if found is not None and found[0]:
                rows.run(
                    f'SELECT setval(\'{found[0]}\', coalesce((SELECT max("{column}") FROM "{table.name}"), 0) + 1, '  # noqa: S608
                    f"false)"
                )


def begin(rows: Rows, come_from: str) -> None:
    """A mark for the moments in which the tables are made, the table of marks among them."""
    rows.run(f"CREATE TABLE {_BEGUN} (place TEXT NOT NULL)")
    rows.load(_BEGUN, ("place",), [(come_from,)])


def end_beginning(rows: Rows) -> None:
    """The table of marks has one."""
    rows.run(f"DROP TABLE {_BEGUN}")


def begun_from(url: str) -> str:
    """From where somebody had begun to move to this database and was killed; '' for nobody. Errors: `Unavailable`."""
    if url.startswith("sqlite"):
        return ""  # a file has its name when it is whole
    with reading(url) as rows:
        known = any(table.name == _BEGUN for table in rows.tables())
        found = rows.ask(f"SELECT place FROM {_BEGUN}") if known else None  # noqa: S608  a constant
    return str(found[0]) if found is not None else ""
