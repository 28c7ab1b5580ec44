"""Apache's mod_auth_mellon, as Debian ships it, over HTTP: another implementation (lasso) on the other side."""

from __future__ import annotations

import re
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.backends import find_free_port
from tests.journeys import apache
from tests.journeys.relying import site as application
from tests.journeys.relying import with_authlib
from tests.journeys.visiting import Visitor, is_sign_in_page
from tests.provider import PASSWORD, Dom
from tests.saml.pairs import rsa_pair
from tests.server import PATIENCE, Server, running, unique

pytestmark = pytest.mark.slow

NAME = "Älice & <Bob>"
CONFIG = """
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
    """An Apache that lets nobody in without an assertion, and the provider that it trusts."""

    server: Server
    url: str
    client_id: str
    log: Path


@contextmanager
def mellon(run: int, binding: str) -> Iterator[Apache]:
    """Registered by its own metadata; asks for sign-in by `binding` alone, and is told of sign-outs by one, too."""
    port = find_free_port()
    url = f"http://127.0.0.1:{port}"
    with running(run, workers=2, outbound={"allow": [url]}) as server, apache.made_folder(run) as folder:
        (folder / "pages" / "index.html").write_text(PAGE)
        other = "HTTP-POST" if binding == "HTTP-Redirect" else "HTTP-Redirect"
        said = requests.get(f"{server.issuer}/saml/metadata", timeout=20).text
        without = re.sub(rf'<[a-z0-9:]*SingleSignOnService [^>]*bindings:{other}"[^>]*/>', "", said)
        assert without != said
        (folder / "idp.xml").write_text(without, "utf-8")
        with apache.serving(run, folder, port, "auth_mellon", CONFIG.format(folder=folder)):
            said = requests.get(f"{url}/mellon/metadata", timeout=20).text
            told = said
            if binding == "HTTP-Redirect":  # else it is told by SOAP, which comes first where there is both
                told = re.sub(r'<SingleLogoutService\s[^>]*bindings:SOAP"[^>]*/>', "", said)
                assert told != said
            assert "bindings:HTTP-Redirect" in told
            (folder / "metadata.xml").write_text(told, "utf-8")
            made = server.cli_json(
                "client", "add", "saml", "--name", unique("Apache"), "--metadata", str(folder / "metadata.xml"),
                "--json",
            )  # fmt: skip
            yield Apache(server, url, made["client_id"], folder / "log")


@pytest.fixture(scope="module", params=["HTTP-Redirect", "HTTP-POST"])
def binding(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def site(run_pid: int, binding: str) -> Iterator[Apache]:
    with mellon(run_pid, binding) as made:
        yield made


@pytest.fixture(scope="module")
def server(site: Apache) -> Server:
    """This file's own: it may reach its Apache."""
    return site.server


@pytest.fixture
def login(server: Server) -> str:
    return server.add_person(unique("ann"), name=NAME).username


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


def test_mellon_signs_out_there_and_comes_back(server: Server, site: Apache, binding: str, login: str) -> None:
    """The LogoutResponse is verified by lasso, and says Success; nobody is signed in anywhere any more."""
    visitor = Visitor()
    visitor.press(_ask(visitor, site, binding), login=login, password=PASSWORD)
    page = visitor.open(f"{site.url}/mellon/logout?ReturnTo={site.url}/mellon/metadata")
    assert page.url.startswith(f"{site.url}/mellon/metadata"), (page.url, page.text[:500], site.log.read_text())
    assert is_sign_in_page(visitor.open(server.issuer), server.issuer)
    assert is_sign_in_page(_ask(visitor, site, binding), server.issuer)


def test_mellon_signs_out_the_openid_connect_application_too(
    server: Server, site: Apache, binding: str, login: str
) -> None:
    visitor = Visitor()
    visitor.press(_ask(visitor, site, binding), login=login, password=PASSWORD)
    with application(server, with_authlib) as crm:
        assert visitor.open(crm.url).json()["name"] == NAME
        visitor.open(f"{site.url}/mellon/logout?ReturnTo={site.url}/mellon/metadata")
        visitor.web.cookies.clear(domain="127.0.0.1", path="/", name="authlib")
        assert is_sign_in_page(visitor.open(crm.url), server.issuer)


def test_mellon_is_told_of_a_sign_out_here(server: Server, site: Apache, binding: str, login: str) -> None:
    """By way of the browser, or by SOAP: the page tells that it has confirmed, and its session is gone."""
    visitor = Visitor()
    visitor.press(_ask(visitor, site, binding), login=login, password=PASSWORD)
    assert f'<p id="user">{login}</p>' in visitor.open(f"{site.url}/").text
    page = visitor.press(visitor.open(f"{server.issuer}/logout"))
    assert page.url.startswith(server.issuer), (page.url, page.text, site.log.read_text())
    assert "It has confirmed that you are signed out" in Dom(page.text).text, (page.text, site.log.read_text())
    assert is_sign_in_page(_ask(visitor, site, binding), server.issuer)


def _registered(site: Apache, binding: str, change: Callable[[str], str], field: str | None) -> dict[str, str]:
    """The metadata that was read of it here becomes another one, as after a move or a new key there.

    Every serving process is to have seen it: one may still answer by the metadata of before. Gives what is found
    about `field`, of the error that somebody comes to; nothing without a field, where a sign-in page comes again.
    """
    said = (site.log.parent / "metadata.xml").read_text("utf-8")
    other = site.log.parent / "other.xml"
    other.write_text(change(said), "utf-8")
    assert site.server.cli("client", "refresh", site.client_id, "--metadata", str(other)).returncode == 0
    until = time.monotonic() + PATIENCE
    while True:
        page = _ask(Visitor(), site, binding)
        found = {} if is_sign_in_page(page, site.server.issuer) else _found(site, Dom(page.text).text)
        if found.get("field") == field:
            return found
        assert time.monotonic() < until, (page.text, found)
        time.sleep(0.2)


def _found(site: Apache, page: str) -> dict[str, str]:
    """What the command says first about the error of a page that tells nobody but the application off."""
    error_id = re.search(r"E-[0-9A-Z]{5}-[0-9A-Z]{5}", page)
    assert error_id is not None, page
    assert "Nothing is wrong with your account" in page
    first: dict[str, str] = site.server.cli_json("explain", error_id[0], "--json")["findings"][0]
    return first


def _moved(said: str) -> str:
    return re.sub(r'(<AssertionConsumerService\s[^>]*Location="[^"]*)/mellon/', r"\1/before/", said)


def _other_key(said: str) -> str:
    mine = re.search(r"<(?:\w+:)?X509Certificate>([^<]*)<", said)
    assert mine is not None
    return said.replace(mine[1], "".join(rsa_pair("another").certificate_pem.splitlines()[1:-1]))


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        (_moved, "AssertionConsumerServiceURL", ("The path is", "client refresh")),
        (_other_key, "certificate", ("the key that its metadata had until", "client refresh")),
    ],
    ids=["it has moved", "it has another key"],
)
def test_Q5_mellon_whose_metadata_is_old_here(
    site: Apache, binding: str, change: Callable[[str], str], field: str, words: tuple[str, ...]
) -> None:
    """Cases 22 and 23 with lasso on the other side: page, developer and admin name side, field and fix."""
    try:
        found = _registered(site, binding, change, field)
        assert found["side"] == "application"
        assert all(one in found["fix"] for one in words), found["fix"]
    finally:
        _registered(site, binding, str, None)
