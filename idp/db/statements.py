"""Statements: what one is in a dialect, and the two that every store has: put a row, sweep what ran out."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Column, Delete, Select, Table, bindparam, delete, select, tuple_
from sqlalchemy.sql.dml import UpdateBase

#: What is compiled: an expression, or one that is made for a dialect by its name.
Statement = Callable[[str], Any]
#: The execution option of a SELECT that changes something by what stands in its WITH.
WRITES = "writes"
#: Made of the row that came too late, as SQL's `excluded` has it.
OfNew = Callable[[Any], Any]


class Compiled:
    """One expression in one dialect: SQL text, the values it carries itself, and the type of its rows."""

    __slots__ = ("defaults", "row", "sql", "writes")

    def __init__(self, expression: Any, dialect: Any, name: str) -> None:
        expression = expression(name) if callable(expression) else expression
        compiled = expression.compile(dialect=dialect)
        self.sql = str(compiled)
        if "POSTCOMPILE" in self.sql:  # the driver's own cursor runs it: nobody would fill it in
            raise TypeError(f"a list is a parameter of this statement; name each value: {self.sql[:200]}")
        self.defaults = {k: v for k, v in compiled.params.items() if v is not None}
        is_change = isinstance(expression, UpdateBase)
        # A read with changes within it says so; else it would be repeated on another connection, as reads are.
        self.writes = is_change or bool(expression.get_execution_options().get(WRITES))
        columns = getattr(expression, "selected_columns", None)
        if columns is None or is_change:
            columns = getattr(expression, "_returning", ())
        names = [c.key for c in columns or ()]
        self.row: Any = namedtuple("Row", names) if names else None


#: What is taken from a cursor on which a statement has run.
Fetch = Callable[[Any, Compiled], Any]


def first_row(cursor: Any, compiled: Compiled) -> Any:
    """As a named tuple, or None."""
    found = cursor.fetchall()  # to the end: SQLite holds its lock as long as rows are left
    return compiled.row._make(found[0]) if found else None


def rows(cursor: Any, compiled: Compiled) -> list[Any]:
    """Each as a named tuple."""
    return [compiled.row._make(row) for row in cursor.fetchall()]


def touched(cursor: Any, compiled: Compiled) -> int:
    """How many rows a change has touched."""
    return int(cursor.rowcount) if compiled.row is None else len(cursor.fetchall())


def upsert(
    table: Table,
    *keys: str,
    change: tuple[str, ...] | OfNew = (),
    only_if: OfNew | None = None,
    values: Mapping[str, Any] | None = None,
    source: tuple[list[str], Select[Any]] | None = None,
    returning: tuple[Column[Any], ...] = (),
) -> Statement:
    """INSERT … ON CONFLICT (keys), as each of both dialects has its own.

    Where the row stands already, `change` are the columns that take what the new one says, or makes a mapping of it;
    nothing: it stays as it is. `only_if` may hold the change back. `source`: columns, and the SELECT that fills them.
    """

    def made(dialect: str) -> Any:
        new = _insert_into(table, dialect)
        if values is not None:
            new = new.values(**values)
        if source is not None:
            new = new.from_select(*source)
        if not change:
            new = new.on_conflict_do_nothing(index_elements=list(keys) or None)
        else:
            told = new.excluded
            new = new.on_conflict_do_update(
                index_elements=list(keys),
                set_=change(told) if callable(change) else {name: told[name] for name in change},
                where=only_if(told) if only_if is not None else None,
            )
        return new.returning(*returning) if returning else new

    return made


def _insert_into(table: Table, dialect: str) -> Any:
    """The dialect's own INSERT. The other one is not imported: it takes as long as the work of a command."""
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    return insert(table)


def sweep(due: Column[Any], *keys: Column[Any]) -> Delete:
    """DELETE of at most `many` rows whose `due` is before `before`, the oldest first; `keys` tell them apart."""
    key: Any = tuple_(*keys) if len(keys) > 1 else keys[0]
    some = select(*keys).where(due < bindparam("before")).order_by(due).limit(bindparam("many"))
    return delete(due.table).where(key.in_(some))
