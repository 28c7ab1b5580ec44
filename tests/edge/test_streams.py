"""B4, N4: an answer that is made while it is sent: at its reader's pace, and whole only when it is."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.backends import find_free_port

PROGRAM = """
import sys
from idp.serving.connections import Limits
from idp.serving.server import serve

made = 0

def pieces(path):
    global made
    made = 0
    for number in range(2000):
        if path == "/broken" and number == 3:
            raise ZeroDivisionError
        made += 1
        yield b"x" * 65536

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/made":
        body = str(made).encode()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]
    start_response("200 OK", [("Content-Type", "text/csv")])
    if path == "/few":
        return iter([b"a,b\\n", b"1,2\\n"])
    if path == "/none":
        return iter([])
    if path == "/at-once":
        return iter(lambda: 1 // 0, None)
    return pieces(path)

serve(app, "127.0.0.1", int(sys.argv[1]), 8, Limits(10, 10, 10, 100, 50))
"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The edge as it is run, before an application of these tests."""
    port = find_free_port()
    with subprocess.Popen([sys.executable, "-c", PROGRAM, str(port)]) as server:
        try:
            while server.poll() is None and not _listens(port):
                time.sleep(0.02)
            yield port
        finally:
            server.kill()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def ask(port: int, path: str) -> socket.socket:
    """A request whose answer is not read yet."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: login.example\r\nConnection: close\r\n\r\n".encode())
    return connection


def said(port: int, path: str) -> bytes:
    """All of an answer."""
    heard = b""
    with ask(port, path) as connection:
        while piece := connection.recv(1 << 20):
            heard += piece
    return heard


@pytest.mark.slow
@pytest.mark.spec("RFC 9112 §7.1")
def test_b4_an_answer_of_unknown_length_comes_in_chunks_with_an_end(port: int) -> None:
    head, _, body = said(port, "/few").partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head.lower()
    assert body == b"4\r\na,b\n\r\n4\r\n1,2\n\r\n0\r\n\r\n"
    head, _, body = said(port, "/none").partition(b"\r\n\r\n")
    assert (head.startswith(b"HTTP/1.1 200"), body in (b"", b"0\r\n\r\n")) == (True, True)


@pytest.mark.slow
@pytest.mark.spec("RFC 9112 §8")
def test_b4_what_fails_on_the_way_is_not_taken_for_whole(port: int) -> None:
    heard = said(port, "/broken")
    assert heard.count(b"x" * 65536) == 3
    assert not heard.endswith(b"0\r\n\r\n"), "the last chunk says that all is here"
    assert said(port, "/few").endswith(b"0\r\n\r\n"), "and the next one is answered"


@pytest.mark.slow
def test_b4_what_fails_at_once_is_an_error(port: int) -> None:
    assert said(port, "/at-once").startswith(b"HTTP/1.1 500")


@pytest.mark.slow
def test_b4_no_more_is_made_than_its_reader_takes_and_others_are_answered(port: int) -> None:
    with ask(port, "/long") as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        assert silent.recv(15) == b"HTTP/1.1 200 OK"
        made = int(said(port, "/made").rpartition(b"\r\n\r\n")[2])
        assert made < 1000, "the kernel holds some megabytes, and nobody the rest"
        others = [ask(port, "/long") for _ in range(3)]
        for one in others:
            assert one.recv(15) == b"HTTP/1.1 200 OK"
        assert said(port, "/few").startswith(b"HTTP/1.1 503"), "each has a thread, so not many at once"
        assert said(port, "/made").startswith(b"HTTP/1.1 200"), "all else goes on"
        for one in others:
            one.close()
