"""Apache's mod_auth_mellon, as Debian ships it, over HTTP: another implementation (lasso) on the other side."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.apps.wiki.door import make_key
from tests.backends import find_free_port, find_program, watch
from tests.journeys.visiting import Visitor, is_sign_in_page
from tests.provider import PASSWORD, Dom
from tests.server import Server, unique

pytestmark = pytest.mark.slow

NAME = "Älice & <Bob>"
MODULES = "mpm_prefork authn_core authz_core authz_user alias dir mime include auth_mellon"
CONFIG = """
ServerRoot {folder}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/log
Mutex file:{folder} default
User www-data
Group www-data
StartServers 2
{modules}
TypesConfig /etc/mime.types
DocumentRoot {folder}/pages
<Directory {folder}/pages>
  Options +Includes
  SetOutputFilter INCLUDES
  AddDefaultCharset UTF-8
  DirectoryIndex index.html
</Directory>
<Location />
  Require valid-user
  AuthType Mellon
  MellonEnable auth
  MellonEndpointPath /mellon
  MellonSPPrivateKeyFile {folder}/key.pem
  MellonSPCertFile {folder}/certificate.pem
  MellonIdPMetadataFile {folder}/idp.xml
  MellonSignatureMethod rsa-sha256
  MellonSecureCookie Off
  MellonUser "urn:oid:0.9.2342.19200300.100.1.1"
  MellonSetEnv displayName "urn:oid:2.16.840.1.113730.3.1.241"
  MellonSetEnv mail "urn:oid:0.9.2342.19200300.100.1.3"
</Location>
<Location /mellon>
  Require all granted
  MellonEnable info
