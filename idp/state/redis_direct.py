"""One connection to Redis for each thread, asked without what its client does for everybody else.

Who the master is, connecting, timeouts and reading are redis-py's connection's; its client around it (pool, retries,
hooks and measures of its own) takes longer than the command, and nothing of it is wanted here.
"""

from __future__ import annotations

import contextlib
import select
import threading
from time import monotonic
from typing import Any, Final

import redis
from redis.exceptions import MasterDownError
from redis.sentinel import SentinelConnectionPool

LOOK_S: Final = 1.0  # how long the Sentinels' last word on who the master is counts, seconds
_WORD: Final = b"$%d\r\n%b\r\n"
#: How a server says that it takes no changes (any more), or none that would last; nothing was done then. redis-py has
#: classes for some of these words, and takes them off the text, unless they stand in its middle, as a script's do.
_REPLACED: Final = (redis.ReadOnlyError, MasterDownError)
_WORDS: Final = ("READONLY", "NOREPLICAS", "MASTERDOWN")


class Direct:
    """See `idp.state.redis_clients`: no command is done twice, and a connection closed while idle is noticed first."""

    def __init__(self, client: redis.Redis) -> None:
        self._pool, self._local = client.connection_pool, threading.local()
        self._master = _Master(self._pool) if isinstance(self._pool, SentinelConnectionPool) else None

    def ask(self, *words: str | bytes | int) -> Any:
        """The reply, as Redis says it. Errors: `redis.RedisError`; the connection is closed where it may be at odds."""
        octets = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        packed = b"*%d\r\n" % len(octets) + b"".join([_WORD % (len(word), word) for word in octets])
        try:
            return self._asked(packed)
        except redis.RedisError as error:
            if not is_replaced(error):
                raise
            if self._master is not None:
                self._master.forget()
            return self._asked(packed)  # of whoever stands there now: it was refused, so it is not done twice

    def _asked(self, packed: bytes) -> Any:
        connection = self._ready()
        try:
            connection.send_packed_command([packed], check_health=False)
            return connection.read_response()
        except redis.ResponseError as error:  # it was read whole
            if is_replaced(error):
                connection.disconnect()
            raise
        except BaseException:
            connection.disconnect()
            raise

    def close(self) -> None:
        """Let go of this thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            self._local.connection = None
            connection.disconnect()

    def _ready(self) -> Any:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._pool.connection_class(**self._pool.connection_kwargs)
        elif connection._sock is not None and (self._local.ended.poll(0) or self._is_left(connection)):
            connection.disconnect()  # it was closed by the server while nobody asked, or is no master's any more
        if connection._sock is None:
            connection.connect()
            self._local.ended = select.poll()
            self._local.ended.register(_socket_of(connection), select.POLLIN)
        return connection

    def _is_left(self, connection: Any) -> bool:
        return self._master is not None and (connection.host, connection.port) != self._master.address()


def _socket_of(connection: Any) -> int:
    return int(connection._sock.fileno())


def is_replaced(error: redis.RedisError) -> bool:
    """Whether another server has to be asked: behind one address, too, where a balancer keeps connections open."""
    if isinstance(error, _REPLACED) or isinstance(error.__context__, redis.ReadOnlyError):  # the latter of a Sentinel's
        return True
    return isinstance(error, redis.ResponseError) and any(word in str(error) for word in _WORDS)


class _Master:
    """Who it is by the Sentinels' word, for connections that are open.

    At the other side of a broken network one that was replaced goes on answering, and takes as unused what was used.
    """

    def __init__(self, pool: SentinelConnectionPool) -> None:
        self._pool, self._looking, self._due = pool, threading.Lock(), 0.0

    def address(self) -> Any:
        """Host and port. One thread looks, once a second; where no Sentinel answers, their last word counts."""
        if monotonic() >= self._due and self._looking.acquire(blocking=False):
            try:
                with contextlib.suppress(redis.RedisError):
                    self._pool.get_master_address()  # type: ignore[no-untyped-call]
            finally:
                self._due = monotonic() + LOOK_S
                self._looking.release()
        return self._pool.master_address

    def forget(self) -> None:
        """Have them asked before the next command."""
        self._due = 0.0
