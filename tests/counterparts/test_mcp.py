"""The two official SDKs of MCP, unmodified: a program finds us from a tool's RFC 9728 document, and uses it. J1."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from idp.accounts.person import Person
from tests.backends import find_free_port
from tests.counterparts.authority import make_certificate
from tests.counterparts.conftest import HERE, Program
from tests.server import Server, unique

PYTHON = "mcp/bin/python"
TYPESCRIPT = "node/node_modules/@modelcontextprotocol/sdk/package.json"
LOOPBACK = "http://127.0.0.1:33418/callback"


@dataclass
class Agent:
    """A host with the document of a program."""

    url: str
    host: str
    pages: dict[str, dict[str, Any]]

    def publish(self, name: str, redirect_uri: str) -> str:
        """The address of a document."""
        url = f"{self.url}/{name}.json"
        self.pages[f"/{name}.json"] = {
            "client_id": url, "client_name": name, "redirect_uris": [redirect_uri],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
        }  # fmt: skip
        return url


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Agent, Path]]:
    """The host, by https, and the certificate that is to be trusted."""
    folder = tmp_path_factory.mktemp("agent")
    certificate, key = make_certificate(folder, "localhost")
    pages: dict[str, dict[str, Any]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(pages[self.path]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    served.socket = context.wrap_socket(served.socket, server_side=True)
    threading.Thread(target=served.serve_forever, args=(0.05,), daemon=True).start()
    host = f"localhost:{served.server_port}"
    yield Agent(f"https://{host}", host, pages), certificate
    served.shutdown()
    served.server_close()


@pytest.fixture(scope="module")
def address() -> str:
    """Where the tool will be."""
    return f"http://127.0.0.1:{find_free_port()}/mcp"


@pytest.fixture(scope="module")
def server(run_pid: int, agent: tuple[Agent, Path], address: str) -> Iterator[Server]:
    """A provider that reads documents, and registers whoever comes."""
    found, certificate = agent
    made = Server(
        run_pid, outbound={"allow": [found.url], "ca": str(certificate)},
        oauth={
            "client_id_documents": "hosts", "registration": "open",
            "open_registration_scope": "openid offline_access tools",
            "open_registration_resources": [address],
        },
        log={"level": "info", "format": "json"},
    )  # fmt: skip
    yield made
    made.close()


@pytest.fixture(scope="module")
def resource(server: Server, agent: tuple[Agent, Path], address: str, tool: Callable[[str], Path]) -> Iterator[str]:
    """A toy MCP server, whose address is the resource; an admin has allowed the agent's host to ask for it."""
    python, port = tool(PYTHON), urlsplit(address).port
    app = server.add_client(unique("Tools"), introspection="audience", resources=[address])
    server.cli("registration", "allow", agent[0].host, "--scope", "openid", "--scope", "tools", "--resource", address)
    settings = {
        "issuer": server.issuer, "port": port, "resource": address, "client_id": app.id, "client_secret": app.secret,
    }  # fmt: skip
    program = Program(
        [str(python), str(HERE / "mcp" / "tool_server.py")], server.folder, {"SETTINGS": json.dumps(settings)}
    )  # fmt: skip
    program.wait_for(address)
    yield address
    program.stop()


def use_the_tool(
    words: list[str], folder: Path, settings: dict[str, Any], server: Server, person: Person
) -> tuple[str, dict[str, list[str]], dict[str, Any]]:
    """What the consent page says, what was asked for, and what the program says in the end."""
    program = subprocess.Popen(
        words, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "SETTINGS": json.dumps(settings)},
    )  # fmt: skip
    try:
        assert program.stdout is not None
        line = program.stdout.readline()
        assert line, program.communicate(timeout=10)[1][-3000:]
        url = json.loads(line)["url"]
        browser = server.browser()
        page = browser.log_in(browser.get(url), person.username)
        assert page.is_consent_page
        text = page.dom.text
        answer = browser.submit(page, "allow")
        out, err = program.communicate(answer.location + "\n", timeout=60)
    finally:
        program.kill()
    assert program.returncode == 0, err[-3000:]
    return text, parse_qs(urlsplit(url).query), json.loads(out.strip().splitlines()[-1])


@pytest.fixture(params=["python", "typescript"])
def words(request: pytest.FixtureRequest, tool: Callable[[str], Path], tmp_path: Path) -> list[str]:
    """How the client of each SDK is started."""
    if request.param == "python":
        return [str(tool(PYTHON)), str(HERE / "mcp" / "client.py")]
    tool(TYPESCRIPT)
    shutil.copy(HERE / "node" / "mcp_client.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(tool("node/node_modules"))
    return ["node", "mcp_client.mjs"]


@pytest.mark.spec("CIMD 5")
def test_j1_an_unmodified_client_is_known_by_its_document_and_uses_a_tool(
    server: Server, agent: tuple[Agent, Path], resource: str, words: list[str], tmp_path: Path
) -> None:
    person = server.add_person(unique("ann"))
    document = agent[0].publish(unique("editor"), LOOPBACK)
    settings = {"resource": resource, "document": document, "redirect_uri": LOOPBACK, "name": "Editor"}
    page, asked, told = use_the_tool(words, tmp_path, settings, server, person)
    assert f"A program of {agent[0].host} asks." in page
    assert "Not verified" in page
    assert f"Use {resource} as you" in page
    assert asked["client_id"] == [document]
    assert asked["resource"] == [resource]
    assert asked["code_challenge_method"] == ["S256"]
    assert (told["client_id"], told["answer"]) == (document, "5")
    assert "tools" in told["scope"].split()


@pytest.mark.spec("RFC 7591 3.1")
def test_j1_an_unmodified_client_without_a_document_registers_itself_and_uses_a_tool(
    server: Server, resource: str, words: list[str], tmp_path: Path
) -> None:
    person, name = server.add_person(unique("ann")), unique("Registers itself")
    settings = {"resource": resource, "redirect_uri": LOOPBACK, "name": name}
    page, asked, told = use_the_tool(words, tmp_path, settings, server, person)
    assert "registered itself" in page
    assert asked["resource"] == [resource]
    assert (told["client_id"], told["answer"]) == (asked["client_id"][0], "5")
