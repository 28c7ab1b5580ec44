"""Many rows at once, the way that each database has for it: a hundred thousand people are there in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: What PostgreSQL's COPY in its text form takes for the end of something.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def load(cursor: Any, dialect: str, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, all with the columns of the first one."""
    names = tuple(rows[0])
    columns = ",".join(f'"{name}"' for name in names)
    if dialect == "sqlite":
        marks = ",".join("?" * len(names))
        values = [tuple(row.values()) for row in rows]
        cursor.executemany(f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks})', values)  # noqa: S608  our names
        return
    cursor.execute("SET LOCAL statement_timeout TO 0")  # no page waits for it
    patience, cursor.connection.patience = cursor.connection.patience, None
    try:
        with cursor.copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as copy:
            copy.write("".join(["\t".join(map(_text, row.values())) + "\n" for row in rows]))
    finally:
        cursor.connection.patience = patience


def _text(value: Any) -> str:
    if value is None:
        return "\\N"
    return value.translate(_ESCAPES) if isinstance(value, str) else str(value)
