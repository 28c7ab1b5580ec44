"""The guarded outbound client against real listeners: what must not be reached is not, what is allowed works (S42)."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from idp.http import Outbound, OutboundFailed, OutboundRefused, Target, is_public, parse
from tests.backends import find_free_port

PUBLIC = "198.41.0.4"  # a root name server: nobody answers https there, and the tests do not wait for it

# -- what is watched -------------------------------------------------------------------------------------------------

_connects: list[Any] | None = None


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect" and _connects is not None:
        _connects.append(args[1])


sys.addaudithook(_audit)


@pytest.fixture
def connects() -> Iterator[list[Any]]:
    """Every address that this process connects to, as the interpreter itself reports it."""
    global _connects
    _connects = []
    yield _connects
    _connects = None


@dataclass
class Canary:
    """A listener that must not be reached."""

    port: int
    hits: int = 0


@pytest.fixture
def canary() -> Iterator[Canary]:
    """A listener on the loopback addresses of both families that counts whoever knocks."""
    with socket.create_server(("127.0.0.1", 0)) as four, socket.socket(socket.AF_INET6) as six:
        canary = Canary(four.getsockname()[1])
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        six.bind(("::1", canary.port))
        six.listen()

        def count(listener: socket.socket) -> None:
            while True:
                try:
                    listener.accept()[0].close()
                except OSError:
                    return
                canary.hits += 1

        for listener in (four, six):
            threading.Thread(target=count, args=(listener,), daemon=True).start()
        socket.create_connection(("::1", canary.port)).close()
        socket.create_connection(("127.0.0.1", canary.port)).close()
        while canary.hits < 2:  # it does count
            time.sleep(0.005)
        canary.hits = 0
        yield canary
        time.sleep(0.02)
        for listener in (four, six):
            listener.shutdown(socket.SHUT_RDWR)


# -- servers that are allowed ----------------------------------------------------------------------------------------


@dataclass
class Site:
    """A small web server and what it was asked."""

    port: int
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    server_names: list[str | None] = field(default_factory=list)
    answer: Callable[[BaseHTTPRequestHandler], None] | None = None

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            here.asked.append((self.command, self.path, headers, body))
            if here.answer is not None:
                here.answer(self)
            else:
                reply(self, b'{"keys":[]}')

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Silent: that the client goes away is what some tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        here = Site(server.server_port)
        if tls is not None:
            tls.sni_callback = lambda _socket, name, _context: here.server_names.append(name)
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield here
        server.shutdown()
        thread.join()


def reply(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"content_type": "application/json", "content_length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


def allowing(site: Site, **options: Any) -> Outbound:
    return Outbound([site.origin], **options)


# -- the guard -------------------------------------------------------------------------------------------------------

LOOPBACK = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7F.1",
    "127.0.0.1.",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "0.0.0.0",
    "0",
    "[::]",
]


@pytest.mark.parametrize("host", LOOPBACK)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_S42_X4_X19_loopback_is_not_reached_however_it_is_spelled(
    host: str, scheme: str, canary: Canary, connects: list[Any]
) -> None:
    outbound = Outbound()
    connects.clear()
    for call in (outbound.get, outbound.post):
        with pytest.raises((OutboundRefused, OutboundFailed)):
            call(f"{scheme}://{host}:{canary.port}/jwks.json")
    assert connects == []
    time.sleep(0.01)
    assert canary.hits == 0


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "fe80::1",
        "fe80::1%lo",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "fc00::1",
        "fd12:3456::1",
        "224.0.0.1",
        "239.255.255.250",
        "ff02::1",
        "ff0e::1",
        "0.0.0.0",
        "255.255.255.255",
        "240.0.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "192.88.99.1",
        "::",
        "::1",
        "::ffff:8.8.8.8",
        "::8.8.8.8",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "2002:808:808::1",
        "2001::1",
        "2001:db8::1",
        "3fff::1",
        "fec0::1",
        "100::1",
        "5f00::1",
        "not an address",
    ],
)
def test_S42_a_name_that_leads_to_an_address_not_public_is_refused(address: str, connects: list[Any]) -> None:
    """Link-local (cloud metadata), private, shared, multicast, and every embedding of IPv4 in IPv6."""
    assert not is_public(address)
    for answer in ([address], [PUBLIC, address], [address, PUBLIC]):
        outbound = Outbound(resolver=lambda host, port, answer=answer: answer)  # type: ignore[misc]
        with pytest.raises(OutboundRefused, match="not a public address"):
            outbound.get("https://attacker.example/")
    assert connects == [], "one bad address among good ones is enough, and nothing is tried before"


@pytest.mark.parametrize("address", ["8.8.8.8", PUBLIC, "2606:4700:4700::1111", "2a00:1450:4001::1"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


def test_S42_X19_a_name_is_resolved_once_and_only_the_checked_address_is_connected_to(
    canary: Canary, connects: list[Any]
) -> None:
    """DNS rebinding: public when asked first, loopback ever after."""
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    outbound = Outbound(resolver=rebinding, timeout=5)
    with pytest.raises(OutboundFailed):
        outbound.get(f"https://rebind.example:{canary.port}/")
    assert asked == ["rebind.example"]
    assert connects == [(PUBLIC, canary.port)]
    assert canary.hits == 0


def test_S42_plain_http_is_refused_before_the_name_is_resolved() -> None:
    asked: list[str] = []
    outbound = Outbound(resolver=lambda host, port: asked.append(host) or [PUBLIC])  # type: ignore[func-returns-value]
    with pytest.raises(OutboundRefused, match="https"):
        outbound.get("http://www.example.com/")
    assert asked == []


@pytest.mark.parametrize(
    "url",
    [
        "https://good.example@127.0.0.1/",
        "https://user:secret@good.example/",
        "https://good.example\\@127.0.0.1/",
        "https:\\\\good.example/",
        "https://good.example/\\path",
        "https://good.exämple/",
        "https://good.example/ä",
        "https://ｇood.example/",
        "https://good.example/a b",
        "https://good.example/\r\nX-Injected: 1",
        "https://good.example\t/",
        " https://good.example/",
        "https://good.example/\n",
        "https://good.example:port/",
        "https://good.example:+443/",
        "https://good.example:４４３/",
        "https://good.example:/",
        "https://good.example:0/",
        "https://good.example:65536/",
        "https://good.example:443:443/",
        "https://%67ood.example/",
        "https://[::1/",
        "https://[fe80::1%25lo]/",
        "https://[v1.x]/",
        "https://[::1].good.example/",
        "https:///path",
        "https:good.example",
        "//good.example/",
        "good.example",
        "file:///etc/passwd",
        "ftp://good.example/",
        "gopher://good.example/",
        "data:text/plain,x",
        "javascript:alert(1)",
        "https://good.example/" + "x" * 9000,
        "https://-good.example/",
        "https://999.1.1.1/",
        "https://1.2.3/",
        "",
    ],
)
def test_S42_a_url_that_two_parsers_could_read_differently_is_refused(url: str, connects: list[Any]) -> None:
    outbound = Outbound(resolver=lambda host, port: [PUBLIC])
    with pytest.raises(OutboundRefused) as caught:
        outbound.get(url)
    assert "secret" not in caught.value.reason
    assert connects == []


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://Good.Example", Target("https", "good.example", 443, "/")),
        ("HTTPS://good.example:8443/a/b?c=d%20e#fragment", Target("https", "good.example", 8443, "/a/b?c=d%20e")),
        ("https://good.example?x=@y", Target("https", "good.example", 443, "/?x=@y")),
        ("http://[0:0::1]:80/", Target("http", "::1", 80, "/")),
        ("https://8.8.8.8/", Target("https", "8.8.8.8", 443, "/")),
        ("https://xn--bcher-kva.example/", Target("https", "xn--bcher-kva.example", 443, "/")),
    ],
)
def test_ordinary_urls_are_read_as_everybody_reads_them(url: str, target: Target) -> None:
    assert parse(url) == target


# -- what is allowed -------------------------------------------------------------------------------------------------


def test_an_allowed_origin_is_reached_though_http_and_private(site: Site) -> None:
    fetched = allowing(site).get(f"{site.origin}/jwks?x=1#gone", accept="application/jwk-set+json")
    assert (fetched.status, fetched.content_type, fetched.body) == (200, "application/json", b'{"keys":[]}')
    method, path, headers, _ = site.asked[0]
    assert (method, path) == ("GET", "/jwks?x=1")
    assert headers["host"] == f"127.0.0.1:{site.port}"
    assert headers["accept"] == "application/jwk-set+json"
    assert not {"cookie", "authorization", "referer"} & set(headers)


def test_allowing_is_by_exact_origin(site: Site, canary: Canary) -> None:
    outbound = allowing(site)
    for url in (
        f"http://127.0.0.1:{canary.port}/",
        f"https://127.0.0.1:{site.port}/",
        f"http://localhost:{site.port}/",
    ):
        with pytest.raises(OutboundRefused):
            outbound.get(url)
    assert site.asked == []
    assert canary.hits == 0


@pytest.mark.parametrize("entry", ["127.0.0.1:9000", "http://a.example/path", "*", "https://*.example", "ftp://a", ""])
def test_a_wrong_allow_entry_is_told_at_the_start(entry: str) -> None:
    with pytest.raises(ValueError, match=r"outbound\.allow"):
        Outbound([entry])


def test_a_post_sends_a_form_or_bytes(site: Site) -> None:
    outbound = allowing(site)
    assert outbound.post(f"{site.origin}/logout", {"logout_token": "a+b&c"}).status == 200
    assert (
        outbound.post(f"{site.origin}/hook", b"{}", {"Content-Type": "application/json", "X-Sign": "s"}).status == 200
    )
    (_, _, form, body), (_, _, hook, raw) = site.asked
    assert (form["content-type"], body) == ("application/x-www-form-urlencoded", b"logout_token=a%2Bb%26c")
    assert (hook["content-type"], hook["x-sign"], raw) == ("application/json", "s", b"{}")


@pytest.mark.parametrize("status", [200, 204, 400, 404, 500])
def test_any_status_but_a_redirect_is_an_answer(site: Site, status: int) -> None:
    site.answer = lambda handler: reply(handler, b"" if status == 204 else b"x", status)
    assert allowing(site).get(f"{site.origin}/").status == status


def test_a_proxy_of_the_environment_is_not_used(site: Site, canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    assert allowing(site).get(f"{site.origin}/").status == 200
    assert canary.hits == 0


def test_the_next_address_is_tried_when_one_refuses(site: Site) -> None:
    outbound = Outbound([f"http://two.example:{site.port}"], resolver=lambda host, port: ["127.0.0.2", "127.0.0.1"])
    assert outbound.get(f"http://two.example:{site.port}/").status == 200


# -- hostile answers -------------------------------------------------------------------------------------------------


def test_a_port_where_nobody_listens_is_known_without_sending_anything(site: Site, connects: list[Any]) -> None:
    dead = f"http://127.0.0.1:{find_free_port()}"
    outbound = Outbound(allow=[dead, site.origin])
    assert outbound.is_refused(dead + "/slo?x=1")
    assert not outbound.is_refused(site.origin)
    assert site.asked == []
    assert len(connects) == 2


def test_of_several_addresses_all_must_refuse(site: Site) -> None:
    named = site.origin.replace("127.0.0.1", "sp.example")
    assert not Outbound(allow=[named], resolver=lambda *_: ["127.0.0.2", "127.0.0.1"]).is_refused(named)
    assert Outbound(allow=[named], resolver=lambda *_: ["127.0.0.2", "127.0.0.3"]).is_refused(named)


def test_S42_what_the_guard_keeps_is_not_tried_and_what_cannot_be_told_is_not_dead(connects: list[Any]) -> None:
    port = find_free_port()
    outbound = Outbound(resolver=lambda *_: [])
    for url in (f"http://127.0.0.1:{port}", f"https://127.0.0.1:{port}", "https://nowhere.example", "no url"):
        assert not outbound.is_refused(url)
    assert connects == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_S42_a_redirect_is_not_followed(site: Site, canary: Canary, status: int) -> None:
    site.answer = lambda handler: reply(handler, b"", status, location=f"http://127.0.0.1:{canary.port}/SECRET")
    for call in (allowing(site).get, allowing(site).post):
        with pytest.raises(OutboundFailed, match="redirect") as caught:
            call(f"{site.origin}/")
        assert "SECRET" not in str(caught.value)
    assert canary.hits == 0
    assert len(site.asked) == 2


def drip_body(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.05)


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(100):
        handler.wfile.write(b"X-%d: y\r\n" % number)
        time.sleep(0.05)


def silence(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(2)


@pytest.mark.parametrize("answer", [drip_body, drip_headers, silence])
def test_S42_the_deadline_is_for_the_whole_exchange(
    site: Site, answer: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    site.answer = answer
    begin = time.monotonic()
    with pytest.raises(OutboundFailed, match="in time"):
        allowing(site, timeout=0.4).get(f"{site.origin}/")
    assert 0.35 < time.monotonic() - begin < 2, "the shortest of them takes 2 s by itself"


def test_S42_a_name_server_that_does_not_answer_is_not_waited_for() -> None:
    gate = threading.Event()
    outbound = Outbound(resolver=lambda host, port: [PUBLIC] if gate.wait(5) else [], timeout=0.3)
    begin = time.monotonic()
    with pytest.raises(OutboundFailed, match="name server"):
        outbound.get("https://slow.example/")
    assert time.monotonic() - begin < 3, "it answers after 5 s"
    gate.set()


def test_a_tls_handshake_that_never_ends_is_cut_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        origin = f"https://127.0.0.1:{mute.getsockname()[1]}"
        begin = time.monotonic()
        with pytest.raises(OutboundFailed):
            Outbound([origin], timeout=0.3).get(origin)
        assert time.monotonic() - begin < 3


def chunked(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(16):
        handler.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
    handler.wfile.write(b"0\r\n\r\n")


@pytest.mark.parametrize("answer", [chunked, lambda handler: reply(handler, b"x" * 1_000_000)])
def test_S42_an_answer_longer_than_64_kilobytes_is_not_read(
    site: Site, answer: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    site.answer = answer
    with pytest.raises(OutboundFailed, match="65536"):
        allowing(site).get(f"{site.origin}/")
    posted = allowing(site).post(f"{site.origin}/")
    assert (posted.status, len(posted.body)) == (200, 65536), "whether a delivery arrived does not hang on its answer"


def test_an_answer_of_64_kilobytes_is_read(site: Site) -> None:
    site.answer = lambda handler: reply(handler, b"x" * 65536)
    assert len(allowing(site).get(f"{site.origin}/").body) == 65536


def test_S42_X10_a_compressed_answer_is_not_inflated(site: Site) -> None:
    site.answer = lambda handler: reply(handler, b"\x1f\x8b" + b"x" * 100, content_encoding="gzip")
    with pytest.raises(OutboundFailed, match="compressed"):
        allowing(site).get(f"{site.origin}/")
    assert site.asked[0][2]["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "raw",
    [
        b"SECRET\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nSECRET SECRET\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: SECRET\r\n\r\n",
        b"",
    ],
)
def test_S42_what_was_answered_is_never_in_the_error(site: Site, raw: bytes) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(raw)
        handler.close_connection = True

    site.answer = answer
    with pytest.raises(OutboundFailed) as caught:
        allowing(site).get(f"{site.origin}/")
    error = caught.value
    assert "SECRET" not in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None, "a traceback in the log would print it"


def test_headers_cannot_be_smuggled_in(site: Site) -> None:
    with pytest.raises(OutboundFailed):
        allowing(site).post(f"{site.origin}/", b"", {"X-A": "1\r\nX-Injected: 1"})
    assert site.asked == []


# -- TLS -------------------------------------------------------------------------------------------------------------


@dataclass
class Authority:
    """A certificate authority of the test's own, and a server context for app.example and 127.0.0.1."""

    bundle: str
    server: ssl.SSLContext


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, signer: ec.EllipticCurvePrivateKey, ca: bool
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if not ca:
        names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256())


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("authority")
    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(_certificate("Test authority", root, issuer, root, ca=True).public_bytes(pem))
    (folder / "leaf.pem").write_bytes(
        _certificate("app.example", leaf, issuer, root, ca=False).public_bytes(pem)
        + leaf.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "leaf.pem")
    return Authority(str(folder / "ca.pem"), server)


