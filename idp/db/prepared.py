"""Statements of ours on a connection to PostgreSQL, asked by libpq's own calls.

psycopg's cursor does the same for every caller there is, and takes three times as long for it: here SQL and names of
parameters are the same each time, and a connection belongs to one thread. What values become, and rows, is psycopg's.
"""

from __future__ import annotations

import re
import select
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import adapt, pq
from psycopg.adapt import PyFormat
from psycopg.errors import error_from_result

if TYPE_CHECKING:
    from .postgresql import Connection

OFTEN: Final = 2  # times that a statement is asked as it is; from then on it is prepared
KEPT: Final = 100  # statements that the server keeps for a connection
_OK: Final = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
_MARK: Final = re.compile(r"%(?:%|\((\w+)\)s)")

#: A statement as libpq takes it, the names of its parameters in their order, how each is written: as psycopg likes.
Numbered = tuple[bytes, tuple[str, ...], list[PyFormat]]


class Asked:
    """What the executor needs of a cursor."""

    __slots__ = ("_connection", "_kept", "_made", "_numbered", "_pg", "_readable", "_result", "_seen", "_values")

    def __init__(self, connection: Connection) -> None:
        self._connection, self._pg, self._values = connection, connection.pgconn, adapt.Transformer(connection)
        self._numbered: dict[str, Numbered] = {}
        self._seen: dict[Any, int] = {}  # how often each was asked, until it is prepared
        self._kept: OrderedDict[Any, bytes] = OrderedDict()  # its name there, the one that was not used longest first
        self._made = 0
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

    def execute(self, sql: str, params: Mapping[str, Any] | None = None, *, prepare: bool = True) -> None:
        """Ask and wait. Errors: `psycopg.Error`; after an interruption the connection is closed, too."""
        try:
            if params is None:
                self._pg.send_query(sql.encode(self._values.encoding))
            else:
                self._send(sql, params)
            self._result = self._answer()
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

    def _send(self, sql: str, params: Mapping[str, Any]) -> None:
        text, names, formats = self._numbered.get(sql) or self._number(sql)
        values = self._values.dump_sequence([params[name] for name in names], formats)
        types = self._values.types or ()
        key = text, types  # what a number is depends on how large it is
        name = self._kept.get(key) or self._prepared(key)
        if name is None:
            self._pg.send_query_params(text, values, types, self._values.formats)
        else:
            self._kept.move_to_end(key)
            self._pg.send_query_prepared(name, values, self._values.formats)

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
        name = b"doorward_%d" % self._made
        self._made += 1
        self._pg.send_prepare(name, *key)
        self._answer()
        del self._seen[key]
        self._kept[key] = name
        if len(self._kept) > KEPT:
            _, old = self._kept.popitem(last=False)
            self._pg.send_query(b"DEALLOCATE " + old)
            self._answer()
        return name

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
