"""What a command does with very many rows, while nobody waits for a page."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .errors import Unavailable

if TYPE_CHECKING:
    from .database import Database


@contextlib.contextmanager
def unhurried(db: Database) -> Iterator[None]:
    """This thread's statements take as long as they take. Not to be nested, nor within a transaction."""
    if db.name != "postgresql":
        yield
        return
    db.tell("SET statement_timeout TO 0")
    connection = db._connection()
    patience, connection.patience = connection.patience, None
    try:
        yield
    finally:
        connection.patience = patience
        try:
            connection.execute("RESET statement_timeout")
        except db._errors.Error:  # nobody after us shall have one without a limit
            connection.close()


def analyze(db: Database) -> None:
    """Look at how the rows lie after very many came at once. The server does so by itself later where this fails."""
    with contextlib.suppress(Unavailable), unhurried(db):
        db.analyze()
