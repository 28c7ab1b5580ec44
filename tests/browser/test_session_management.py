"""Session Management 1.0 and Front-Channel Logout 1.0 in Chromium: a small application with the frames of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import urlencode

import pytest
from flask import Flask, Response, make_response, request
from playwright.sync_api import Browser, Page, expect

from tests.backends import find_free_port
from tests.browser.site import Served, port_of
from tests.provider import PASSWORD, App
from tests.server import Server

#: The RP's page of Session Management 1.0 §3.1: what the frame answers stands in the page, and it asks again.
ASKING = """<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Notes</title>
<h1>Notes</h1><p id="answer"></p>
<iframe id="op" src="{frame}" hidden></iframe><script>
var op = document.getElementById("op"), answer = document.getElementById("answer");
function ask() {{ op.contentWindow.postMessage("{message}", "{origin}"); }}
addEventListener("message", function (event) {{ if (event.origin === "{origin}") answer.textContent = event.data; }});
op.addEventListener("load", function () {{ ask(); setInterval(ask, 200); }});
</script></html>"""


class Notes:
    """The application: it signs people in, looks after the sign-in by the frame, and is signed out by another."""

    def __init__(self) -> None:
        self.url = f"http://127.0.0.1:{find_free_port()}"
        self.asked: list[tuple[dict[str, str], bool]] = []  # what came to the logout address, and whether with a cookie
        self.frame, self.client_id, self.issuer = "", "", ""
        self.redeem: Callable[[str], object] = lambda code: None
        app = Flask(__name__)
        app.add_url_rule("/cb", view_func=self.callback)
        app.add_url_rule("/out", view_func=self.out)
        self.served = Served(app, port_of(self.url))

    def callback(self) -> Response:
        self.redeem(request.args["code"])
        page = ASKING.format(
            frame=self.frame, origin=self.issuer, message=f"{self.client_id} {request.args['session_state']}"
        )
        answer = make_response(page)
        answer.set_cookie("notes", "1")
        return answer

    def out(self) -> Response:
        self.asked.append((request.args.to_dict(), "notes" in request.cookies))
        answer = make_response("<!doctype html><title>out</title>")
        answer.delete_cookie("notes")
        return answer


@pytest.fixture
def notes() -> Iterator[Notes]:
    made = Notes()
    yield made
    made.served.stop()


@pytest.fixture
def server(run_pid: int) -> Iterator[Server]:
    made = Server(run_pid, oauth={"session_management": True})
    yield made
    made.close()


def register(server: Server, notes: Notes) -> App:
    app = server.add_client(
        "Notes", redirect_uris=[notes.url + "/cb"], frontchannel_logout_uri=notes.url + "/out",
        frontchannel_logout_session_required=True,
    )  # fmt: skip
    notes.frame, notes.client_id, notes.issuer = f"{server.issuer}/oauth/session", app.id, server.issuer
    notes.redeem = partial(server.redeem, app)
    return app


def sign_in(page: Page, server: Server, app: App, person: str) -> None:
    page.goto(f"{server.issuer}/oauth/authorize?" + urlencode(server.request(app)))
    page.get_by_role("textbox").first.fill(person)
    page.locator("input[type=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Notes")


@pytest.mark.spec("Session Management 3; FCL 3")
def test_S52_an_application_sees_that_a_sign_in_ended_and_is_asked_in_a_frame(
    chromium: Browser, server: Server, notes: Notes
) -> None:
    app, complaints = register(server, notes), list[str]()
    server.add_person("ann")
    context = chromium.new_context()
    context.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page, other = context.new_page(), context.new_page()
    sign_in(page, server, app, "ann")
    expect(page.locator("#answer")).to_have_text("unchanged")
    other.goto(f"{server.issuer}/logout")
    other.locator("#confirm").click()
    # The page of the frames goes on by itself to the one that says what became of each.
    expect(other.get_by_text("Asked", exact=True)).to_be_visible()
    expect(page.locator("#answer")).to_have_text("changed")
    ((said, brought),) = notes.asked
    assert (said["iss"], brought) == (server.issuer, True)
    assert len(said["sid"]) > 20
    assert not any(cookie["name"] == "notes" for cookie in context.cookies())
    # Without JavaScript the frame loads all the same, and a button leads on.
    context.close()
    plain = chromium.new_context(java_script_enabled=False)
    page = plain.new_page()
    sign_in(page, server, app, "ann")
    page.goto(f"{server.issuer}/logout")
    page.locator("#confirm").click()
    expect(page.get_by_role("link", name="Sign out of Notes")).to_be_visible()
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_text("Asked", exact=True)).to_be_visible()
    assert len(notes.asked) == 2
    plain.close()
    assert not complaints
