"""A change, and a row that is there only where the change happened: on PostgreSQL one statement, on SQLite two."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Table, bindparam, func, insert, literal, select

from .statements import Statement

#: Stands before the names of the second one's parameters: both may have an `id`.
THEN: Final = "then_"
#: The parameter that says how a commit is to last, where the pair is a transaction of its own.
LASTING: Final = "lasting"


class Pair:
    """`first`, an UPDATE or INSERT; where it touched one row, a row of `table` with these `columns` follows.

    It costs a grown installation one round trip, where a transaction of both costs four.
    """

    __slots__ = ("alone", "first", "lasting", "second")

    def __init__(self, first: Statement | Any, table: Table, *columns: str) -> None:
        self.first = first
        self.second = insert(table).values({name: bindparam(THEN + name) for name in columns})
        rows = select(*(bindparam(THEN + name, type_=table.c[name].type) for name in columns))

        def together(dialect: str, *conditions: Any) -> Any:
            change = first(dialect) if callable(first) else first
            done = change.returning(literal(1).label("n")).cte("done")
            return insert(table).from_select(list(columns), rows.select_from(done).where(*conditions))

        # A commit looks at the setting as it is then, so the statement itself may say it (PostgreSQL: set_config).
        says = func.set_config("synchronous_commit", bindparam(LASTING), True) != ""
        self.alone: Statement = together
        self.lasting: Statement = lambda dialect: together(dialect, says)
