"""State in a table of the same database: the default, good for one machine or for PostgreSQL without Redis.

Each verb is one statement. Writes are not durable: power loss may forget the last ones, a killed process does not.
"""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    MetaData,
    Table,
    Text,
    bindparam,
    case,
    cast,
    delete,
    select,
)

from idp.db import Database, Unavailable, upsert
from idp.state import Clock, Observer, StateUnavailable, check_key, decode, encode

metadata = MetaData()

state = Table(
    "state",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index("state_expires_at", "expires_at"),
)

_NOW: Any = bindparam("now", type_=Double)
_IS_LIVE = state.c.expires_at > _NOW
_GET = select(state.c.value).where(state.c.key == bindparam("key"), _IS_LIVE)
_TAKE = delete(state).where(state.c.key == bindparam("key"), _IS_LIVE).returning(state.c.value)
_PUT = upsert(state, "key", change=("value", "expires_at"))
_ADD = upsert(
    state, "key", change=("value", "expires_at"), only_if=lambda new: state.c.expires_at <= _NOW,
    returning=(state.c.key,),
)  # fmt: skip


def _counted(new: Any) -> dict[str, Any]:
    total = cast(cast(state.c.value, BigInteger) + cast(new.value, BigInteger), Text)
    return {
        "value": case((_IS_LIVE, total), else_=new.value),
        "expires_at": case((_IS_LIVE, state.c.expires_at), else_=new.expires_at),
    }


_COUNT = upsert(state, "key", change=_counted, returning=(state.c.value,))


_EXPIRED = (
    select(state.c.key)
    .where(state.c.expires_at <= _NOW)
    .order_by(state.c.expires_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)  # two sweepers on PostgreSQL take different rows; SQLite has one writer anyway
)
# The outer test holds a row that was put anew between the select and the delete.
_SWEEP = delete(state).where(state.c.key.in_(_EXPIRED.scalar_subquery()), state.c.expires_at <= _NOW)


_FORGET = delete(state).where(
    state.c.key.like(bindparam("like"), escape="\\"), state.c.key.not_like(bindparam("unlike"), escape="\\")
)


def _like(name: str) -> str:
    for character in "\\%_":
        name = name.replace(character, "\\" + character)
    return name.replace("*", "%")


class SqlState:
    """See `idp.state.State`."""

    def __init__(self, db: Database, clock: Clock = time.time) -> None:
        self._db, self._clock = db, clock
        self.observer: Observer | None = None

    def _one(self, verb: str, statement: Any, key: str, **params: Any) -> Any:
        """The first column of the only row, or None."""
        check_key(key)
        if self.observer is not None:
            self.observer(verb)
        try:
            row = self._db.one(statement, durable=False, key=key, **params)
        except Unavailable as error:
            raise StateUnavailable(str(error)) from error
        return None if row is None else row[0]

    def _run(self, verb: str, statement: Any, **params: Any) -> int:
        if self.observer is not None:
            self.observer(verb)
        try:
            return self._db.run(statement, durable=False, **params)
        except Unavailable as error:
            raise StateUnavailable(str(error)) from error

    def put(self, key: str, value: Any, ttl: float) -> None:
        check_key(key)
        self._run("put", _PUT, key=key, value=encode(value), expires_at=self._clock() + ttl)

    def get(self, key: str) -> Any:
        text = self._one("get", _GET, key, now=self._clock())
        return None if text is None else decode(text)

    def add(self, key: str, value: Any, ttl: float) -> bool:
        now = self._clock()
        return self._one("add", _ADD, key, value=encode(value), expires_at=now + ttl, now=now) is not None

    def take(self, key: str) -> Any:
        text = self._one("take", _TAKE, key, now=self._clock())
        return None if text is None else decode(text)

    def count(self, key: str, ttl: float, by: int = 1) -> int:
        now = self._clock()
        if by == 0:
            return int(self._one("count", _GET, key, now=now) or 0)
        return int(self._one("count", _COUNT, key, value=str(by), expires_at=now + ttl, now=now))

    def forget(self, name: str, but: str = "") -> int:
        return self._run("forget", _FORGET, like=_like(name), unlike=_like(but))

    def sweep(self, limit: int = 1000) -> int:
        return self._run("sweep", _SWEEP, most=limit, now=self._clock())

    def close(self) -> None:
        self._db.close()
