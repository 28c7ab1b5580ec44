"""Apache's mod_auth_openidc, as Debian ships it, over HTTP: signs in and out, and its mistakes explain themselves."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import requests

from tests.backends import find_free_port
from tests.journeys import apache
from tests.journeys.visiting import Visitor, is_sign_in_page
from tests.provider import PASSWORD, Dom
from tests.server import Server, running, unique

pytestmark = pytest.mark.slow

NAME = "Älice & <Bob>"
#: What the gallery's template says to put into the virtual host, for one process on loopback.
CONFIG = """
OIDCProviderMetadataURL "{issuer}/.well-known/openid-configuration"
OIDCClientID "{client_id}"
OIDCClientSecret "{secret}"
OIDCRedirectURI "{url}/secure/redirect_uri"
OIDCCryptoPassphrase "a passphrase of the test alone"
OIDCScope "openid profile email"
OIDCPKCEMethod {pkce}
OIDCRemoteUserClaim preferred_username
OIDCPassClaimsAs environment
<Location "/">
  AuthType openid-connect
  Require valid-user
</Location>
"""
PAGE = '<p id="user"><!--#echo var="REMOTE_USER" --></p><p id="name"><!--#echo var="OIDC_CLAIM_name" --></p>'
ERROR_ID = re.compile(r"E-[0-9A-Z]{5}-[0-9A-Z]{5}")


@dataclass(frozen=True)
class Site:
    """An Apache that lets nobody in without a sign-in at `server`."""

    server: Server
    url: str
    log: Path

    def explained(self, error_id: str) -> tuple[str, str]:
        """Side and field, as the command tells an admin who was given the id."""
        found = self.server.cli_json("explain", error_id, "--json")["findings"][0]
        return found["side"], found["field"]

    def logged_id(self) -> str:
        """The error's id, as whoever runs the Apache finds it in its log."""
        found = ERROR_ID.findall(self.log.read_text())
        assert found, self.log.read_text()
        return str(found[-1])


@pytest.fixture(scope="module")
def server(run_pid: int) -> Iterator[Server]:
    with running(run_pid) as made:
        yield made


@contextmanager
def guarded(run: int, server: Server, *, redirect: str = "/secure/redirect_uri", **wrong: str) -> Iterator[Site]:
    """An Apache with the module, registered as the gallery says, but for what is wrong with it."""
    port = find_free_port()
    url = f"http://127.0.0.1:{port}"
    made = server.cli_json(
        "client", "add", "oidc", "--name", unique("Apache"), "--redirect-uri", url + redirect,
        "--post-logout-redirect-uri", url + "/bye/index.html", "--json",
    )  # fmt: skip
    values = {"client_id": made["client_id"], "secret": made["client_secret"], "pkce": "S256"} | wrong
    with apache.made_folder(run) as folder:
        (folder / "pages" / "index.html").write_text(PAGE)
        config = CONFIG.format(issuer=server.issuer, url=url, **values)
        (folder / "pages" / "bye").mkdir()
        (folder / "pages" / "bye" / "index.html").write_text("bye")
        open_to_all = '<Location "/bye">\n  AuthType None\n  Require all granted\n</Location>\n'
        with apache.serving(run, folder, port, "auth_openidc", config + open_to_all):
            yield Site(server, url, folder / "log")


def _signed_in(site: Site) -> tuple[Visitor, requests.Response, str]:
    login = site.server.add_person(unique("ann"), name=NAME).username
    visitor = Visitor()
    page = visitor.open(f"{site.url}/")
    assert is_sign_in_page(page, site.server.issuer), (page.url, page.text, site.log.read_text())
    return visitor, visitor.press(page, login=login, password=PASSWORD), login


def test_mod_auth_openidc_signs_in_and_out(run_pid: int, server: Server) -> None:
    """PKCE, userinfo and RP-initiated logout of a module that many companies run, with nothing changed in it."""
    with guarded(run_pid, server) as site:
        visitor, page, login = _signed_in(site)
        assert page.url == f"{site.url}/", (page.url, page.text, site.log.read_text())
        page.encoding = "utf-8"
        assert f'<p id="user">{login}</p>' in page.text
        assert f'<p id="name">{html.escape(NAME, quote=False)}</p>' in page.text
        back = quote(f"{site.url}/bye/index.html", safe="")
        page = visitor.open(f"{site.url}/secure/redirect_uri?logout={back}")
        assert page.url.split("?")[0] == f"{site.url}/bye/index.html", (page.url, page.text)
        assert is_sign_in_page(visitor.open(f"{site.url}/"), server.issuer)


def test_Q5_mod_auth_openidc_at_another_redirect_uri(run_pid: int, server: Server) -> None:
    """Case 1: the page says that nothing is wrong with the account, and its id leads to the field and the path."""
    with guarded(run_pid, server, redirect="/redirect_uri") as site:
        page = Visitor().open(f"{site.url}/")
        text = Dom(page.text).text
        assert page.status_code == 400
        assert "Nothing is wrong with your account" in text
        error_id = ERROR_ID.search(text)
        assert error_id is not None, text
        assert site.explained(error_id[0]) == ("application", "redirect_uri")


def test_Q5_mod_auth_openidc_with_another_secret(run_pid: int, server: Server) -> None:
    """Case 4: only the module's log shows the token endpoint's answer, and that has the id."""
    with guarded(run_pid, server, secret="not-the-secret-that-it-has") as site:
        _visitor, page, _login = _signed_in(site)
        assert page.url.startswith(site.url), page.url
        assert "invalid_client" in site.log.read_text()
        assert site.explained(site.logged_id()) == ("application", "client_secret")


@pytest.mark.spec("RFC 9207 §2")
def test_Q5_mod_auth_openidc_with_plain_pkce(run_pid: int, server: Server) -> None:
    """Case 17: this version takes any answer with `iss` that has no code for a sign-in begun elsewhere.

    Its page then speaks of a `target_link_uri`, as the gallery's traps say; the address has our sentence and the id.
    """
    with guarded(run_pid, server, pkce="plain") as site:
        page = Visitor().open(f"{site.url}/")
        assert "target_link_uri" in page.text
        said = dict(parse_qsl(urlsplit(page.url).query))
        assert said["error_description"].startswith("code_challenge_method must be S256, not plain.")
        error_id = ERROR_ID.search(said["error_description"])
        assert error_id is not None, page.url
        assert site.explained(error_id[0]) == ("application", "code_challenge_method")


def test_Q5_mod_auth_openidc_signs_out_to_an_unknown_address(run_pid: int, server: Server) -> None:
    """Case 14: they are signed out, stay here, and the page's id names the address that is not registered."""
    with guarded(run_pid, server) as site:
        visitor, _page, _login = _signed_in(site)
        page = visitor.open(f"{site.url}/secure/redirect_uri?logout={quote(site.url + '/', safe='')}")
        assert page.url.startswith(server.issuer), (page.url, page.text)
        text = Dom(page.text).text
        error_id = ERROR_ID.search(text)
        assert error_id is not None, text
        assert site.explained(error_id[0]) == ("application", "post_logout_redirect_uri")
        assert is_sign_in_page(visitor.open(server.issuer), server.issuer)
