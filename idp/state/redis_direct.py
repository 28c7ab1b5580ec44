"""One connection to Redis for each thread, asked without what its client does for everybody else.

Who the master is, connecting, timeouts and reading are redis-py's connection's; its client around it (pool, retries,
hooks and measures of its own) takes longer than the command, and nothing of it is wanted here.
"""

from __future__ import annotations

import select
import threading
from typing import Any, Final

import redis

_WORD: Final = b"$%d\r\n%b\r\n"


class Direct:
    """See `idp.state.redis_clients`: no command is sent twice, and a connection closed while idle is noticed first."""

    def __init__(self, client: redis.Redis) -> None:
        self._pool, self._local = client.connection_pool, threading.local()

    def ask(self, *words: str | bytes | int) -> Any:
        """The reply, as Redis says it. Errors: `redis.RedisError`; the connection is closed where it may be at odds."""
        octets = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        packed = b"*%d\r\n" % len(octets) + b"".join([_WORD % (len(word), word) for word in octets])
        connection = self._ready()
        try:
            connection.send_packed_command([packed], check_health=False)
            return connection.read_response()
        except redis.ResponseError:  # it was read whole
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
        elif connection._sock is not None and self._local.ended.poll(0):
            connection.disconnect()  # by the server, while nobody asked
        if connection._sock is None:
            connection.connect()
            self._local.ended = select.poll()
            self._local.ended.register(_socket_of(connection), select.POLLIN)
        return connection


def _socket_of(connection: Any) -> int:
    return int(connection._sock.fileno())
