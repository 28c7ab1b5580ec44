"""Statements of ours on a connection to PostgreSQL, asked by libpq's own calls.

psycopg's cursor does the same for every caller there is, and takes three times as long for it: here SQL and names of
parameters are the same each time, and a connection belongs to one thread. What values become, and rows, is psycopg's.
"""

from __future__ import annotations

import hashlib
import re
import select
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import adapt, pq
from psycopg.adapt import PyFormat
from psycopg.errors import (
    DuplicatePreparedStatement,
    FeatureNotSupported,
    InvalidSqlStatementName,
    error_from_result,
)

if TYPE_CHECKING:
    from .postgresql import Connection

OFTEN: Final = 2  # times that a statement is asked as it is; from then on it is prepared
KEPT: Final = 100  # statements that the server keeps for a connection
_OK: Final = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
_MARK: Final = re.compile(r"%(?:%|\((\w+)\)s)")
#: Said before anything is done: of a table that has changed its columns' types, and where all were let go of.
_GONE: Final = (FeatureNotSupported, InvalidSqlStatementName)

#: A statement as libpq takes it, the names of its parameters in their order, how each is written: as psycopg likes.
Numbered = tuple[bytes, tuple[str, ...], list[PyFormat]]


class Asked:
    """What the executor needs of a cursor."""

    __slots__ = ("_connection", "_kept", "_numbered", "_pg", "_readable", "_result", "_seen", "_values")

    def __init__(self, connection: Connection) -> None:
        self._connection, self._pg, self._values = connection, connection.pgconn, adapt.Transformer(connection)
        self._numbered: dict[str, Numbered] = {}
        self._seen: dict[Any, int] = {}  # how often each was asked, until it is prepared
        self._kept: OrderedDict[Any, bytes] = OrderedDict()  # its name there, the one that was not used longest first
        self._result: Any = None
        self._readable = select.poll()
        self._readable.register(self._pg.socket, select.POLLIN)

    @property
    def connection(self) -> Connection:
        """Whose it is."""
        return self._connection

    @property
    def rowcount(self) -> int:
        """How many rows the last statement gave, or has touched."""
        result = self._result
        return int(result.ntuples if result.status == pq.ExecStatus.TUPLES_OK else result.command_tuples or 0)

    @property
    def said(self) -> bytes:
        """What the server calls what it has done: it answers a COMMIT of what had failed by ROLLBACK."""
        return bytes(self._result.command_status or b"")

    def execute(self, sql: str, params: Mapping[str, Any] | None = None, *, prepare: bool = True) -> None:
        """Ask and wait. Errors: `psycopg.Error`; after an interruption the connection is closed, too."""
        try:
            if params is None:
                self._pg.send_query(sql.encode(self._values.encoding))
                self._result = self._answer()
            else:
                self._result = self._asked(sql, params)
        except BaseException:
            if self._pg.transaction_status == pq.TransactionStatus.ACTIVE:  # an answer comes that nobody would read
                self._pg.finish()
            raise

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows of the last statement."""
        self._values.set_pgresult(self._result)
        rows: list[tuple[Any, ...]] = self._values.load_rows(0, self._result.ntuples, tuple)
        return rows

    def fetchone(self) -> tuple[Any, ...] | None:
        """The first row of the last statement, or None."""
        found = self.fetchall()
        return found[0] if found else None

    def copy(self, sql: str) -> Any:
        """COPY, by psycopg's own cursor."""
        return self._connection.cursor().copy(sql)

    def _asked(self, sql: str, params: Mapping[str, Any]) -> Any:
        text, names, formats = self._numbered.get(sql) or self._number(sql)
        values = self._values.dump_sequence([params[name] for name in names], formats)
        types = self._values.types or ()
        key = text, types  # what a number is depends on how large it is
        name = self._kept.get(key) or self._prepared(key)
        if name is not None:
            self._kept.move_to_end(key)
            self._pg.send_query_prepared(name, values, self._values.formats)
            try:
                return self._answer()
            except _GONE as error:
                self._forget(key, error)
        self._pg.send_query_params(text, values, types, self._values.formats)
        return self._answer()

    def _number(self, sql: str) -> Numbered:
        names: dict[str, int] = {}

        def mark(found: re.Match[str]) -> str:
            return f"${names.setdefault(found[1], len(names) + 1)}" if found[1] else "%"

        text = _MARK.sub(mark, sql).encode(self._values.encoding)
        self._numbered[sql] = numbered = text, tuple(names), [PyFormat.AUTO] * len(names)
        return numbered

    def _prepared(self, key: tuple[bytes, tuple[int, ...]]) -> bytes | None:
        """The name under which the server keeps it from now on; None where it was not asked often enough."""
        times = self._seen.get(key, 0)
        if times < OFTEN:
            self._seen[key] = times + 1
            return None
        name = b"doorward_" + hashlib.sha256(repr(key).encode()).hexdigest()[:32].encode()
        self._pg.send_prepare(name, *key)
        try:
            self._answer()
        except DuplicatePreparedStatement as error:  # by its name the same: another's, behind a pooler
            self._outside(error)
        del self._seen[key]
        self._kept[key] = name
        if len(self._kept) > KEPT:
            self._let_go(self._kept.popitem(last=False)[1])
        return name

    def _forget(self, key: tuple[bytes, tuple[int, ...]], error: psycopg.Error) -> None:
        """Whoever asks asks once more, without it."""
        self._outside(error)
        name = self._kept.pop(key)
        if isinstance(error, InvalidSqlStatementName):
            self._kept.clear()
        else:
            self._let_go(name)

    def _let_go(self, name: bytes) -> None:
        self._pg.send_query(b"DEALLOCATE " + name)
        try:
            self._answer()
        except InvalidSqlStatementName as error:
            self._outside(error)

    def _outside(self, error: psycopg.Error) -> None:
        """Errors: `psycopg.OperationalError` within a transaction, which has failed: a new connection knows better."""
        if self._pg.transaction_status != pq.TransactionStatus.IDLE:
            self._pg.finish()
            raise psycopg.OperationalError(str(error)) from error

    def _answer(self) -> Any:
        """The first result, once all of them are there. Errors: `psycopg.Error`, of any of them."""
        pg = self._pg
        while pg.flush():
            self._wait(select.POLLIN | select.POLLOUT)
        first = wrong = None
        while True:
            while pg.is_busy():
                self._wait(select.POLLIN)
            result = pg.get_result()
            if result is None:
                break
            if first is None:
                first = result
            if wrong is None and result.status not in _OK:
                wrong = result
        if wrong is not None:
            raise error_from_result(wrong, encoding=self._values.encoding)
        return first

    def _wait(self, what: int) -> None:
        patience = self._connection.patience
        poll = self._readable
        if what != select.POLLIN:
            poll = select.poll()
            poll.register(self._pg.socket, what)
        if not poll.poll(None if patience is None else patience * 1000):
            self._connection.give_up()
            raise psycopg.OperationalError(f"timeout expired: no answer within {patience} s")
        try:
            self._pg.consume_input()
        except psycopg.OperationalError:  # the system has given it up: what was sent was not acknowledged in time
            self._connection.give_up()
            raise
