"""The mark of a move, in the database that is left, and in the one that is filled: one row, or none."""

from __future__ import annotations

from sqlalchemy import Column, Double, Integer, MetaData, Table, Text, and_, bindparam, delete, select, update

from idp.db import Executor, Transaction, upsert
from idp.moving.window import ANNOUNCED, Window

metadata = MetaData()

moves = Table(
    "moves",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=False),  # 1
    Column("id", Text, nullable=False),  # of this move, in both databases
    Column("state", Text, nullable=False),
    Column("begins", Double, nullable=False),
    Column("until", Double, nullable=False),
    Column("place", Text, nullable=False),  # the other database, without what opens it
    Column("by", Text, nullable=False),  # the process that moves it, where that can be seen
)

_NAMES = Window._fields
READ = select(*(moves.c[name] for name in _NAMES))
PUT = upsert(moves, "n", values={"n": 1, **{name: bindparam(f"new_{name}") for name in _NAMES}})
CLEAR = delete(moves)
_OWN = and_(moves.c.id == bindparam("own_id"), moves.c.state == ANNOUNCED)
PUT_OFF = update(moves).where(_OWN).values(begins=bindparam("new_begins"), until=bindparam("new_until"))
TAKE_BACK = delete(moves).where(_OWN)


def read(db: Executor) -> Window | None:
    """The mark; None: it is not being moved."""
    row = db.one(READ)
    return None if row is None else Window._make(row)


def put(tx: Transaction, window: Window) -> bool:
    """Leave a mark, where none stands. Answers whether none did."""
    return bool(tx.run(PUT, **{f"new_{name}": value for name, value in window._asdict().items()}))


def put_off(tx: Transaction, window: Window) -> bool:
    """Announce the same for later. Answers whether it stood there still."""
    return bool(tx.run(PUT_OFF, own_id=window.id, new_begins=window.begins, new_until=window.until))


def take_back(tx: Transaction, move_id: str) -> None:
    """What was announced is not done. Another's mark stays, and so does that of what was done."""
    tx.run(TAKE_BACK, own_id=move_id)


def clear(tx: Transaction) -> None:
    """Take it away."""
    tx.run(CLEAR)