def test_tls_asks_for_the_name_at_the_checked_address(authority: Authority) -> None:
    with serving(authority.server) as site:
        origin = f"https://app.example:{site.port}"
        outbound = Outbound([origin], authority.bundle, resolver=lambda host, port: ["127.0.0.1"])
        assert outbound.get(f"{origin}/jwks").status == 200
        assert site.server_names == ["app.example"], "SNI"
        assert site.asked[0][2]["host"] == f"app.example:{site.port}"


def test_tls_to_an_address_works_where_the_certificate_names_it(authority: Authority) -> None:
    with serving(authority.server) as site:
        origin = f"https://127.0.0.1:{site.port}"
        assert Outbound([origin], authority.bundle).get(origin).status == 200


def test_tls_is_refused_without_the_authority_or_for_another_name(authority: Authority) -> None:
    with serving(authority.server) as site:
        right, wrong = f"https://app.example:{site.port}", f"https://other.example:{site.port}"

        def resolver(host: str, port: int) -> Sequence[str]:
            return ["127.0.0.1"]

        with pytest.raises(OutboundFailed, match=r"certificate.*issuer"):
            Outbound([right], resolver=resolver).get(right)
        with pytest.raises(OutboundFailed, match=r"certificate.*other\.example"):
            Outbound([wrong], authority.bundle, resolver=resolver).get(wrong)
        assert site.asked == []


def test_a_wrong_ca_bundle_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate here")
    for path in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        with pytest.raises(ValueError, match="expected a file of CA certificates"):
            Outbound(ca=str(path))
