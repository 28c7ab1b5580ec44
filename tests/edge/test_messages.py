"""Requests at the edge of HTTP/1.1: one reading of each, and a clear answer. N4."""

from __future__ import annotations

import re

import pytest

from tests.edge.conftest import FORM, ask, connect, get, said
from tests.server import Server

pytestmark = pytest.mark.slow
POST = b"POST /oauth/token HTTP/1.1\r\n" + FORM
CLOSE = b"Connection: close\r\n"
MISSING = b"grant_type is missing"


def is_alive(server: Server) -> bool:
    return ask(server, get(b"/readyz"))[0] == 200


@pytest.mark.spec("RFC9112 7.1")
@pytest.mark.parametrize(
    "sent",
    [
        CLOSE + b"Content-Length: 4\r\n\r\na=bc",
        CLOSE + b"Transfer-Encoding: chunked\r\n\r\n2\r\na=\r\n2;x=y\r\nbc\r\n0\r\n\r\n",
        CLOSE + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 20_000 + b"0\r\n\r\n",
        CLOSE + b"Transfer-Encoding: chunked\r\n\r\n4\r\na=bc\r\n0\r\nTrailer: x\r\n\r\n",
        CLOSE + b"Content-Length: 0\r\n\r\n",
        CLOSE + b"\r\n",
    ],
    ids=["announced", "chunked", "20,000 chunks", "trailer", "empty", "none"],
)
def test_N4_bodies_are_read_however_they_are_framed(server: Server, sent: bytes) -> None:
    status, answer = ask(server, POST + sent)
    assert status == 400
    assert MISSING in answer, "the form was read"


@pytest.mark.spec("RFC9112 6.3")
@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 4\r\nContent-Length: 5\r\n", b"Content-Length: 4, 4\r\n", b"Content-Length: +4\r\n",
        b"Content-Length: -4\r\n", b"Content-Length: 0x4\r\n", b"Content-Length: 4 4\r\n",
        b"Content-Length: 99999999999999999999999\r\n", b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding: xchunked\r\n", b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    ],
)  # fmt: skip
def test_N4_lengths_that_two_readers_could_read_differently_are_refused(server: Server, lines: bytes) -> None:
    status, answer = ask(server, POST + lines + b"\r\na=bcGET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert status == 400
    assert answer.count(b"HTTP/1.1 ") == 1, "what follows is no second request"
    assert is_alive(server)


@pytest.mark.spec("RFC9112 6.3")
@pytest.mark.parametrize("turned", [False, True])
def test_N4_a_length_beside_chunks_smuggles_nothing(server: Server, turned: bool) -> None:
    lines = [b"Content-Length: 4\r\n", b"Transfer-Encoding: chunked\r\n"]
    sent = b"".join(lines[::-1] if turned else lines) + b"\r\n0\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"
    status, answer = ask(server, POST + sent)
    assert status == 400
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b'"ready"' not in answer


@pytest.mark.spec("RFC9110 15.5.14")
@pytest.mark.parametrize(
    "sent",
    [
        b"Content-Length: 131073\r\n\r\n" + b"a" * 131073,
        b"Content-Length: 1000000\r\n\r\n" + b"a" * 1_000_000,
        b"Content-Length: 99999999999\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n30000\r\n" + b"a" * 0x30000 + b"\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b"a" * 0x10000 + b"\r\n") * 40,
    ],
    ids=["by one", "a megabyte", "announced only", "chunked", "chunked without end"],
)
def test_N4_a_body_that_is_too_large_is_answered_413(server: Server, sent: bytes) -> None:
    status, answer = ask(server, POST + CLOSE + sent)
    assert status == 413, answer
    assert b"the body has more than 131072 bytes" in answer
    assert is_alive(server)


def test_u1_a_file_may_be_large_where_one_is_taken_from_somebody_with_a_session_alone(server: Server) -> None:
    head = (
        b"POST /admin/people/import HTTP/1.1\r\nHost: %s\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        % (
            re.search(rb"Host: ([^\r]+)", POST)[1]  # type: ignore[index]
        )
    )
    file = b"Content-Length: 3000000\r\n\r\n" + b"a" * 3_000_000
    cookie = b"Cookie: doorward_session=made.up\r\n"
    assert ask(server, head + CLOSE + file)[0] == 200  # told to sign in: nothing of it was kept
    assert ask(server, head + CLOSE + cookie + file)[0] == 200  # the sign-in page: the file was not read
    assert ask(server, POST + CLOSE + cookie + file)[0] == 413
    announced = b"Content-Length: 11000000\r\n\r\n"
    assert ask(server, head + CLOSE + cookie + announced)[0] == 200
    assert is_alive(server)


