"""What holds together: the statements of a transaction, and its two ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .loading import load
from .pairs import THEN, Pair
from .statements import first_row, rows, touched

if TYPE_CHECKING:
    from .database import Database


class Transaction:
    """Statements that hold together. `Database` itself has the same three verbs for a single statement."""

    __slots__ = ("_cursor", "_db", "_then")

    def __init__(self, db: Database, cursor: Any) -> None:
        self._db, self._cursor = db, cursor
        self._then: tuple[Callable[[], object], ...] = ()

    def after_commit(self, then: Callable[[], object]) -> None:
        """Have something called once this has committed, such as whoever waits for what it wrote; it must not fail."""
        self._then = (*self._then, then)

    @property
    def database(self) -> Database:
        """Where it happens."""
        return self._db

    def one(self, expression: Any, /, **params: Any) -> Any:
        """The first row as a named tuple, or None."""
        compiled = self._db.compiled(expression)
        return first_row(self._db._executed(self._cursor, compiled, params), compiled)

    def all(self, expression: Any, /, **params: Any) -> list[Any]:
        """Every row as a named tuple."""
        compiled = self._db.compiled(expression)
        return rows(self._db._executed(self._cursor, compiled, params), compiled)

    def run(self, expression: Any, /, **params: Any) -> int:
        """Change something; answers how many rows it touched."""
        compiled = self._db.compiled(expression)
        return touched(self._db._executed(self._cursor, compiled, params), compiled)

    def both(self, pair: Pair, /, **params: Any) -> int:
        """Its change, and the row that follows from it; answers how many rows the change touched, 0 or 1."""
        if self._db.name == "postgresql":
            return self.run(pair.alone, **params)
        first = {name: value for name, value in params.items() if not name.startswith(THEN)}
        touched = self.run(pair.first, **first)
        if touched:
            self.run(pair.second, **{name: value for name, value in params.items() if name not in first})
        return touched

    def load(self, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert many rows at once, all with the columns of the first one."""
        if rows:
            load(self._cursor, self._db.name, table, rows)
            self._db._local.wrote = True


class Scope:
    """The two ends of a transaction. (A generator under `contextlib.contextmanager` costs every hop 8 µs more.)"""

    __slots__ = ("_db", "_durable", "_tx")

    def __init__(self, db: Database, durable: bool) -> None:
        self._db, self._durable = db, durable

    def __enter__(self) -> Transaction:
        try:
            self._tx = self._db._begin(self._durable)
            return self._tx
        except self._db._errors.Error as error:
            raise self._db._translated(error) from error

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        try:
            self._db._finish("COMMIT" if error is None else "ROLLBACK")
            if error is None and self._durable:
                self._db._make_durable()
            if error is None and self._tx._then:
                for then in self._tx._then:
                    then()
        except self._db._errors.Error as failed:
            raise self._db._translated(failed) from failed
        if isinstance(error, self._db._errors.Error):
            raise self._db._translated(error) from error
