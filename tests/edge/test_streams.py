"""B4, N4: an answer that is made while it is sent: at its reader's pace, and whole only when it is."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from signal import SIGTERM

import pytest

from idp.cli.workers import listen
from idp.serving.server import HAND_OVER, _let_others_accept
from idp.serving.streams import MAX_STREAMS
from tests.backends import find_free_port

PROGRAM = """
import sys
from idp.config.server import Server
from idp.serving.connections import Limits
from idp.cli.workers import listen
from idp.serving.server import serve

made = ended = 0

def endless():
    global ended
    try:
        while True:
            yield b"x" * 65536
    finally:
        ended += 1

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
    if path in ("/made", "/ended"):
        body = str(made if path == "/made" else ended).encode()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]
    start_response("200 OK", [("Content-Type", "text/csv")])
    if path == "/few":
        return iter([b"a,b\\n", b"1,2\\n"])
    if path == "/endless":
        return endless()
    if path == "/none":
        return iter([])
    if path == "/at-once":
        return iter(lambda: 1 // 0, None)
    return pieces(path)

reader_seconds, stream_seconds = map(float, sys.argv[2:])
limits = Limits(
    10, 10, 30, 100, 50, reader_seconds=reader_seconds, stream_seconds=stream_seconds,
    ending=lambda: print("ending", flush=True),
)
serve(app, listen("127.0.0.1", int(sys.argv[1]), 1024, None), Server.model_fields["threads"].default, limits)
"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The edge as it is run, before an application of these tests."""
    with served() as port:
        yield port


@contextmanager
def served(reader_seconds: float = 60, stream_seconds: float = 600) -> Iterator[int]:
    """The same with other limits."""
    with running(reader_seconds, stream_seconds) as (port, _):
        yield port


@contextmanager
def running(reader_seconds: float = 60, stream_seconds: float = 600) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """The same with its process, which says when it takes nothing more."""
    port = find_free_port()
    arguments = (str(port), str(reader_seconds), str(stream_seconds))
    with subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, text=True) as server:
        try:
            while server.poll() is None and not _listens(port):
                time.sleep(0.02)
            yield port, server
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


def number(port: int, path: str) -> int:
    """What the application says in a number."""
    return int(said(port, path).rpartition(b"\r\n\r\n")[2])


def begun(port: int, path: str) -> socket.socket:
    """A stream whose reader takes the first bytes and no more."""
    connection = ask(port, path)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    assert connection.recv(15) == b"HTTP/1.1 200 OK"
    return connection


@pytest.mark.slow
def test_b4_no_more_is_made_than_its_reader_takes(port: int) -> None:
    with begun(port, "/long"):
        before, made = -1, 0
        while before != made:  # until it stands still
            time.sleep(0.2)
            before, made = made, number(port, "/made")
        assert made < 1000, "granian and the kernel hold some megabytes, and nobody the rest"


@pytest.mark.slow
def test_n4_ten_slow_readers_take_no_thread_from_anybody(port: int) -> None:
    """With the threads of the default installation, of which there are fewer than readers."""
    with ExitStack() as stack:
        slow = [stack.enter_context(begun(port, "/endless")) for _ in range(10)]
        for _ in range(20):
            assert all(one.recv(100) for one in slow)
            assert said(port, "/made").startswith(b"HTTP/1.1 200")
        assert said(port, "/few").endswith(b"0\r\n\r\n"), "and another file is fetched meanwhile"


@pytest.mark.slow
def test_n4_files_beyond_the_places_are_refused_and_a_place_is_free_when_its_reader_has_gone(port: int) -> None:
    _until(lambda: said(port, "/few").endswith(b"0\r\n\r\n"))  # those of other tests have ended
    ended = number(port, "/ended")
    with ExitStack() as stack:
        heads = [stack.enter_context(ask(port, "/endless")).recv(12) for _ in range(MAX_STREAMS + 4)]
        assert heads.count(b"HTTP/1.1 200") <= MAX_STREAMS
        assert heads[-1] == b"HTTP/1.1 503"
        assert said(port, "/few").startswith(b"HTTP/1.1 503")
        assert said(port, "/made").startswith(b"HTTP/1.1 200")
        many = heads.count(b"HTTP/1.1 200")
    _until(lambda: number(port, "/ended") >= ended + many)
    _until(lambda: said(port, "/few").endswith(b"0\r\n\r\n"))


@pytest.mark.slow
@pytest.mark.parametrize(("reader_seconds", "stream_seconds"), [(1, 600), (600, 2)])
def test_n4_a_reader_who_only_trickles_is_broken_off(reader_seconds: float, stream_seconds: float) -> None:
    with served(reader_seconds, stream_seconds) as port, begun(port, "/endless") as slow:
        heard = b"-"

        def is_over() -> bool:
            nonlocal heard
            with suppress(OSError):
                heard = slow.recv(1000) or heard
            return number(port, "/ended") == 1

        _until(is_over)
        assert not heard.endswith(b"0\r\n\r\n")
        assert said(port, "/few").endswith(b"0\r\n\r\n")


@pytest.mark.slow
@pytest.mark.parametrize("signal", [HAND_OVER, SIGTERM])
def test_G4_a_file_that_is_being_fetched_is_finished_by_the_process_that_ends(signal: int) -> None:
    with running() as (port, server), begun(port, "/long") as reader:
        server.send_signal(signal)
        assert server.stdout is not None
        assert server.stdout.readline() == "ending\n"
        _until(lambda: not _listens(port))  # granian ends its accepting in a moment of its own
        assert server.poll() is None
        heard, last = 0, b""
        while piece := reader.recv(1 << 20):
            heard, last = heard + len(piece), (last + piece)[-5:]
        assert (heard > 2000 * 65536, last) == (True, b"0\r\n\r\n")
        assert server.wait(30) == 0


def test_G5_only_the_socket_that_is_handed_over_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of another file system may have its number, and another kind of file may, too."""
    asked = os.fstat
    with listen("127.0.0.1", find_free_port(), 8, None) as listening, (tmp_path / "file").open("wb+") as file:
        same = asked(listening.fileno())

        def fstat(number: int) -> os.stat_result:
            found = asked(number)
            return os.stat_result((found[0], same.st_ino, *found[2:])) if number == file.fileno() else found

        copy = listening.dup()
        monkeypatch.setattr(os, "fstat", fstat)
        _let_others_accept(listening)
        monkeypatch.undo()
        os.write(file.fileno(), b"it is still itself")
        assert (tmp_path / "file").read_bytes() == b"it is still itself"
        assert asked(copy.fileno()).st_ino != same.st_ino
        copy.close()


@pytest.mark.parametrize(("where", "what"), [(socket, "create_server"), (os, "listdir")])
def test_H3_a_process_without_a_file_left_ends_in_order_all_the_same(
    monkeypatch: pytest.MonkeyPatch, where: object, what: str
) -> None:
    def none_left(*_: object) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    with listen("127.0.0.1", find_free_port(), 8, None) as listening, monkeypatch.context() as patched:
        patched.setattr(where, what, none_left)
        _let_others_accept(listening)
        assert listening.fileno() >= 0


def _until(holds: Callable[[], bool], most: int = 3000) -> None:
    for _ in range(most):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("it never came")
