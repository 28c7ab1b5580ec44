"""Q5, cases 12 and 13: an application of the browser at an unknown origin, and in a frame, which gets no cookie."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, sync_playwright

from idp.admin import symptoms
from idp.admin.actor import of_shell
from idp.answers.symptoms import Symptom
from tests.answers.telling import tells
from tests.browser.windows import ARGUMENTS
from tests.provider import PASSWORD, App, challenge_of
from tests.server import Server

PAGE = b"""<!doctype html><title>Notes</title><p id="said"></p><script>
addEventListener("message", (told) => { document.getElementById("said").textContent += told.data + ";" })
if (parent !== window) parent.postMessage(new URLSearchParams(location.search).get("error") || "code", "*")
</script>"""
ROUNDS = 3


class Notes(BaseHTTPRequestHandler):
    """One page, at every path."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def home() -> Iterator[str]:
    """Where the application lives: localhost is another site than 127.0.0.1."""
    web = ThreadingHTTPServer(("127.0.0.1", 0), Notes)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    yield f"http://localhost:{web.server_port}"
    web.shutdown()
    web.server_close()


@pytest.fixture
def server(run_pid: int) -> Iterator[Server]:
    made = Server(run_pid)
    yield made
    made.close()


@pytest.fixture
def page() -> Iterator[Page]:
    """A window of Debian's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=Path("/usr/bin/chromium"), args=list(ARGUMENTS))
        opened = browser.new_page()
        opened.set_default_timeout(30_000)
        yield opened
        browser.close()


def asked(server: Server, app: App, **more: str) -> str:
    """An authorization request of it."""
    query = {
        "client_id": app.id, "response_type": "code", "scope": "openid email", "redirect_uri": app.redirect_uri,
        "state": "s", "code_challenge": challenge_of(), "code_challenge_method": "S256", **more,
    }  # fmt: skip
    return f"{server.issuer}/oauth/authorize?{urlencode(query)}"


def seen(server: Server, app: App, code: str = "silent_without_cookie") -> Symptom:
    """What an admin reads, as soon as the server's process has written what it counted."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for one in symptoms.of_application(server.services, of_shell("root"), app.client):
            if one.code == code:
                return one
        time.sleep(0.5)
    raise AssertionError("nothing was seen")


@pytest.mark.slow
@pytest.mark.spec("Core 3.1.2.1")
def test_Q5_case_13_prompt_none_in_a_frame_comes_without_a_cookie(server: Server, page: Page, home: str) -> None:
    server.add_person("ann")
    app = server.add_client("Notes", "spa", redirect_uris=[f"{home}/callback"])
    page.goto(asked(server, app))
    page.fill("#login", "ann")
    page.fill("#password", PASSWORD)
    page.click("form button[type=submit].main")
    page.wait_for_url(f"{home}/callback**")
    assert "code=" in page.url  # she is signed in
    page.goto(home)
    for n in range(ROUNDS):
        page.evaluate(
            "url => { const frame = document.createElement('iframe'); frame.src = url; document.body.append(frame) }",
            asked(server, app, prompt="none", nonce=f"n{n}"),
        )
        page.wait_for_function(f"document.getElementById('said').textContent.split(';').length > {n + 1}")
    told = page.inner_text("#said")
    assert told == "login_required;" * ROUNDS
    symptom = seen(server, app)
    assert (symptom.side, symptom.field, symptom.times, symptom.proven) == ("application", "prompt", ROUNDS, False)
    assert "frame" in symptom.causes[0].what
    assert "refresh tokens" in symptom.causes[0].fix
    assert "top-level redirect" in symptom.causes[0].fix
    developer = told.split(";")[0]
    tells(
        13, client="Chromium", person="", developer=developer, finding=asdict(symptom.to_finding()),
        also={app.id: "NOTES"},
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.spec("Fetch 4.8")
def test_Q5_case_12_an_application_of_the_browser_at_an_origin_that_is_not_registered(
    server: Server, page: Page, home: str
) -> None:
    app = server.add_client("Notes", "spa", redirect_uris=["http://localhost:3000/callback"])
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(home)
    failed = page.evaluate(
        "url => fetch(url, {headers: {Authorization: 'Bearer x'}}).then(() => 'read', error => error.message)",
        f"{server.issuer}/oauth/userinfo",
    )
    assert failed == "Failed to fetch"
    [complaint] = [one for one in complaints if "CORS" in one]
    assert "preflight" in complaint
    assert app.id not in complaint
    symptom = seen(server, app, "origin_unknown")
    assert (symptom.side, symptom.field, symptom.got) == ("doorward", "allowed_origins", home)
    assert f"allowed_origins+={home}" in symptom.causes[0].fix
    tells(
        12, client="Chromium", person="", developer=complaint, finding=asdict(symptom.to_finding()),
        also={app.id: "NOTES", home.rpartition(":")[2]: "PORT"},
    )  # fmt: skip
