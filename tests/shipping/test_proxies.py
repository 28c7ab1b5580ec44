"""G1: the proxies' examples as they are shipped, each started: TLS, HTTP/2, the browser's Host, its address."""

from __future__ import annotations

import datetime
import http.server
import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.backends import find_free_port
from tests.shipping.environment import ROOT

pytestmark = pytest.mark.slow
EXAMPLES = ROOT / "deploy" / "proxies"
NAME = "login.example.com"
PATHS = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"}

NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/log; worker_processes 1; events {{}}
http {{
  access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  include {folder}/example;
}}
"""
APACHE = (
    """
ServerRoot {folder}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/log
Mutex file:{folder} default
User www-data
Group www-data
"""
    + "".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
        for name in ("mpm_event", "authz_core", "ssl", "http2", "headers", "proxy", "proxy_http", "socache_shmcb")
    )
    + "Include {folder}/example\n"
)
RUN = {
    "nginx": ("nginx.conf", NGINX, ["nginx", "-c", "{main}"]),
    "apache2": ("apache.conf", APACHE, ["apache2", "-f", "{main}", "-DFOREGROUND"]),
    "haproxy": ("haproxy.cfg", "", ["haproxy", "-f", "{example}"]),
    "caddy": ("Caddyfile", "", ["caddy", "run", "--adapter", "caddyfile", "--config", "{example}"]),
}


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers what it was asked: the request line and headers as they came."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps({"path": self.path, "headers": self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Nothing is said."""


@pytest.fixture(scope="module")
def behind() -> Iterator[int]:
    """The port of what stands behind the proxies."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def certificate(folder: Path) -> None:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    ).public_bytes(serialization.Encoding.PEM)  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / f"{NAME}.pem").write_bytes(made)
    (folder / f"{NAME}.key").write_bytes(private)
    (folder / f"{NAME}.both.pem").write_bytes(made + private)


def fitted(text: str, folder: Path, port: int, behind: int) -> str:
    """The example with this machine's ports and certificate in place of those that it names."""
    text = text.replace("/etc/ssl/", f"{folder}/").replace("127.0.0.1:8000", f"127.0.0.1:{behind}")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{find_free_port()};").replace(
        "bind :443", f"bind 127.0.0.1:{port}"
    )
    text = text.replace("listen 443", f"listen 127.0.0.1:{port}").replace("*:443", f"127.0.0.1:{port}")
    pair = f"{folder}/{NAME}.pem {folder}/{NAME}.key"
    return text.replace(f"{NAME} {{", f"{NAME}:{port} {{\n    tls {pair}", 1) if "reverse_proxy" in text else text


@pytest.fixture(scope="module", params=RUN)
def proxy(
    request: pytest.FixtureRequest, behind: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, Path]]:
    """Its port, and the folder with its certificate."""
    name, main, words = RUN[request.param]
    if shutil.which(words[0], path=PATHS["PATH"]) is None:
        pytest.skip(f"no {words[0]} here")
    folder, port = tmp_path_factory.mktemp(request.param), find_free_port()
    folder.chmod(0o755)
    certificate(folder)
    (folder / "example").write_text(fitted((EXAMPLES / name).read_text("utf-8"), folder, port, behind))
    (folder / "main").write_text(main.format(folder=folder, port=port))
    command = [word.format(main=folder / "main", example=folder / "example") for word in words]
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=PATHS, start_new_session=True)
    try:
        until = time.monotonic() + 30
        while asked(port, folder, "/").returncode != 0:
            log = (folder / "log").read_text() if (folder / "log").exists() else ""
            assert process.poll() is None, (folder / "said").read_text() + log
            assert time.monotonic() < until, (folder / "said").read_text() + log
            time.sleep(0.05)
        yield port, folder
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def asked(port: int, folder: Path, path: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A request as a browser makes it, by HTTP/2 over TLS; what comes back ends with the version."""
    return subprocess.run(
        ["curl", "-sS", "--fail", "--http2", "--cacert", str(folder / f"{NAME}.pem"), "--resolve",
         f"{NAME}:{port}:127.0.0.1", "--max-time", "20", "-w", "\n%{http_version}", *words, f"https://{NAME}:{port}{path}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_g1_the_example_speaks_http_2_and_passes_on_what_doorward_needs(proxy: tuple[int, Path]) -> None:
    """TLS and HTTP/2; the Host of the browser; the address that the proxy sees, not a claimed one; long paths."""
    port, folder = proxy
    path = "/oauth/authorize?state=" + "s" * 7900 + "&redirect_uri=https%3A%2F%2Fcrm.example%2Fcb%3Fa%3D1"
    done = asked(port, folder, path, "-H", "X-Forwarded-For: 10.1.1.1")
    assert done.returncode == 0, done.stderr
    body, _, version = done.stdout.rpartition("\n")
    assert version == "2"
    told = json.loads(body)
    assert told["path"] == path
    headers = [(name.lower(), value) for name, value in told["headers"]]
    assert re.fullmatch(rf"{NAME}(:{port})?", dict(headers)["host"])
    assert [value for name, value in headers if name == "x-forwarded-for"] == ["127.0.0.1"]
