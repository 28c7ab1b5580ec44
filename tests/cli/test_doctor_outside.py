"""`doorward doctor`: what it looks at outside: the public address, time, DNS."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import dns.message
import dns.resolver
import dns.rrset
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from idp import way_here
from idp.config import Settings
from idp.installation.checks import public_address, sender, time_server
from idp.installation.checks.findings import Finding
from tests.backends import Clock
from tests.provider import Provider

Open = Callable[..., Provider]
Change = Callable[[dict[str, str]], dict[str, str]]


def told(findings: Iterator[Finding], check: str) -> list[tuple[str, str]]:
    return [(one.status, one.text) for one in findings if one.check == check]


@pytest.mark.parametrize(
    ("server", "asked"),
    [
        ("time.example", ("time.example", 123)),
        ("time.example:124", ("time.example", 124)),
        ("2001:db8::1", ("2001:db8::1", 123)),
        ("[2001:db8::1]:124", ("2001:db8::1", 124)),
    ],
    ids=range(4),
)
def test_G3_a_time_server_may_be_an_address_of_ipv6(server: str, asked: tuple[str, int]) -> None:
    assert time_server._host_and_port(server) == asked


# -- the public address ------------------------------------------------------------------------------------------------


def appending(headers: dict[str, str]) -> dict[str, str]:
    """As a proxy should: what the client wrote stays left of what we know, and decides nothing."""
    chain = f"{headers.get('X-Forwarded-For', '')}, 198.51.100.9"
    return {**headers, "X-Forwarded-For": chain, "X-Forwarded-Proto": "https", "X-Forwarded-Host": headers["Host"]}


def passing(headers: dict[str, str]) -> dict[str, str]:
    return headers


def make_certificate(folder: Path, days: int) -> Path:
    """One for localhost, that signs itself and is its own authority; with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
    builder = builder.not_valid_after(now + datetime.timedelta(days=days, minutes=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem, file = serialization.Encoding.PEM, folder / "localhost.pem"
    made = builder.sign(key, hashes.SHA256()).public_bytes(pem)
    plain = serialization.NoEncryption()
    file.write_bytes(made + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return file


class Behind:
    """A proxy with TLS before a provider in this process."""

    def __init__(self, folder: Path, change: Change, cookie: Callable[[str], str], days: int) -> None:
        self.provider: Provider
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                headers = change(dict(self.headers.items()))
                answer = outer.provider.app.test_client().get(
                    self.path, headers=headers, environ_overrides={"REMOTE_ADDR": "127.0.0.1"}
                )
                self.send_response(answer.status_code)
                for name, value in answer.headers.items():
                    self.send_header(name, cookie(value) if name == "Set-Cookie" else value)
                self.end_headers()
                self.wfile.write(answer.data)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.certificate = make_certificate(folder, days)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def behind(
    open_provider: Open, folder: Path, change: Change = appending, cookie: Callable[[str], str] = str, days: int = 60
) -> Iterator[Provider]:
    proxy = Behind(folder, change, cookie, days)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(proxy.certificate))
        server = {"issuer": f"https://localhost:{proxy.port}", "trusted_proxies": ["127.0.0.1/32"]}
        proxy.provider = open_provider(server=server)
        try:
            yield proxy.provider
        finally:
            proxy.close()


def test_G3_a_request_by_the_public_address_tells_certificate_address_and_cookies(
    tmp_path: Path, open_provider: Open
) -> None:
    with behind(open_provider, tmp_path) as provider:
        found = [*public_address.examine(provider.services)]
    assert [one.status for one in found] == ["ok"] * 3, found
    assert "lasts for 60 days more; TLSv1.3" in found[0].text
    assert "we come as 198.51.100.9" in found[1].text
    assert found[2].text == "cookies arrive as they were sent, for localhost alone"


def test_G3_a_proxy_that_passes_on_what_a_client_wrote_is_told(tmp_path: Path, open_provider: Open) -> None:
    with behind(open_provider, tmp_path, passing) as provider:
        found = told(public_address.examine(provider.services), "proxy")
    assert [status for status, _ in found] == ["error", "warning", "ok"]
    assert "anybody may choose the address" in found[0][1]
    assert "X-Forwarded-Host" in found[1][1]


def test_G3_where_nothing_stands_between_no_proxy_is_told_of(open_provider: Open) -> None:
    came = {"host": "forged.invalid", "scheme": "http", "trusted": False}
    assert not [*public_address._host(open_provider(server={"issuer": "http://localhost:8000"}).services, came)]


@pytest.mark.spec("RFC6265bis §4.1.3.2")
def test_G3_a_cookie_that_a_proxy_has_changed_is_told(tmp_path: Path, open_provider: Open) -> None:
    with behind(
        open_provider, tmp_path, cookie=lambda text: text.replace("; Secure", "") + "; Domain=example.com"
    ) as provider:
        found = told(public_address.examine(provider.services), "proxy")
    assert found[-1][0] == "error"
    assert "(domain=example.com, no secure)" in found[-1][1]
    assert "doorward_doctor" not in found[-1][1]


def test_G3_a_certificate_that_ends_soon_is_told(tmp_path: Path, open_provider: Open) -> None:
    with behind(open_provider, tmp_path, days=5) as provider:
        found = told(public_address.examine(provider.services), "server")
    assert found == [("error", "server.issuer: its certificate ends in 5 days")]


def test_G3_strangers_learn_nothing_of_the_way_here(provider: Provider, clock: Clock, tmp_path: Path) -> None:
    ask = provider.app.test_client().get
    stranger = Provider.open(tmp_path / "stranger", clock)  # another master key
    for header in ("", "Bearer x", f"Bearer {way_here.proof(stranger.services)}"):
        answer = ask("/healthz/way", headers={"Authorization": header})
        assert (answer.status_code, answer.data, "Set-Cookie" in answer.headers) == (404, b"", False)
    proof = way_here.proof(provider.services)
    assert ask("/healthz/way", headers={"Authorization": f"Bearer {proof}"}).status_code == 200
    clock.advance(way_here.LASTS + 1)
    assert ask("/healthz/way", headers={"Authorization": f"Bearer {proof}"}).status_code == 404


def test_G3_nothing_there_is_no_hang_and_no_finding(open_provider: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.MonkeyPatch.context() as patch:
        patch.setattr(public_address, "_WAIT", 0.1)
        port = silent.getsockname()[1]
        provider = open_provider(server={"issuer": f"http://127.0.0.1:{port}"})
        assert [*public_address.examine(provider.services)] == []


# -- time --------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def clock(apart: float, first: int = 0x24, stratum: int = 2) -> Iterator[str]:
    """A time server that answers one question."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def answer() -> None:
            asked, peer = server.recvfrom(512)
            now = time.time() + apart + 2208988800
            stamp = struct.pack("!II", int(now), int(now % 1 * 2**32))
            server.sendto(bytes([first, stratum]) + bytes(22) + asked[40:48] + stamp + stamp, peer)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def of_clock(server: str) -> Finding:
    settings = Settings(server={"time_server": server})
    (found,) = time_server.examine(SimpleNamespace(settings=settings))  # type: ignore[arg-type]
    return found


@pytest.mark.spec("RFC4330 §5")
def test_G3_the_clock_is_compared_with_a_time_servers() -> None:
    with clock(0.0) as server:
        assert of_clock(server).status == "ok"
    with clock(90.0) as server:
        found = of_clock(server)
    assert (found.status, found.text.split(" s ")[0]) == ("error", "this machine's clock is -90.0")
    for wrong in ({"first": 0xE4}, {"stratum": 0}, {"first": 0x23}):  # out of step, "kiss of death", no server
        with clock(90.0, **wrong) as server:
            assert "does not answer" in of_clock(server).text


def test_G3_a_time_server_that_is_not_there_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_server, "_WAIT", 0.1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        found = of_clock(f"127.0.0.1:{silent.getsockname()[1]}")
    assert (found.status, "does not answer" in found.text) == ("ok", True)


def test_G3_the_time_server_is_the_machines_own() -> None:
    assert time_server.named(["# pool a.example", "pool 2.debian.pool.ntp.org iburst", "server b"]) == (
        "2.debian.pool.ntp.org"
    )
    assert time_server.named(["[Time]", "#NTP=", "NTP=ntp.example.com other"]) == "ntp.example.com"
    assert time_server.named(["[Time]", "#FallbackNTP=a.example"]) == ""


# -- the sender --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def dns_with(**zones: str) -> Iterator[sender.Resolver]:
    """A real resolver that asks a name server of ours. Names have `__` for a dot."""
    texts = {name.replace("__", "."): text for name, text in zones.items()}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                asked, peer = server.recvfrom(2048)
                if not asked:
                    return
                question = dns.message.from_wire(asked)
                answer = dns.message.make_response(question)
                name = question.question[0].name.to_text(omit_final_dot=True).lower()
                if name in texts:
                    strings = " ".join(f'"{texts[name][at : at + 200]}"' for at in range(0, len(texts[name]), 200))
                    answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", strings))
                else:
                    answer.set_rcode(3)
                server.sendto(answer.to_wire(), peer)

        thread = threading.Thread(target=serve)
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.getsockname()[1]
        try:
            yield sender.Resolver(resolver)
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.sendto(b"", server.getsockname())
            thread.join()


def rsa(bits: int) -> str:
    import base64

    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = generate_private_key(65537, bits).public_key()
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


@pytest.mark.spec("RFC7208 §4.5, RFC6376 §3.6, RFC7489 §6.6.3")
def test_G3_a_sender_that_proves_itself_is_well() -> None:
    key = rsa(2048)
    zones = {
        "login__example__com": "v=spf1 include:mail.example.com -all",
        "mail__example__com": "v=spf1 ip4:192.0.2.1 -all",
        "s1___domainkey__login__example__com": f"v=DKIM1; k=rsa; p={key}",
        "_dmarc__example__com": "v=DMARC1; p=reject; sp=quarantine",
    }  # fmt: skip
    with dns_with(**zones) as names:
        found = [*sender.of_domain("login.example.com", "s1", names)]
    assert [one.status for one in found] == ["ok"] * 3, found
    assert found[2].text == "DMARC of example.com: quarantine"


@pytest.mark.parametrize(
    ("zones", "statuses", "words"),
    [
        ({}, ["warning", "error", "warning"], "has no SPF record"),
        ({"a__example": "v=spf1 +all"}, ["error", "error", "warning"], "lets everybody send"),
        ({"a__example": "v=spf1 mx"}, ["warning", "error", "warning"], "says nothing of other senders"),
        ({"s1___domainkey__a__example": "v=DKIM1; p="}, ["warning", "error", "warning"], "is withdrawn"),
        ({"s1___domainkey__a__example": "k=rsa; p=AAAA"}, ["warning", "error", "warning"], "cannot be read"),
        ({"_dmarc__a__example": "v=DMARC1; p=none"}, ["warning", "error", "ok"], "who forges our mail is let through"),
    ],
)
def test_G3_what_a_sender_lacks_is_told(zones: dict[str, str], statuses: list[str], words: str) -> None:
    with dns_with(**zones) as names:
        found = [*sender.of_domain("a.example", "s1", names)]
    assert [one.status for one in found] == statuses
    assert words in " ".join(one.text for one in found)


@pytest.mark.spec("RFC7208 §4.6.4")
def test_G3_an_spf_record_that_goes_round_or_asks_too_much_ends() -> None:
    with dns_with(a__example="v=spf1 include:b.example -all", b__example="v=spf1 include:a.example -all") as names:
        assert [one.status for one in sender.of_domain("a.example", "", names)][:1] == ["ok"]
    many = " ".join(f"a:{number}.example" for number in range(11))
    with dns_with(a__example=f"v=spf1 {many} -all") as names:
        found = [*sender.of_domain("a.example", "", names)]
    assert any("needs more than 10 look-ups (11)" in one.text for one in found)


def test_G3_dns_that_does_not_answer_is_told_once() -> None:
    resolver = dns.resolver.Resolver(configure=False)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sender, "_WAIT", 0.1)
        silent.bind(("127.0.0.1", 0))
        resolver.nameservers, resolver.port = ["127.0.0.1"], silent.getsockname()[1]
        (found,) = sender.of_domain("a.example", "s1", sender.Resolver(resolver))
    assert (found.status, "DNS does not say" in found.text) == ("warning", True)


@pytest.mark.parametrize(
    "domain", ["127.0.0.1", "[127.0.0.1]", "[ipv6:::1]", "localhost", "mail.localhost", "a.invalid"]
)
def test_G3_what_no_dns_knows_is_not_asked_for(domain: str) -> None:
    assert not sender.is_public(domain)
    assert sender.is_public("login.company.org")