def test_N4_a_body_of_just_the_most_bytes_is_read(server: Server) -> None:
    assert MISSING in ask(server, POST + CLOSE + b"Content-Length: 131072\r\n\r\na=" + b"b" * 131070)[1]


@pytest.mark.spec("RFC9110 10.1.1")
def test_N4_who_waits_for_a_100_gets_it_and_not_for_what_is_too_large(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(POST + CLOSE + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"a=bc")
        assert MISSING in said(connection)
    with connect(server) as connection:
        connection.sendall(POST + CLOSE + b"Expect: 100-continue\r\nContent-Length: 5000000\r\n\r\n")
        assert said(connection).startswith(b"HTTP/1.1 413 ")


def test_N4_a_body_that_ends_early_is_said_to_have(server: Server) -> None:
    import socket

    with connect(server) as connection:
        connection.sendall(POST + b"Content-Length: 10\r\n\r\na=")
        connection.shutdown(socket.SHUT_WR)
        heard = said(connection)
        assert heard.startswith(b"HTTP/1.1 400 ")
        assert b"ended early" in heard
    assert ask(server, POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\na=\r\n")[0] == 400
    assert is_alive(server)


@pytest.mark.spec("RFC9112 3.2")
def test_N4_two_hosts_are_one_too_many(server: Server) -> None:
    assert ask(server, get(b"/readyz", b"Host: other.example"))[0] == 400


@pytest.mark.spec("RFC9110 9.3.2")
def test_N4_HEAD_has_no_content_and_the_connection_goes_on(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(get(b"/help", end=b"").replace(b"GET", b"HEAD", 1) + get(b"/readyz"))
        heard = said(connection)
    assert heard.count(b"HTTP/1.1 200 ") == 2, "pipelined requests are answered in turn (RFC 9112 §9.3.2)"
    assert b"<html" not in heard
    assert heard.endswith(b'{"status":"ready"}')


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/read%79z", 200), (b"/%72eadyz", 200), (b"/readyz%00", 404), (b"/./readyz", 404), (b"/x/../readyz", 404),
        (b"/%2e%2e/etc/passwd", 404), (b"/static/..%2fapp.py", 404), (b"/%ff%fe", 404), (b"/%zz", 404), (b"*", 404),
        (b"http://evil.example/readyz", 200), (b"/" + b"a" * 20_000, 404),
    ],
)  # fmt: skip
def test_N4_paths_are_decoded_once_and_not_tidied(server: Server, path: bytes, expected: int) -> None:
    assert ask(server, get(path))[0] == expected


def test_N4_a_head_that_does_not_end_is_refused(server: Server) -> None:
    status, _ = ask(server, b"GET /readyz HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"a" * 600_000)
    assert status in (400, 431)
    assert ask(server, get(b"/readyz", *(b"X-%d: 1" % n for n in range(200))))[0] == 431
    assert is_alive(server)


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00\x01\x00\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x00" * 100]
)
def test_N4_other_protocols_get_no_answer_of_ours_and_harm_nothing(server: Server, sent: bytes) -> None:
    assert ask(server, sent)[0] in (0, 400)
    assert is_alive(server)
