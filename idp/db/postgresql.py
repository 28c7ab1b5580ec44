"""Connections to PostgreSQL: one server, or several of which one takes writes. Loads the driver."""

from __future__ import annotations

import re
import threading
from time import monotonic
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

CONNECT_S: Final = 2  # how long a host may take for a connection, seconds
STATEMENT_MS: Final = 5_000  # how long the server lets one statement run, ms
AGAIN_S: Final = 1.0  # how long nobody asks for a connection after one that did not come, seconds
ANSWER_S: Final = 6.0  # how long a thread waits for an answer, seconds: a stopped server keeps no limit of its own
HEARD_S: Final = 1.0  # the same of a connection that is asked whether it still carries anything, seconds
#: A machine that lost its power says nothing: what is sent to it, or stays open, ends within this. Linux; ms, seconds.
_SILENT: Final = {"tcp_user_timeout": 5_000, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}


#: What a commit waits for here, and whether anything follows this server that could take its place.
_STANDING: Final = (
    "SELECT current_setting('synchronous_commit'), current_setting('synchronous_standby_names') <> '' "
    "OR EXISTS (SELECT FROM pg_stat_replication)"
)


class Doubt:
    """When a connection of a process was last given up as nothing came: the others may carry nothing any more, either.

    A firewall that lost its table, or a proxy that stands still, silences all that are open at once. Each costs a
    person six seconds if it is found out one after the other.
    """

    since = 0.0  # `monotonic`


class Connection(psycopg.Connection[Any]):
    """One on which nobody waits for ever. A COMMIT that waits for a standby, say, knows no statement_timeout."""

    patience: float | None = ANSWER_S  # seconds; None: as long as it takes
    lasting = ""  # what it had as synchronous_commit
    doubt, heard = Doubt(), 0.0  # what all of a server share; when this one was opened, or answered in doubt

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """The answer. Errors: `psycopg.OperationalError`; the connection is closed, what was asked in doubt."""
        try:
            return super().wait(gen, interval, timeout or self.patience)
        except psycopg.errors._WaitTimeout:
            self.give_up()
            raise psycopg.OperationalError(f"timeout expired: no answer within {self.patience} s") from None

    def give_up(self) -> None:
        """Close it, as no answer came; whatever else was open is asked before it is used."""
        self.pgconn.finish()
        if self.patience != HEARD_S:
            self.doubt.since = monotonic()

    def is_silent(self) -> bool:
        """Whether nothing comes any more; it is asked once, and only where another one was given up since."""
        if self.heard >= self.doubt.since:
            return False
        patience, self.patience = self.patience, HEARD_S
        try:
            self.execute("SELECT 1", prepare=False)
        except psycopg.Error:
            return True
        finally:
            self.patience = patience
        self.heard = monotonic()
        return False


class Server:
    """Where the database is. The host that answered last is asked first: another thread waits for no dead one.

    Where none answers in time, one thread at a time tries, once a second, and the others hear at once that it is away:
    else all of them would stand there, and nobody would answer whoever asks whether this process lives.
    """

    def __init__(self, url: str) -> None:
        said = asked_of(url)
        limit = f"-c statement_timeout={STATEMENT_MS} {said.get('options') or ''}".strip()
        # Where a change must last, its transaction says so. A database that fails over loses what no standby has, so
        # there every commit waits as the server's administrator has it. That it does, the server knows, too: it may
        # stand behind one name, such as an address that moves.
        self._waits = _are_several(said) or "synchronous_commit" in limit
        self._params: dict[str, Any] = {"connect_timeout": CONNECT_S, **_SILENT, **said, "options": limit}
        self._trying, self._again_at, self._why = threading.Lock(), 0.0, ""
        self._doubt = Doubt()

    def connect(self) -> Connection:
        """A connection that commits each statement. Errors: `psycopg.Error`."""
        if not self._why:
            return self._opened()
        if monotonic() < self._again_at or not self._trying.acquire(blocking=False):
            raise psycopg.OperationalError(self._why)
        try:
            return self._opened()
        finally:
            self._trying.release()

    def _opened(self) -> Connection:
        begun = monotonic()
        try:
            connection = Connection.connect(make_conninfo("", **self._params), autocommit=True, prepare_threshold=None)
        except psycopg.OperationalError as error:
            ended = monotonic()  # a server that says no at once costs nobody anything
            self._again_at, self._why = ended + AGAIN_S, str(error) if ended - begun >= AGAIN_S else ""
            raise
        self._why = ""
        connection.doubt, connection.heard = self._doubt, monotonic()
        self._params = _first(self._params, connection)
        try:
            ((connection.lasting, has_standby),) = connection.execute(_STANDING).fetchall()
            if not (self._waits or has_standby):
                connection.execute("SET synchronous_commit=off")
        except BaseException:
            connection.close()
            raise
        return connection


def asked_of(url: str) -> dict[str, Any]:
    """What libpq is asked for. Of several hosts the one that takes writes, unless the URL says otherwise: after a
    fail-over a standby would answer with what was ended since, and refuse every change.
    """
    said: dict[str, Any] = dict(conninfo_to_dict(plain(url)))
    return {"target_session_attrs": "read-write", **said} if _are_several(said) else said


def _are_several(said: dict[str, Any]) -> bool:
    return any("," in str(said.get(name) or "") for name in ("host", "hostaddr"))


def plain(url: str) -> str:
    """A URL as libpq takes it: without the name of a driver."""
    return re.sub(r"^postgresql\+\w+://", "postgresql://", url)


def _first(params: dict[str, Any], connection: Connection) -> dict[str, Any]:
    """The same, with the host of a connection before the others."""
    hosts, ports = (str(params.get(name) or "").split(",") for name in ("host", "port"))
    if len(hosts) < 2 or params.get("hostaddr"):
        return params
    pairs = list(zip(hosts, ports * len(hosts) if len(ports) == 1 else ports, strict=True))
    pairs.sort(key=lambda pair: (pair[0], pair[1] or "5432") != (connection.info.host, str(connection.info.port)))
    return {**params, "host": ",".join(host for host, _ in pairs), "port": ",".join(port for _, port in pairs)}
