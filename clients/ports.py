"""What this room needs from the outside: a store that runs statements."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Statements(Protocol):
    """SQLAlchemy Core expressions in, named tuples out."""

    def one(self, expression: Any, /, **params: Any) -> Any:
        """The first row, or None."""

    def all(self, expression: Any, /, **params: Any) -> list[Any]:
        """Every row."""

    def run(self, expression: Any, /, **params: Any) -> int:
        """Change something; how many rows it touched."""


class Store(Statements, Protocol):
    """Statements one by one, or held together by a transaction."""

    def transaction(self) -> AbstractContextManager[Statements]:
        """Commit at the end, roll back on any exception."""


#: Called inside the transaction of a change: (transaction, "client:register", what changed). Never gets a secret.
Record = Callable[[Statements, str, dict[str, Any]], None]
