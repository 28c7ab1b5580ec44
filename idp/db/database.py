"""The executor: a database, its transactions, and one connection per thread."""

from __future__ import annotations

import contextlib
import os
import select
import sqlite3
import threading
import time
from collections.abc import Callable
from time import perf_counter
from typing import Any
from weakref import WeakSet

from sqlalchemy.engine import make_url

from idp.meters.spent import SPENT

from .connecting import connect_sqlite
from .durability import GroupCommit
from .errors import Conflict, ReadOnly, Unavailable
from .optimistic import Apart
from .statements import Compiled, Fetch, first_row, rows, touched
from .transactions import Scope, Transaction

#: What a database says that has moved: its triggers refuse every change, whoever asks (`idp.installation.moving`).
MOVED = "doorward: this database has moved"
A_WHILE = 60.0  # seconds until somebody has pointed the servers at the new place


class _Held:
    """Stands for the connection of a thread, for as long as that has one."""


class _Own(threading.local):
    """What a thread has of its own. Its connection is let go of only in `close` and `_lost`."""

    connection: Any = None
    cursor: Any = None
    ended: Any = None
    held: _Held | None = None
    wrote = False
    begun = False  # a transaction stands open: nothing else takes the place of its connection


class Database:
    """Connections, one per thread, opened on first use.

    Errors: `Unavailable` when the server is gone or busy past its limit, `Conflict` on a violated key.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = url.partition(":")[0].partition("+")[0]
        if self.name == "sqlite":
            from sqlalchemy.dialects import sqlite  # the one in use: the other takes as long as a command's work

            self._dialect: Any = sqlite.dialect(paramstyle="named")
            self._connect: Callable[[], Any] = self._connect_sqlite
            self._cursor_of: Callable[[Any], Any] = sqlite3.Connection.cursor
            self._errors: Any = sqlite3
        elif self.name == "postgresql":
            import psycopg  # only when grown
            from sqlalchemy.dialects import postgresql

            self._dialect = postgresql.psycopg.dialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]
            from .postgresql import Server
            from .prepared import Asked

            self._connect, self._cursor_of = Server(url).connect, Asked
            self._errors = psycopg
        else:
            raise ValueError(f"database_url: {self.name!r} is not supported; use sqlite:///… or postgresql://…")
        self._local = _Own()
        self._compiled: dict[Any, Compiled] = {}
        self._writing = threading.Lock()  # SQLite has one writer: threads queue here instead of polling the file
        self._commits: GroupCommit | None = None  # SQLite's, once a connection has a write-ahead log
        self.observer: Callable[[str], None] | None = None  # tests count statements per hop with it
        self._open: WeakSet[_Held] = WeakSet()  # a thread that ends takes its connection along
        self.shut: Callable[[], float | None] | None = None  # until when nothing may be written, epoch seconds
        self.dispensable: frozenset[Any] = frozenset()  # changes that are left out while it is shut, as if done
        self.failures = 0  # statements that failed as the server was gone, busy or full

    @property
    def database(self) -> Database:
        """Itself, as a transaction answers it."""
        return self

    def compiled(self, expression: Any) -> Compiled:
        """The expression's text in this dialect; made once."""
        found = self._compiled.get(expression)
        if found is None:
            found = self._compiled[expression] = Compiled(expression, self._dialect, self.name)
        return found

    # -- connections ---------------------------------------------------------------------------------------------

    def _connect_sqlite(self) -> sqlite3.Connection:
        path = make_url(self.url).database or ""
        connection, has_log = connect_sqlite(path)
        if has_log and self._commits is None:
            self._commits = GroupCommit(os.path.realpath(path) + "-wal")
        return connection

    def _connection(self) -> Any:
        local = self._local
        connection: Any = local.connection
        if local.begun:
            # What else this thread reads belongs to its transaction. On a fresh connection the read would be answered,
            # the COMMIT, too, and what was written before would be lost without a word.
            if connection is None:
                raise Unavailable("the connection was lost within a transaction: nothing of it is written")
            return connection
        if connection is not None and self.name == "postgresql" and self._is_gone(connection):
            self.close()
            connection = None
        if connection is None:
            try:
                connection = self._connect()
                self._local.cursor = self._cursor_of(connection)
                if self.name == "postgresql":
                    # A server that restarts says so on idle connections: noticed before anything is asked (1 µs).
                    self._local.ended = select.poll()
                    self._local.ended.register(connection.fileno(), select.POLLIN)
            except (self._errors.Error, OSError) as error:  # it may be gone again: this thread has none, then
                self.failures += 1
                raise Unavailable(str(error)) from error
            self._local.wrote, self._local.held = False, _Held()
            self._open.add(self._local.held)
            self._local.connection = connection
        return connection

    def _is_gone(self, connection: Any) -> bool:
        return bool(connection.closed or self._local.ended.poll(0) or connection.is_silent())

    @property
    def connections(self) -> int:
        """How many are open in this process."""
        return len(self._open)

    def close(self) -> None:
        """Close this thread's connection."""
        connection = self._local.connection
        if connection is not None:
            self._local.connection = None
            self._local.held = None
            with contextlib.suppress(Exception):
                connection.close()

    def _lost(self) -> bool:
        """Whether this thread's connection is broken (PostgreSQL restarted, say); then it is dropped."""
        if self.name == "postgresql" and self._local.connection is not None and self._local.connection.closed:
            self._local.connection = None
            return True
        return False

    def _translated(self, error: Exception) -> Exception:
        """A driver's error in our words; any other one as it is."""
        if MOVED in str(error):
            return ReadOnly(time.time() + A_WHILE)
        if isinstance(error, self._errors.IntegrityError):
            return Conflict(str(error))
        if self._is_standby(error):  # it was the primary when we connected: whoever is it now is found anew
            self.close()
        elif not self._is_outage(error):
            return error
        self.failures += 1
        self._lost()
        return Unavailable(str(error))

    def _is_outage(self, error: Exception) -> bool:
        """Rather than a mistake in what was asked."""
        said = self._errors
        if isinstance(error, (said.OperationalError, said.InterfaceError, said.InternalError)):
            return True
        return type(error) is said.DatabaseError  # a file that is none, a connection that ended in mid-answer

    def _is_standby(self, error: Exception) -> bool:
        return self.name == "postgresql" and isinstance(error, self._errors.errors.ReadOnlySqlTransaction)

    # -- verbs ---------------------------------------------------------------------------------------------------

    def transaction(self, *, durable: bool = True) -> Scope:
        """Begin, then commit, or roll back on any exception. Not to be nested.

        `durable=False` is for what may be lost when the machine (not the process) loses power: codes, sessions.
        """
        return Scope(self, durable)

    def optimistic(self, *, durable: bool = True) -> Scope | Apart:
        """Reads, then one change that says by itself whether what was read still holds, by the rows that it touches.

        On SQLite a transaction, which keeps other writers out as ever. PostgreSQL locks nothing between such a read and
        such a change, within a transaction or without: there each is on its own, which spares three round trips.
        """
        return Apart(self, durable) if self.name == "postgresql" else self.transaction(durable=durable)

    def lasting(self) -> str:
        """What this thread's connection to PostgreSQL would have as `synchronous_commit` if we had not said "off"."""
        return str(self._connection().lasting)

    def _begin(self, durable: bool) -> Transaction:
        self._check_outside("transactions do not nest: pass the outer one on")
        self._check_open()
        self._connection()
        is_sqlite, cursor = self.name == "sqlite", self._local.cursor
        self._local.wrote = False
        asked = perf_counter()
        if is_sqlite:
            self._writing.acquire()
        try:
            if is_sqlite:
                cursor.execute("BEGIN IMMEDIATE")
            else:
                # One round trip. The default is what the server's administrator chose, which may be more than "on".
                begin = "BEGIN; SET LOCAL synchronous_commit TO DEFAULT" if durable else "BEGIN"
                cursor.execute(begin, prepare=False)
        except BaseException:
            self._finish("ROLLBACK")
            raise
        SPENT.store += perf_counter() - asked
        self._local.begun = True
        return Transaction(self, cursor)

    def _finish(self, how: str) -> None:
        """COMMIT or ROLLBACK. A commit that fails is rolled back; a rollback never raises."""
        cursor = self._local.cursor
        try:
            if how == "COMMIT":
                try:
                    asked = perf_counter()
                    cursor.execute("COMMIT")
                    if self.name == "postgresql" and cursor.said == b"ROLLBACK":
                        raise Unavailable("a statement of this transaction had failed: nothing of it is written")
                    ended = perf_counter()
                    SPENT.store += ended - asked
                    SPENT.mark(self.name, asked, ended, "COMMIT")
                    return
                except BaseException:
                    self._roll_back(cursor)
                    raise
            self._roll_back(cursor)
        finally:
            self._local.begun = False
            if self.name == "sqlite":
                self._writing.release()

    def _roll_back(self, cursor: Any) -> None:
        with contextlib.suppress(Exception):
            cursor.execute("ROLLBACK")

    def _check_outside(self, reason: str) -> None:
        # On SQLite it would wait for its own lock for ever; on PostgreSQL it would silently join the transaction.
        if self._local.begun:
            raise RuntimeError(reason)

    def _check_open(self) -> None:
        if self.shut is not None and (until := self.shut()) is not None:
            raise ReadOnly(until)

    def _make_durable(self) -> None:
        """Wait until this thread's commit is on the disk; PostgreSQL has seen to that itself."""
        if self._commits is not None and self._local.wrote:
            asked = perf_counter()
            self._commits.wait()
            SPENT.store += perf_counter() - asked

    def _single(self, fetch: Fetch, compiled: Compiled, params: dict[str, Any], durable: bool) -> Any:
        if compiled.writes:
            self._check_outside("a change within a transaction goes through its tx")
            self._check_open()
        if compiled.writes and durable and self.name == "postgresql":
            with self.transaction() as tx:
                return fetch(self._executed(tx._cursor, compiled, params), compiled)
        self._connection()
        cursor = self._local.cursor
        try:
            if not compiled.writes or self.name != "sqlite":
                return fetch(self._executed(cursor, compiled, params), compiled)
            asked = perf_counter()
            with self._writing:
                SPENT.store += perf_counter() - asked
                found = fetch(self._executed(cursor, compiled, params), compiled)
        except self._errors.Error as error:
            raise self._translated(error) from error
        if durable:
            self._make_durable()
        return found

    def _executed(self, cursor: Any, compiled: Compiled, params: dict[str, Any]) -> Any:
        if compiled.defaults:
            params = {**compiled.defaults, **params}
        if self.observer is not None:
            self.observer(compiled.sql)
        begun = perf_counter()
        cursor.execute(compiled.sql, params)
        ended = perf_counter()
        SPENT.store += ended - begun
        if SPENT.marks is not None:
            SPENT.mark(self.name, begun, ended, compiled.sql)
        if compiled.writes:
            self._local.wrote = True
        return cursor

    def _retried(self, fetch: Fetch, expression: Any, params: dict[str, Any], durable: bool) -> Any:
        compiled = self.compiled(expression)
        try:
            return self._single(fetch, compiled, params, durable)
        except Unavailable:
            # A connection that died while idle: the statement never ran, so a read may try once on a fresh one.
            if compiled.writes or self._local.begun or self._local.connection is not None:
                raise
            return self._single(fetch, compiled, params, durable)

    def one(self, expression: Any, /, *, durable: bool = True, **params: Any) -> Any:
        """One statement on its own: the first row, or None."""
        return self._retried(first_row, expression, params, durable)

    def all(self, expression: Any, /, **params: Any) -> list[Any]:
        """One statement on its own: every row."""
        found: list[Any] = self._retried(rows, expression, params, True)
        return found

    def run(self, expression: Any, /, *, durable: bool = True, **params: Any) -> int:
        """One change on its own, atomic; answers how many rows it touched."""
        if self.shut is not None and expression in self.dispensable and self.shut() is not None:
            return 0
        return int(self._retried(touched, expression, params, durable))

    def make_room(self) -> None:
        """Keep 256 MB of SQLite's pages at hand on this thread: indexes that are filled in no order are read often."""
        if self.name == "sqlite":
            self.tell("PRAGMA cache_size=-262144")

    def analyze(self) -> None:
        """Look at how the rows lie, for the planner: after very many came at once."""
        if self.name == "sqlite":
            self.tell("PRAGMA analysis_limit=1000")
        self.tell("ANALYZE")

    def checkpoint(self) -> None:
        """Fold SQLite's write-ahead log back into the file; called off the request path."""
        if self.name == "sqlite":
            self.tell("PRAGMA wal_checkpoint(PASSIVE)")

    def tell(self, command: str) -> None:
        """Tell this thread's connection what is neither a read nor a change, outside of a transaction."""
        self._check_outside("this is said outside of a transaction")
        connection = self._connection()
        try:
            cursor = connection.execute(command)
            if self.name == "sqlite":
                cursor.fetchall()
        except self._errors.Error as error:
            raise self._translated(error) from error
