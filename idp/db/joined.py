"""Verbs that open a transaction of their own, run within one that stands open: all of them hold together, or none."""

from __future__ import annotations

from typing import Any, cast

from .database import Database
from .transactions import Transaction


class _Joined:
    """The open transaction with the door of a `Database`. Whether it lasts is for the outer one to say."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def one(self, expression: Any, /, *, durable: bool = True, **params: Any) -> Any:
        return self._tx.one(expression, **params)

    def all(self, expression: Any, /, **params: Any) -> list[Any]:
        return self._tx.all(expression, **params)

    def run(self, expression: Any, /, *, durable: bool = True, **params: Any) -> int:
        return self._tx.run(expression, **params)

    def transaction(self, *, durable: bool = True) -> _Inner:
        return _Inner(self._tx)


class _Inner:
    """Neither begins nor ends anything. What a verb raises must leave the outer transaction, too."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def __enter__(self) -> Transaction:
        return self._tx

    def __exit__(self, *error: object) -> None:
        return None


def joined(tx: Transaction) -> Database:
    """The database to hand to verbs that shall take part in this transaction, and only as long as it is open.

    An error of one of them must end the transaction: there is no going back to where that verb began.
    """
    return cast(Database, _Joined(tx))
