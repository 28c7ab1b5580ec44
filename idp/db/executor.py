"""Whatever carries out statements: a transaction, or the database for one statement that stands alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .database import Database


class Executor(Protocol):
    """What `Database` and `Transaction` have in common. Rows are named tuples of the statement's own columns."""

    @property
    def database(self) -> Database:
        """Where it happens."""
        ...

    def one(self, expression: Any, /, **params: Any) -> Any:
        """The first row, or None."""
        ...

    def all(self, expression: Any, /, **params: Any) -> list[Any]:
        """Every row."""
        ...

    def run(self, expression: Any, /, **params: Any) -> int:
        """Change something; answers how many rows it touched."""
        ...
