"""Octets beyond ASCII in headers that are not ours lock nobody out. N1."""

from __future__ import annotations

import secrets

import pytest

from idp.serving.environ import environ_of
from idp.wire import Request
from tests.edge.conftest import ask, connect, get, said
from tests.server import Server

pytestmark = pytest.mark.slow
FOREIGN = {
    "UTF-8": "Jürgen".encode(), "Latin-1": "Jürgen".encode("latin-1"), "Shift JIS": "ユーザー".encode("shift_jis"),
    "no text at all": bytes(range(0x80, 0x100)), "quoted": b'"\xc3\xbc;\xc3\xbc"', "many": b"\xf0\x9f\xa6\x8a" * 500,
}  # fmt: skip
HEADERS = (
    "User-Agent", "Referer", "Accept", "Accept-Language", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Origin",
    "If-None-Match", "Via", "X-Request-Id", "Accept-Encoding", "Sec-Fetch-Site", "DPoP", "X-Jürgen",
)  # fmt: skip


@pytest.mark.spec("RFC6265 5.4")
@pytest.mark.parametrize("octets", FOREIGN.values(), ids=FOREIGN)
def test_N1_a_cookie_of_another_application_locks_nobody_out(server: Server, octets: bytes) -> None:
    server.add_person(name := secrets.token_hex(4))
    crm = server.add_client("CRM")
    browser = server.browser()
    browser.cookies["user"] = octets.decode("latin-1")
    assert server.sign_in(browser, crm, name).code, "signed in with the cookie"
    assert server.authorize(browser, crm).code, "and the session is seen"
    assert "blocks cookies" not in browser.get("help").text


@pytest.mark.spec("RFC6265 5.4")
def test_N1_cookies_in_several_lines_are_all_read() -> None:
    scope = {
        "raw_path": b"/%C3%BC", "query_string": b"", "method": "GET", "server": ("::1", "80"), "client": ("::1", "5"),
        "headers": [
            (b"cookie", b"a=\xfc; b=1"), (b"x-y", b"1"), (b"cookie", b"c=\xc3\xbc"), (b"x-y", b"2"), (b"x_y", b"3"),
        ],
    }  # fmt: skip
    request = Request(environ_of(scope))
    assert request.cookies == {"a": "\xfc", "b": "1", "c": "\xc3\xbc"}
    assert (request.header("X-Y"), request.path) == ("1, 2", "/ü")


@pytest.mark.spec("RFC9110 5.5")
@pytest.mark.parametrize("name", HEADERS)
def test_N1_other_headers_may_have_any_octets(server: Server, name: str) -> None:
    for octets in FOREIGN.values():
        line = (name.replace("ü", "u") + ": ").encode() + octets
        for path, expected in ((b"/readyz", 200), (b"/help", 200), (b"/oauth/authorize?client_id=x", 400)):
            assert ask(server, get(path, line))[0] == expected, (name, octets, path)


@pytest.mark.parametrize(
    "line", [b"Authorization: Basic \xfc", b"Authorization: Bearer \xfc\xff", b"Authorization: \xfc x", b"DPoP: \xfc"]
)
def test_N1_credentials_of_any_octets_are_wrong_and_no_crash(server: Server, line: bytes) -> None:
    form = b"grant_type=client_credentials&token=x"
    lines = [line, b"Content-Type: application/x-www-form-urlencoded", b"Content-Length: %d" % len(form)]
    for path in (b"/oauth/token", b"/oauth/introspect", b"/oauth/revoke", b"/oauth/userinfo"):
        status, answer = ask(server, get(path, *lines).replace(b"GET", b"POST", 1) + form)
        assert status in (400, 401), answer


@pytest.mark.parametrize("name", ["doorward_browser", "doorward_session", "doorward_device", "doorward_language"])
def test_N1_our_own_cookies_with_foreign_octets_are_nobodys(server: Server, name: str) -> None:
    line = f"Cookie: {name}=".encode() + b"\xc3\xbc.\xff"
    for path, expected in ((b"/help", 200), (b"/", 200), (b"/oauth/authorize?client_id=x", 400), (b"/logout", 0)):
        status, answer = ask(server, get(path, line))
        assert status == expected or (not expected and status < 500), answer


def test_N1_a_query_of_octets_is_UTF_8_or_refused(server: Server) -> None:
    assert ask(server, get(b"/help?x=J\xc3\xbcrgen"))[0] == 200
    status, answer = ask(server, get("/oauth/authorize?client_id=Jürgen".encode()))
    assert (status, "Jürgen".encode("latin-1") in answer) == (400, False)
    assert ask(server, get(b"/oauth/authorize?client_id=J\xfcrgen"))[0] == 400
    assert ask(server, get(b"/\xc3\xbc\xfc"))[0] in (400, 404)


def test_N1_octets_that_end_a_line_are_no_header(server: Server) -> None:
    for line in (b"X: a\x00b", b"X: a\rb", b"X\xfc: a", b"X : a", b" X: a"):
        with connect(server) as connection:
            connection.sendall(get(b"/readyz", line))
            assert said(connection).split(b"\r\n")[0].endswith(b"400 Bad Request"), line
