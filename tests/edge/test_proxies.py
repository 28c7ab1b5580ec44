"""Behind stock proxies nobody chooses their own address. N2, N3, S14."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.backends import find_free_port
from tests.edge.conftest import get, said
from tests.server import Server

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent / "proxies"
FORGED = "10.1.1.1"
#: What a client may call it: WSGI would make X-Forwarded-For of each.
NAMES = (b"X_Forwarded_For", b"X-Forwarded_For", b"X_Forwarded-For", b"x_forwarded_for", b"HTTP_X_FORWARDED_FOR")

NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/log; worker_processes 1;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; underscores_in_headers on;
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass {target}; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }}
  }}
}}
"""
APACHE = """
ServerRoot {folder}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/log
Mutex file:{folder} default
User www-data
Group www-data
HttpProtocolOptions Unsafe
LoadModule mpm_prefork_module /usr/lib/apache2/modules/mod_mpm_prefork.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
ProxyPass / {target}/
ProxyPassReverse / {target}/
"""
HAPROXY = """
global
    maxconn 100
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    option forwardfor
frontend in
    bind 127.0.0.1:{port}
    default_backend doorward
backend doorward
    server one {address}
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """The provider; what this machine says of others' addresses is believed."""
    opened = Server(os.getpid(), server={"trusted_proxies": ["127.0.0.2/32", "127.0.0.1/32"]})
    yield opened
    opened.close()


def go(folder: Path, port: int, target: str) -> list[str]:
    program = folder / "reverse"
    environment = {**os.environ, "GO111MODULE": "off", "GOFLAGS": ""}
    subprocess.run(["go", "build", "-o", str(program), str(HERE / "reverse.go")], check=True, env=environment)
    return [str(program), f"127.0.0.1:{port}", target]


def _configured(text: str, *words: str) -> Callable[[Path, int, str], list[str]]:
    def command(folder: Path, port: int, target: str) -> list[str]:
        address = target.removeprefix("http://")
        (folder / "conf").write_text(text.format(folder=folder, port=port, target=target, address=address))
        return [word.format(conf=folder / "conf") for word in words]

    return command


PROXIES = {
    "go": go,
    "nginx": _configured(NGINX, "nginx", "-c", "{conf}"),
    "apache2": _configured(APACHE, "apache2", "-f", "{conf}", "-DFOREGROUND"),
    "haproxy": _configured(HAPROXY, "haproxy", "-f", "{conf}"),
}


@pytest.fixture(scope="module", params=PROXIES)
def proxy(request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a proxy before the server."""
    if shutil.which(request.param, path=os.environ["PATH"] + ":/usr/sbin") is None:
        pytest.skip(f"no {request.param} here")
    folder, port = tmp_path_factory.mktemp(request.param), find_free_port()
    folder.chmod(0o755)
    command = PROXIES[request.param](folder, port, f"http://127.0.0.1:{server.port}")
    environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True, env=environment
    )
    try:
        deadline = time.monotonic() + 30
        while not _listens(port):
            assert process.poll() is None, process.stdout and process.stdout.read()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(
    port: int, *lines: bytes, path: bytes = b"/oauth/authorize?client_id=nobody", source: str = "127.0.0.3"
) -> bytes:
    """Through the proxy, from an address of its own on this machine."""
    with socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0)) as connection:
        connection.sendall(get(path, *lines))
        return said(connection)


def address_of(server: Server, port: int, *lines: bytes, source: str = "127.0.0.3") -> str:
    """What the server takes the client's address to be."""
    before = len(server.events("error:unknown_client"))
    answer = ask(port, *lines, source=source)
    assert answer.split(b" ")[1] == b"400", answer
    seen = server.events("error:unknown_client")
    assert len(seen) == before + 1
    return max(seen, key=lambda event: event.at).address


def test_N3_no_spelling_of_the_header_chooses_an_address(server: Server, proxy: int) -> None:
    assert address_of(server, proxy) == "127.0.0.3"
    for name in NAMES:
        for forged in (FORGED, f"{FORGED}, {FORGED}"):
            assert address_of(server, proxy, name + b": " + forged.encode()) == "127.0.0.3", name


def test_N2_the_header_itself_is_the_proxys_to_write(server: Server, proxy: int) -> None:
    for lines in ([b"X-Forwarded-For: " + FORGED.encode()], [b"X-Forwarded-For: unknown", b"X-Forwarded-For: \xfc"]):
        assert address_of(server, proxy, *lines) == "127.0.0.3"


def test_N1_octets_pass_the_proxy_and_lock_nobody_out(server: Server, proxy: int) -> None:
    for octets in ("Jürgen".encode(), b"J\xfcrgen"):
        assert ask(proxy, b"Cookie: user=" + octets, path=b"/help").startswith(b"HTTP/1.1 200 ")
        assert ask(proxy, b"User-Agent: " + octets, path=b"/readyz").startswith(b"HTTP/1.1 200 ")


def test_N3_a_trusted_machine_is_not_spoken_for_without_its_proxy(server: Server) -> None:
    for name in NAMES:
        assert address_of(server, server.port, name + b": 10.1.1.1", source="127.0.0.2") == "127.0.0.2"
    assert address_of(server, server.port, b"X-Forwarded-For: 10.1.1.1", source="127.0.0.2") == "10.1.1.1"
