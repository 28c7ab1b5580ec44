"""A server that closes early, and raw connections to it."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.server import Server

FORM = b"Host: login.example\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """The provider as it is run, with deadlines that a test can wait for; no proxy is trusted."""
    opened = Server(os.getpid(), server={"trusted_proxies": [], "head_seconds": 2, "body_seconds": 2})
    yield opened
    opened.close()


def connect(server: Server) -> socket.socket:
    """A connection, silent as yet."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


def said(connection: socket.socket) -> bytes:
    """All that comes until the end of the connection. Errors: `TimeoutError` where it does not end."""
    heard = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65536):
            heard += piece
    return heard


def ask(server: Server, request: bytes) -> tuple[int, bytes]:
    """Send bytes as they stand; status and all of the answer."""
    with connect(server) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(request)
        heard = said(connection)
    return (int(heard.split(b" ", 2)[1]) if heard else 0), heard


def get(path: bytes, *lines: bytes, end: bytes = b"Connection: close\r\n") -> bytes:
    """A GET with further header lines."""
    return b"GET %s HTTP/1.1\r\nHost: login.example\r\n%s%s\r\n" % (path, b"".join(x + b"\r\n" for x in lines), end)


def addresses(server: Server, **about: Any) -> list[str | None]:
    """Where the refused requests came from, oldest first."""
    return [event.address for event in server.events("error:unknown_client")]


class Asked:
    """A request as granian hands it over, and what was answered."""

    def __init__(self, path: bytes, port: str) -> None:
        self.scope = {
            "raw_path": path, "query_string": b"", "headers": [], "method": "GET", "server": ("127.0.0.1", "8000"),
            "client": ("127.0.0.1", port),
        }  # fmt: skip
        self.answered = threading.Event()
        self.status = 0
        self.proto = self

    def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.answered.set()

    def done(self) -> None:
        self.status = 500
        self.answered.set()