</Location>
"""
# Mellon hands values on as they stand in the XML, escaped.
PAGE = """<p id="user"><!--#echo var="REMOTE_USER" --></p>
<p id="name"><!--#echo encoding="none" var="MELLON_displayName" --></p>
"""


@dataclass(frozen=True)
class Apache:
    """An Apache that lets nobody in without an assertion."""

    url: str
    client_id: str
    log: Path


@contextmanager
def apache(server: Server, run: int, binding: str) -> Iterator[Apache]:
    """Started as an ordinary process and registered by its own metadata; asks for sign-in by `binding` alone."""
    program = find_program("apache2", "apache2")
    folder, port = Path(tempfile.mkdtemp(prefix="doorward-apache-")), find_free_port()
    folder.chmod(0o755)  # Apache's workers are another user
    (folder / "pages").mkdir()
    (folder / "pages" / "index.html").write_text(PAGE)
    pem, url = folder / "both.pem", f"http://127.0.0.1:{port}"
    make_key(pem)
    key, mark, certificate = pem.read_text().partition("-----BEGIN CERTIFICATE-----")
    (folder / "key.pem").write_text(key)
    (folder / "certificate.pem").write_text(mark + certificate)
    other = "HTTP-POST" if binding == "HTTP-Redirect" else "HTTP-Redirect"
    said = requests.get(f"{server.issuer}/saml/metadata", timeout=20).text
    without = re.sub(rf'<[a-z0-9:]*SingleSignOnService [^>]*bindings:{other}"[^>]*/>', "", said)
    assert without != said
    (folder / "idp.xml").write_text(without, "utf-8")
    modules = "\n".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so" for m in MODULES.split())
    (folder / "apache.conf").write_text(CONFIG.format(folder=folder, port=port, modules=modules))
    command = [program, "-f", str(folder / "apache.conf"), "-DFOREGROUND"]
    process = subprocess.Popen(  # a session of its own: at its end Apache signals all of its process group
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    watch(run, folder, "pid", "-TERM")
    try:
        _wait(process, port, folder / "log")
        (folder / "metadata.xml").write_text(requests.get(f"{url}/mellon/metadata", timeout=20).text, "utf-8")
        made = server.cli_json(
            "client", "add", "saml", "--name", unique("Apache"), "--metadata", str(folder / "metadata.xml"), "--json"
        )
        yield Apache(url, made["client_id"], folder / "log")
    finally:
        process.terminate()
        process.communicate(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(process: subprocess.Popen[str], port: int, log: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            said = process.stdout.read() if process.stdout and process.poll() is not None else ""
            raise AssertionError(said + (log.read_text() if log.exists() else ""))
        time.sleep(0.05)


@pytest.fixture(scope="module", params=["HTTP-Redirect", "HTTP-POST"])
def binding(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def site(server: Server, run_pid: int, binding: str) -> Iterator[Apache]:
    with apache(server, run_pid, binding) as running:
        yield running


@pytest.fixture
def login(server: Server) -> str:
    name = unique("ann")
    server.cli_json(
        "user", "add", "--username", name, "--email", f"{name}@example.com", "--name", NAME, "--password-stdin",
        "--json", input=PASSWORD + "\n",
    )  # fmt: skip
    return name


def _ask(visitor: Visitor, site: Apache, binding: str) -> requests.Response:
    """Open the site; by POST its page holds a form that a script sends."""
    page = visitor.open(f"{site.url}/")
    if binding == "HTTP-POST":
        assert page.url.startswith(site.url), page.url
        assert "SAMLRequest" in Dom(page.text).forms[0].names()
        page = visitor.press(page)
    return page


def test_mellon_signs_in_by_redirect_and_by_post(server: Server, site: Apache, binding: str, login: str) -> None:
    """Signed request; the assertion decrypted and verified by lasso, its values as the person has them."""
    visitor = Visitor()
    page = _ask(visitor, site, binding)
    assert is_sign_in_page(page, server.issuer), (page.url, page.text)
    page = visitor.press(page, login=login, password=PASSWORD)
    assert page.url == f"{site.url}/", (page.url, page.text, site.log.read_text())
    page.encoding = "utf-8"
    assert f'<p id="user">{login}</p>' in page.text
    assert b"EncryptedAssertion" in b64decode(visitor.posted[-1][1]["SAMLResponse"])
    assert '<p id="name">Älice &amp; &lt;Bob&gt;</p>' in page.text


def test_mellon_opens_without_a_prompt_where_there_is_a_session(
    server: Server, site: Apache, binding: str, login: str
) -> None:
    visitor = Visitor()
    visitor.press(visitor.open(server.issuer), login=login, password=PASSWORD)
    page = _ask(visitor, site, binding)
    assert page.url == f"{site.url}/", (page.url, site.log.read_text())
    assert f'<p id="user">{login}</p>' in page.text


def test_mellon_takes_an_answer_once(server: Server, site: Apache, binding: str, login: str) -> None:
    visitor = Visitor()
    visitor.press(_ask(visitor, site, binding), login=login, password=PASSWORD)
    action, fields = visitor.posted[-1]
    assert Visitor().send(action, **fields).status_code >= 400


def test_mellon_is_opened_from_the_launcher_side(server: Server, site: Apache, login: str) -> None:
    """Prof §4.1.5: a sign-in that begins here."""
    visitor = Visitor()
    visitor.press(visitor.open(server.issuer), login=login, password=PASSWORD)
    page = visitor.press(visitor.open(f"{server.issuer}/saml/start/{site.client_id}"))
    assert page.url.startswith(site.url), (page.url, site.log.read_text())
    assert page.status_code == 200
    assert f'<p id="user">{login}</p>' in visitor.open(f"{site.url}/").text


def test_mellon_signs_out_here_and_there(server: Server, site: Apache, binding: str, login: str) -> None:
    visitor = Visitor()
    visitor.press(_ask(visitor, site, binding), login=login, password=PASSWORD)
    page = visitor.open(f"{site.url}/mellon/logout?ReturnTo={site.url}/mellon/metadata")
    assert page.url.startswith(f"{site.url}/mellon/metadata"), (page.url, page.text[:500], site.log.read_text())
    assert is_sign_in_page(visitor.open(server.issuer), server.issuer)
    assert is_sign_in_page(_ask(visitor, site, binding), server.issuer)
