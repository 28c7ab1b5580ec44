"""N26, P4: from an empty folder, by the README's commands, to a colleague who forgot her password and is back in.

She gets a mail, sets a password by its link, is confirmed by that, forgets it, and has a new one within two minutes;
every security mail arrives, and no command says "mailed" of what was not.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.backends import find_free_port
from tests.browser.conftest import CHROMIUM
from tests.browser.windows import ARGUMENTS
from tests.cli.conftest import CHEAP, COMMAND, Folder
from tests.mail.server import MailServer, Received

pytestmark = pytest.mark.slow
FIRST, SECOND = "seven quiet pelicans over harwich", "nine loud herons under whitby"


@pytest.fixture
def post() -> Iterator[MailServer]:
    server = MailServer().start()
    yield server
    server.stop()


@pytest.fixture
def office(tmp_path: Path, post: MailServer) -> Iterator[tuple[Folder, str]]:
    """An empty folder with a mail server in its settings, set up and served as the README has it."""
    issuer = f"http://127.0.0.1:{find_free_port()}"
    mail = f'[mail]\nhost = "127.0.0.1"\nport = {post.port}\ntls = "none"\nsender = "Acme, Inc. <login@acme.example>"\n'
    folder = Folder(tmp_path / "office", f'[server]\nissuer = "{issuer}"\nport = {issuer[-5:]}\n{CHEAP}{mail}')
    assert folder.spawn("init").code == 0
    serving = subprocess.Popen(
        [COMMAND, "serve"], cwd=folder.path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=folder.environment(), start_new_session=True,
    )  # fmt: skip
    assert serving.stdout is not None
    assert serving.stdout.readline()
    yield folder, issuer
    serving.terminate()
    serving.wait(30)


@pytest.fixture(params=[True, False], ids=["javascript", "no javascript"])
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        context = browser.new_context(java_script_enabled=request.param, viewport={"width": 360, "height": 740})
        context.set_default_timeout(20000)
        yield context.new_page()
        browser.close()


def arrived(post: MailServer, wanted: Callable[[Received], bool]) -> Received:
    """The mail, as soon as it is there."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for got in list(post.received):
            if wanted(got):
                return got
        time.sleep(0.1)
    raise AssertionError(f"not among {[got.subject for got in post.received]}")


def link_of(got: Received) -> str:
    found = re.search(r"http://\S+/setup/\S+", got.text)
    assert found, got.text
    return found[0]


def choose(page: Page, link: str, password: str) -> None:
    page.goto(link)
    page.fill("#password", password)
    page.fill("#confirm", password)
    page.get_by_role("button", name="Save password").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your apps")


def test_n26_story_a_colleague_is_invited_forgets_her_password_and_is_back_in(
    office: tuple[Folder, str], post: MailServer, page: Page
) -> None:
    folder, issuer = office
    said = folder.spawn("user", "add", "--username", "anna", "--email", "anna@acme.example", "--name", "Anna Berg").out
    assert "mailed to anna@acme.example: the mail server said 250" in said
    invitation = arrived(post, lambda got: "account" in got.subject)
    assert (invitation.to, str(invitation.message["From"])) == (
        ["anna@acme.example"],
        '"Acme, Inc." <login@acme.example>',
    )
    choose(page, link_of(invitation), FIRST)
    assert folder.spawn("user", "show", "anna", "--json").json["email_verified"] is True
    page.context.clear_cookies()

    begun = time.monotonic()
    page.goto(issuer)
    page.get_by_role("link", name="Forgot password?").click()
    page.fill("#login", "anna")
    page.get_by_role("button", name="Send me a mail").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look at your mail")
    reset = arrived(post, lambda got: got.subject.startswith("Set a new"))
    choose(page, link_of(reset), SECOND)
    assert time.monotonic() - begun < 120
    changed = arrived(post, lambda got: "password" in got.subject and "changed" in got.subject)
    assert "/not-me/" in changed.text

    said = folder.spawn("user", "code", "anna", "--reason", "lost her phone").out
    assert "A mail that says so is on its way to anna@acme.example" in said
    arrived(post, lambda got: "lost her phone" in got.text)
    folder.spawn("user", "add", "--username", "ben", "--name", "Ben Okafor")
    said = folder.spawn("user", "code", "ben", "--reason", "new here").out
    assert "Nobody was told by mail: ben has no address." in said
    assert {address for got in post.received for address in got.to} == {"anna@acme.example"}
