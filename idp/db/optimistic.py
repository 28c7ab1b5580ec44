"""A read and a change that nothing holds together but the change's own conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .pairs import LASTING, Pair

if TYPE_CHECKING:
    from .database import Database


class Apart:
    """What `optimistic` gives on PostgreSQL: each statement a transaction of its own, and one change at most."""

    __slots__ = ("_changed", "_db", "_durable")

    def __init__(self, db: Database, durable: bool) -> None:
        self._db, self._durable, self._changed = db, durable, False

    def __enter__(self) -> Apart:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def one(self, expression: Any, /, **params: Any) -> Any:
        """The first row as a named tuple, or None."""
        return self._db.one(expression, **params)

    def run(self, expression: Any, /, **params: Any) -> int:
        """The change; answers how many rows it touched."""
        self._check()
        return self._db.run(expression, durable=self._durable, **params)

    def both(self, pair: Pair, /, **params: Any) -> int:
        """The change, and the row that follows from it; answers how many rows the change touched."""
        self._check()
        if self._durable:
            return self._db.run(pair.lasting, durable=False, **{LASTING: self._db.lasting()}, **params)
        return self._db.run(pair.alone, durable=False, **params)

    def _check(self) -> None:
        if self._changed:
            raise RuntimeError("an optimistic change is one: two that hold together want a transaction")
        self._changed = True
