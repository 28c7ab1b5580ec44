"""What httpcore talks through: the address that was checked is the one connected to, all within one deadline."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Sequence
from typing import Any


class Wire:
    """What httpcore connects and talks through (its NetworkBackend and NetworkStream in one, for one connection).

    It goes to the checked addresses whatever name it is told, and not past the deadline, however slowly bytes drip.
    """

    def __init__(self, addresses: Sequence[str], deadline: float) -> None:
        self._addresses, self._deadline = addresses, deadline
        self._socket: Any = None

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def connect_tcp(self, host: str, port: int, **_: object) -> Wire:
        for tried, address in enumerate(self._addresses):
            share = self._left() / (len(self._addresses) - tried)
            with contextlib.suppress(OSError):
                self._socket = socket.create_connection((address, port), share)
                return self
        raise ConnectionError

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, **_: object) -> Wire:
        self._socket.settimeout(self._left())
        self._socket = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        return self

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._socket.settimeout(self._left())
        data: bytes = self._socket.recv(max_bytes)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)
        while rest:
            self._socket.settimeout(self._left())
            rest = rest[self._socket.send(rest) :]

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        return self._socket if info == "ssl_object" and isinstance(self._socket, ssl.SSLSocket) else None
