"""Certificates through nginx, HAProxy and Apache, set up by the lines of docs/operating.md; curl asks. S28, S14."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.backends import find_free_port
from tests.edge.test_proxies import _listens
from tests.oidc.certificates import WRITTEN, Pair, pair
from tests.server import Server, to_toml

pytestmark = pytest.mark.slow
DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "operating.md"
DN = "CN=app,O=Example,C=DE"
MTLS = "mtls.example.com"
NGINX = """daemon off; master_process off; pid {folder}/pid; error_log {folder}/log; worker_processes 1;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  {block}
}}
"""
HAPROXY = """global
    maxconn 100
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
{block}
"""
APACHE = """ServerRoot {folder}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/log
Mutex file:{folder} default
User www-data
Group www-data
{modules}
{block}
"""
MODULES = ["mpm_prefork", "authz_core", "proxy", "proxy_http", "headers", "ssl"]  # socache is for stapling alone
COMMANDS = {
    "nginx": (NGINX, ("nginx", "-c")), "haproxy": (HAPROXY, ("haproxy", "-f")),
    "apache2": (APACHE, ("apache2", "-DFOREGROUND", "-f")),
}  # fmt: skip
PATH = os.environ["PATH"] + ":/usr/sbin"


def blocks() -> dict[str, str]:
    """The configurations of the document, by the program that reads them."""
    section = DOCUMENT.read_text("utf-8").partition("\n## Certificates of applications\n")[2].partition("\n## ")[0]
    found = re.findall(r"^```[^\n]*\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    names = {"nginx": "server {", "haproxy": "frontend ", "apache2": "<VirtualHost"}
    return {name: next(one for one in found if one.startswith(start)) for name, start in names.items()}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    opened = Server(os.getpid())
    opened.stop()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def authority() -> Pair:
    return pair("CN=Authority", ca=True)


@contextmanager
def running(name: str, folder: Path, server: Server, authority: Pair) -> Iterator[int]:
    """The proxy before the server; its port."""
    web = pair("CN=login", names=tuple(x509.DNSName(n) for n in (MTLS, "login.example.com")))
    folder.chmod(0o755)
    (folder / "all.pem").write_text(web.pem + web.key_pem)
    (folder / "authorities.pem").write_text(authority.pem)
    port, (frame, command) = find_free_port(), COMMANDS[name]
    block = re.sub(r"/etc/\S+/authorities\.pem", f"{folder}/authorities.pem", blocks()[name])
    block = re.sub(r"/etc/\S+/login\.example\.com\.(pem|key)", f"{folder}/all.pem", block)
    block = block.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}")
    block = re.sub(r"(listen |bind |VirtualHost \*)(:?)443", rf"\g<1>\g<2>{port}", block).replace(
        "bind :", "bind 127.0.0.1:"
    )
    modules = "\n".join(f"LoadModule {one}_module /usr/lib/apache2/modules/mod_{one}.so" for one in MODULES)
    (folder / "conf").write_text(frame.format(folder=folder, block=block, port=port, modules=modules))
    process = subprocess.Popen(
        [*command, str(folder / "conf")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True, env={**os.environ, "PATH": PATH},
    )  # fmt: skip
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


def curl(folder: Path, port: int, path: str, shown: Pair | None = None, *more: str, host: str = MTLS) -> Any:
    """What curl gets, as JSON."""
    files: list[str] = []
    if shown is not None:
        (folder / "app.pem").write_text(shown.pem)
        (folder / "app.key").write_text(shown.key_pem)
        files = ["--cert", str(folder / "app.pem"), "--key", str(folder / "app.key")]
    answer = subprocess.run(
        ["curl", "-sk", "--max-time", "20", "--resolve", f"{host}:{port}:127.0.0.1", *files, *more,
         f"https://{host}:{port}/oauth/{path}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(answer.stdout)


@pytest.mark.spec("RFC 8705 6.4")
@pytest.mark.parametrize(("name", "named"), [("nginx", "nginx"), ("haproxy", "rfc9440"), ("apache2", "apache")])
def test_S14_S28_curl_proves_itself_through_the_proxy_and_a_forged_header_does_nothing(
    server: Server, authority: Pair, tmp_path: Path, name: str, named: str
) -> None:
    if shutil.which(name, path=PATH) is None:
        pytest.skip(f"no {name} here")
    (server.folder / "authorities.pem").write_text(authority.pem)
    oauth = {"client_certificates": named, "client_certificate_ca": "authorities.pem"}
    server.file.write_text(to_toml(server._sections({"oauth": oauth})))
    app, own = pair(DN, authority), pair("CN=own")
    by_name = server.add_client(
        "Named", "machine", token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn=DN,
        tls_client_certificate_bound_access_tokens=True,
    )  # fmt: skip
    by_key = server.add_client(
        "Own", "machine", token_endpoint_auth_method="self_signed_tls_client_auth", jwks={"keys": [own.jwk()]}
    )
    server.start()
    try:
        with running(name, tmp_path, server, authority) as port:
            _prove(
                lambda *given, **options: curl(tmp_path, port, *given, **options),
                by_name.id,
                by_key.id,
                app,
                own,
                named,
            )
    finally:
        server.stop()


def _prove(ask: Callable[..., Any], by_name: str, by_key: str, app: Pair, own: Pair, named: str) -> None:
    def token(client: str, shown: Pair | None, *more: str, **options: str) -> Any:
        return ask("token", shown, "-d", f"grant_type=client_credentials&client_id={client}", *more, **options)

    assert ask("certificate", app)["names"]["tls_client_auth_subject_dn"] == DN
    bound = token(by_name, app)["access_token"]
    header = f"Authorization: Bearer {bound}"
    assert ask("whoami", app, "-H", header)["client_id"] == by_name
    assert ask("whoami", own, "-H", header)["error"] == "invalid_token"  # stolen
    assert ask("whoami", None, "-H", header)["error"] == "invalid_token"
    assert token(by_key, own)["access_token"]
    for client, shown in ((by_name, own), (by_key, app), (by_name, None)):
        assert token(client, shown)["error"] == "invalid_client"
    line = "Client-Cert" if named == "rfc9440" else "X-Forwarded-Client-Cert"
    for spelt in (line, line.replace("-", "_"), line.lower()):
        forged = ("-H", f"{spelt}: {WRITTEN[named](app)}")
        assert token(by_name, None, *forged)["error"] == "invalid_client", spelt
        assert token(by_name, own, *forged)["error"] == "invalid_client", spelt
        if named != "apache":  # its lines for the issuer stand in a sentence
            assert token(by_name, None, *forged, host="login.example.com")["error"] == "invalid_client", spelt
