"""oidc-client-ts, the standard library of applications that run in the browser, in Chromium (N13)."""

from __future__ import annotations

import functools
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page

from idp.accounts.person import Person
from tests.counterparts.conftest import HERE, sign_in
from tests.provider import App
from tests.server import PATIENCE, Server, unique


class Pages(SimpleHTTPRequestHandler):
    """The files of `spa/`, the library, and the settings; every other path is the one page."""

    def __init__(self, *args: Any, library: Path, settings: dict[str, Any], **more: Any) -> None:
        self._own = {"/oidc-client-ts.min.js": library.read_bytes()}
        self._own["/settings.js"] = f"const settings = {json.dumps(settings)};".encode()
        super().__init__(*args, directory=str(HERE / "spa"), **more)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path in self._own:
            self.send_response(200)
            self.send_header("Content-Type", "text/javascript")
            self.end_headers()
            self.wfile.write(self._own[path])
            return
        if path != "/app.js":
            self.path = "/index.html"
        super().do_GET()

    def log_message(self, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def notes(server: Server, tool: Callable[[str], Path]) -> Iterator[tuple[str, App]]:
    """The application, and where it lives."""
    settings: dict[str, Any] = {}
    library = tool("node/node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js")
    web = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Pages, library=library, settings=settings))
    home = f"http://127.0.0.1:{web.server_port}"
    app = server.add_client(
        unique("Notes"), "spa", redirect_uris=[home + "/callback"], post_logout_redirect_uris=[home + "/bye"]
    )
    settings |= {
        "authority": server.issuer, "client_id": app.id, "redirect_uri": home + "/callback",
        "post_logout_redirect_uri": home + "/bye", "scope": "openid profile email",
    }  # fmt: skip
    threading.Thread(target=web.serve_forever, daemon=True).start()
    yield home, app
    web.shutdown()
    web.server_close()


def shown(page: Page, key: str) -> Any:
    page.wait_for_function(f"""document.getElementById("state").textContent.includes('"{key}"')""")
    return json.loads(page.inner_text("#state"))


@pytest.mark.spec("RFC 7009 2.2")
def test_n13_the_standard_browser_library_signs_in_renews_and_signs_out_with_its_tokens_revoked(
    server: Server, page: Page, ann: Person, notes: tuple[str, App]
) -> None:
    home, _ = notes
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(home)
    shown(page, "nobody")
    page.click("#in")
    sign_in(page, ann)
    page.wait_for_url(home + "/")
    first = shown(page, "profile")
    assert first["profile"]["preferred_username" if "preferred_username" in first["profile"] else "sub"]
    page.click("#renew")
    token = shown(page, "renewed")["renewed"]
    assert token != first["token"]
    assert server.userinfo(token).status == 200
    page.click("#out")
    page.wait_for_url(home + "/bye**")
    assert shown(page, "signedOut") == {"signedOut": True, "user": None}
    assert server.userinfo(token).status == 401
    assert [line for line in complaints if "favicon" not in line] == []
    page.goto(server.issuer)
    page.wait_for_selector("#password")


def _told(server: Server, text: str) -> dict[str, Any]:
    error_id = re.search(r"E-[0-9A-Z]{5}-[0-9A-Z]{5}", text)
    assert error_id is not None, text
    return dict(server.cli_json("explain", error_id[0], "--json")["findings"][0])


def _answers(server: Server, app: App, home: str) -> tuple[int, str | None]:
    """The status of its authorization request, and the origin that may read the token endpoint's answers."""
    asked = {
        "client_id": app.id, "response_type": "code", "scope": "openid", "redirect_uri": home + "/callback",
        "state": "s", "code_challenge": "x" * 43, "code_challenge_method": "S256",
    }  # fmt: skip
    began = requests.get(f"{server.issuer}/oauth/authorize", params=asked, timeout=PATIENCE)
    call = requests.post(
        f"{server.issuer}/oauth/token", data={"client_id": app.id}, headers={"Origin": home}, timeout=PATIENCE
    )
    return began.status_code, call.headers.get("Access-Control-Allow-Origin")


def test_Q5_what_oidc_client_ts_has_wrong_is_told_to_its_developer_and_under_the_id(
    server: Server, page: Page, ann: Person, notes: tuple[str, App]
) -> None:
    """Cases 1, 12 and 14 and their like, in Chromium: one application, one thing wrong after the other."""
    home, app = notes

    def change(*values: str, status: int = 200, allowed: str | None = None) -> None:
        """Change it, and wait until the serving process has seen that, by its answers."""
        assert server.cli("client", "set", app.id, *values).returncode == 0
        until = time.monotonic() + PATIENCE
        while _answers(server, app, home) != (status, allowed):
            assert time.monotonic() < until, _answers(server, app, home)
            time.sleep(0.2)

    # An address to return to that is not registered: our page, and nobody is sent anywhere.
    change(f"redirect_uris={home}/elsewhere", status=400, allowed=home)
    page.goto(home)
    shown(page, "nobody")
    page.click("#in")
    page.wait_for_url(server.issuer + "/**")
    found = _told(server, page.inner_text("main"))
    assert (found["side"], found["field"], found["got"]) == ("application", "redirect_uri", home + "/callback")
    # An origin that is not its own: the browser keeps the answer from it (case 12 has the symptom).
    change(f"redirect_uris={home}/callback", "allowed_origins=https://notes.example")
    page.goto(home)
    shown(page, "nobody")
    page.click("#in")
    sign_in(page, ann)
    page.wait_for_url(home + "/callback**")
    assert "Failed to fetch" in shown(page, "error")["error"]
    # A way back after signing out that is not registered: said on our page, and the person is signed out all the same.
    change(f"allowed_origins={home}", "post_logout_redirect_uris=https://notes.example/bye", allowed=home)
    page.goto(home)
    page.click("#in")
    page.wait_for_url(home + "/")
    shown(page, "profile")
    page.click("#out")
    page.wait_for_url(server.issuer + "/**")
    found = _told(server, page.text_content("main") or "")  # folded up there
    assert (found["side"], found["field"]) == ("application", "post_logout_redirect_uri")
