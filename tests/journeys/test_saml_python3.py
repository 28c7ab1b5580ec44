"""python3-saml over HTTP: the demo's wiki against `doorward serve`, registered by what it says of itself."""

from __future__ import annotations

import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lxml import etree
from werkzeug.serving import make_server

from idp.saml.messages import names
from tests.apps.wiki import door
from tests.apps.wiki.app import create_app
from tests.apps.wiki.door import WikiSettings
from tests.backends import find_free_port
from tests.journeys.relying import site, with_authlib
from tests.journeys.visiting import Visitor, is_sign_in_page
from tests.provider import PASSWORD
from tests.server import Server, unique

pytestmark = pytest.mark.slow

NAME = "Älice & <Bob>"


@pytest.fixture
def wiki(server: Server, tmp_path: Path) -> Iterator[WikiSettings]:
    """The application, registered by the command, and running."""
    port = find_free_port()
    url = f"http://127.0.0.1:{port}"
    settings = WikiSettings(
        f"{server.issuer}/saml/metadata", server.issuer, url, tmp_path / "wiki.pem", port, "http://127.0.0.1:1"
    )
    file = tmp_path / "metadata.xml"
    file.write_text(door.metadata(settings), "utf-8")
    server.cli_json("client", "add", "saml", "--name", unique("Wiki"), "--metadata", str(file), "--json")
    serving = make_server("127.0.0.1", port, create_app(settings), threaded=True)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    try:
        yield settings
    finally:
        serving.shutdown()
        serving.server_close()


@pytest.fixture
def login(server: Server) -> str:
    name = unique("ann")
    server.cli_json(
        "user", "add", "--username", name, "--email", f"{name}@example.com", "--name", NAME, "--password-stdin",
        "--json", input=PASSWORD + "\n",
    )  # fmt: skip
    return name


def test_metadata_alone_is_enough_to_sign_in(server: Server, wiki: WikiSettings, login: str) -> None:
    """The request is signed, the assertion encrypted, both signatures are checked by xmlsec."""
    visitor = Visitor()
    page = visitor.open(f"{wiki.base_url}/pages/on-call")
    assert is_sign_in_page(page, server.issuer)
    page = visitor.press(page, login=login, password=PASSWORD)
    assert page.url == f"{wiki.base_url}/pages/on-call"
    assert "Älice &amp; &lt;Bob&gt;" in page.text
    assert f"{login}@example.com" in page.text
    (_, fields) = visitor.posted[-1]
    answer = etree.fromstring(b64decode(fields["SAMLResponse"]))
    assert answer.find(f"{{{names.SAML}}}EncryptedAssertion") is not None
    assert answer.find(f"{{{names.DS}}}Signature") is not None


def test_a_person_of_an_openid_connect_application_opens_it_without_a_prompt(
    server: Server, wiki: WikiSettings, login: str
) -> None:
    with site(server, with_authlib) as crm:
        visitor = Visitor()
        visitor.press(visitor.open(crm.url), login=login, password=PASSWORD)
        page = visitor.open(wiki.base_url)
        assert page.url == f"{wiki.base_url}/pages/welcome"
        assert login in page.text


def test_and_the_other_way_round(server: Server, wiki: WikiSettings, login: str) -> None:
    with site(server, with_authlib) as crm:
        visitor = Visitor()
        visitor.press(visitor.open(wiki.base_url), login=login, password=PASSWORD)
        assert visitor.open(crm.url).json()["name"] == NAME


def test_an_answer_is_taken_once_and_by_the_browser_that_asked(server: Server, wiki: WikiSettings, login: str) -> None:
    visitor = Visitor()
    visitor.press(visitor.open(wiki.base_url), login=login, password=PASSWORD)
    action, fields = visitor.posted[-1]
    assert visitor.send(action, **fields).status_code == 403
    assert Visitor().send(action, **fields).status_code == 403


def test_signing_out_there_ends_the_sign_in_here(server: Server, wiki: WikiSettings, login: str) -> None:
    visitor = Visitor()
    page = visitor.press(visitor.open(wiki.base_url), login=login, password=PASSWORD)
    page = visitor.press(page)
    assert page.url == f"{wiki.base_url}/signed-out"
    assert is_sign_in_page(visitor.open(wiki.base_url), server.issuer)
    assert is_sign_in_page(visitor.open(server.issuer), server.issuer)


def test_a_certificate_is_rolled_over_while_people_work(server: Server, wiki: WikiSettings, login: str) -> None:
    """IIP-MD07: the next certificate stands beside the old one until an operator lets it sign."""
    prepared = server.cli_json("key", "rotate", "--saml", "--json")["certificates"]
    following = next(key["kid"] for key in prepared if key["use"] == "signing" and key["state"] == "next")
    before = _signer_of_a_sign_in(wiki, login)
    assert "long enough" in server.cli("key", "promote", following).stderr
    promoted = server.cli("key", "promote", following, "--force")
    assert promoted.returncode == 0, promoted.stderr
    deadline = time.monotonic() + 30
    while _signer_of_a_sign_in(wiki, login) == before:  # every one of these sign-ins works, by either certificate
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_no_sign_in_fails_while_certificates_roll_over_twice(server: Server, wiki: WikiSettings, login: str) -> None:
    """People sign in all the time, several at once; the service provider reads the metadata anew for each."""
    signers: list[list[str]] = [[] for _ in range(3)]
    failures: list[BaseException] = []
    over = threading.Event()

    def work(mine: list[str]) -> None:
        try:
            while not over.is_set():
                mine.append(_signer_of_a_sign_in(wiki, login))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(mine,), daemon=True) for mine in signers]
    for thread in threads:
        thread.start()
    try:
        _wait(lambda: all(len(mine) >= 2 for mine in signers), failures)
        for _ in range(2):
            former = {mine[-1] for mine in signers}
            prepared = server.cli_json("key", "rotate", "--saml", "--json")["certificates"]
            following = next(key["kid"] for key in prepared if key["use"] == "signing" and key["state"] == "next")
            promoted = server.cli("key", "promote", following, "--force")
            assert promoted.returncode == 0, promoted.stderr
            _wait(lambda: all(mine[-1] not in former for mine in signers), failures)  # noqa: B023
        (retired, *_) = [key["kid"] for key in server.cli_json("key", "list", "--json")["certificates"]
                         if key["state"] == "retiring"]  # fmt: skip
        withdrawn = server.cli("key", "withdraw", retired)  # IIP-MD07's last step
        assert withdrawn.returncode == 0, withdrawn.stderr
        counts = [len(mine) for mine in signers]
        _wait(lambda: all(len(mine) > before for mine, before in zip(signers, counts, strict=True)), failures)
    finally:
        over.set()
        for thread in threads:
            thread.join(30)
    assert failures == []
    assert len({signer for mine in signers for signer in mine}) == 3
    for mine in signers:  # each change once, and never back for good
        assert mine[0] != mine[-1]


def _wait(is_so: Callable[[], bool], failures: list[BaseException]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert not failures, failures
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _signer_of_a_sign_in(wiki: WikiSettings, login: str) -> str:
    visitor = Visitor()
    page = visitor.press(visitor.open(wiki.base_url), login=login, password=PASSWORD)
    assert login in page.text
    answer = etree.fromstring(b64decode(visitor.posted[-1][1]["SAMLResponse"]))
    certificate = answer.findtext(f"{{{names.DS}}}Signature//{{{names.DS}}}X509Certificate")
    assert certificate
    return str(certificate)
