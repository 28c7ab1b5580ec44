"""Who is slow, or silent, stops nobody else. N4, G5."""

from __future__ import annotations

import contextlib
import http.client
import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.edge.conftest import FORM, ask, connect, get, said
from tests.server import Server

pytestmark = pytest.mark.slow
HALF = b"POST /oauth/token HTTP/1.1\r\n" + FORM + b"Content-Length: 1000\r\n\r\na"
CHUNKS = b"POST /login HTTP/1.1\r\n" + FORM + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n"


@contextmanager
def held(server: Server, many: int, first: bytes) -> Iterator[list[socket.socket]]:
    """So many connections with what they have said so far."""
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(server)) for _ in range(many)]
        for connection in connections:
            connection.sendall(first)
        yield connections


@pytest.fixture(scope="module")
def patient() -> Iterator[Server]:
    """A provider that gives up a body later than we give up an answer."""
    opened = Server(os.getpid(), server={"trusted_proxies": [], "body_seconds": 120})
    yield opened
    opened.close()


@pytest.mark.parametrize("first", [HALF, CHUNKS], ids=["announced", "chunked"])
def test_N4_a_hundred_slow_bodies_hold_no_thread(patient: Server, first: bytes) -> None:
    with held(patient, 100, first) as connections:
        time.sleep(0.3)
        for _ in range(20):
            assert ask(patient, get(b"/readyz"))[0] == 200
        assert select.select(connections, [], [], 0)[0] == [], "before any body was given up"


@pytest.mark.spec("RFC9110 15.5.9")
@pytest.mark.parametrize("first", [HALF, CHUNKS], ids=["announced", "chunked"])
def test_N4_a_body_that_trickles_is_answered_408_in_time(server: Server, first: bytes) -> None:
    with held(server, 1, first) as (slow,):
        begun = time.monotonic()
        slow.settimeout(0.2)
        heard = b""
        while not heard and time.monotonic() - begun < 20:
            with contextlib.suppress(TimeoutError):
                heard = slow.recv(65536)
            with contextlib.suppress(OSError):
                slow.sendall(b"a" if first is HALF else b"1\r\na\r\n")
        assert heard.startswith(b"HTTP/1.1 408 ")
        assert b"took longer than 2 s" in heard + (b"" if heard.endswith(b"\n") else said(slow))
        assert 1.5 < time.monotonic() - begun < 15


@pytest.mark.parametrize(
    "first", [b"", b"G", b"GET /oauth/auth", b"GET / HTTP/1.1\r\nHost: x\r\nX: "], ids=["nothing", "G", "line", "head"]
)
def test_N4_a_connection_that_does_not_come_to_the_point_is_closed(server: Server, first: bytes) -> None:
    with held(server, 1, first) as (silent,):
        begun = time.monotonic()
        silent.settimeout(20)
        assert said(silent) == b""
        assert 1.5 < time.monotonic() - begun < 15


def test_N4_a_thousand_half_heads_leave_room_for_others(server: Server) -> None:
    with held(server, 1024, b"GET /oauth/auth"):
        assert ask(server, get(b"/readyz"))[0] == 200


def test_N4_one_address_has_its_share_of_the_places(server: Server) -> None:
    """A connection that was answered is not the one that goes."""
    kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    kept.request("GET", "/readyz")
    kept.getresponse().read()
    ours = kept.sock
    with held(server, 600, b"") as connections:
        closed = 0
        until = time.monotonic() + 15
        while closed < 340 and time.monotonic() < until:
            time.sleep(0.1)
            closed = sum(_is_closed(connection) for connection in connections)
        assert closed >= 340, "256 for one address"
        kept.request("GET", "/readyz")
        assert kept.getresponse().read()
        assert kept.sock is ours, "the same connection"
    kept.close()


def _is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def test_N4_a_request_that_takes_its_time_is_not_cut(server: Server) -> None:
    """The body comes in pieces, slower than a head may come; the whole is within its own time."""
    with connect(server) as slow:
        slow.sendall(b"POST /oauth/token HTTP/1.1\r\n" + FORM + b"Connection: close\r\nContent-Length: 4\r\n\r\n")
        for piece in (b"a", b"=", b"b", b"c"):
            time.sleep(0.3)
            slow.sendall(piece)
        assert said(slow).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("first", [b"", b"GET /oauth/auth", HALF], ids=["silent", "half a head", "half a body"])
def test_N4_G5_who_is_slow_does_not_hold_up_the_end(first: bytes) -> None:
    server = Server(os.getpid(), server={"body_seconds": 3})
    try:
        with held(server, 5, first):
            time.sleep(0.5)
            begun = time.monotonic()
            assert server.process is not None
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(30) == 0
            assert time.monotonic() - begun < 10
    finally:
        server.close()


def test_G5_no_request_is_lost_at_a_graceful_end() -> None:
    import threading

    server = Server(os.getpid())
    try:
        answered, broken = [], []
        going = threading.Event()

        def ask_on() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            form = b"grant_type=client_credentials"
            while True:
                try:
                    if connection.sock is None:
                        connection.connect()
                except ConnectionRefusedError:
                    return  # it does not listen any more
                try:
                    connection.request(
                        "POST", "/oauth/token", form, {"Content-Type": "application/x-www-form-urlencoded"}
                    )
                    response = connection.getresponse()
                    response.read()
                    answered.append(response.status)
                    going.set()
                except (OSError, http.client.HTTPException) as error:
                    # An idle connection may be closed as we write: a client asks again (RFC 9112 §9.3.1, §9.5).
                    broken.append(repr(error))
                    connection.close()

        threads = [threading.Thread(target=ask_on) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert going.wait(30)
        time.sleep(0.5)
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
        for thread in threads:
            thread.join(30)
        assert set(answered) == {400} or set(answered) == {401}
        assert len(broken) <= 4, "at most the one that met the end of an idle connection, for each client"
    finally:
        server.close()
