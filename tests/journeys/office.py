"""An office from an empty folder, by the documents' commands: `init`, `serve`, `user add`, `client add oidc`."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.backends import find_free_port
from tests.browser.conftest import CHROMIUM
from tests.browser.windows import ARGUMENTS
from tests.cli.conftest import CHEAP, COMMAND, PASSWORD, Folder
from tests.journeys.board import Board, serving

PATIENCE = 60_000  # milliseconds; a loaded machine is slow, never wrong


class Office:
    """The folder with its commands, and where the provider is reached: by everybody from one address, 127.0.0.1."""

    def __init__(self, folder: Folder, issuer: str) -> None:
        self.folder, self.issuer = folder, issuer

    def say(self, *words: str, input: str = "") -> str:
        """What a command that succeeds prints."""
        done = self.folder.spawn(*words, input=input)
        assert done.code == 0, (words, done.err)
        return done.out

    def ask(self, *words: str) -> dict[str, object]:
        done = self.folder.spawn(*words, "--json")
        return done.json

    def hire(self, *names: str) -> None:
        """People with the one password of these tests."""
        for name in names:
            self.say("user", "add", "--username", name, "--name", f"{name.title()} Berg", "--password-stdin",
                     input=PASSWORD + "\n")  # fmt: skip

    @contextmanager
    def board(self, *more: str, has_start: bool = True) -> Iterator[Board]:
        """An application that is registered and runs. It is another site than the provider: `localhost`."""
        url = f"http://localhost:{find_free_port()}"
        begin = ("--set", f"initiate_login_uri={url}/start") if has_start else ()
        added = self.ask(
            "client", "add", "oidc", "--name", "Board", "--redirect-uri", f"{url}/callback",
            "--post-logout-redirect-uri", f"{url}/bye", *begin, *more,
        )  # fmt: skip
        board = Board(self.issuer, str(added["client_id"]), str(added["client_secret"]), url)
        with serving(board.create_app(), url):
            yield board


@contextmanager
def open_office(path: Path) -> Iterator[Office]:
    """Set up and served by two processes until the block ends."""
    port = find_free_port()
    issuer = f"http://127.0.0.1:{port}"
    settings = f'[server]\nissuer = "{issuer}"\nport = {port}\nworkers = 2\n{CHEAP}'
    office = Office(Folder(path, settings), issuer)
    office.say("init")
    process = subprocess.Popen(
        [COMMAND, "serve"], cwd=path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=office.folder.environment(), start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert "listens on" in process.stdout.readline()
        yield office
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE / 1000)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield browser
        browser.close()


def profile(browser: Browser, js: bool = True) -> BrowserContext:
    """A browser profile of its own, on a narrow screen."""
    context = browser.new_context(java_script_enabled=js, viewport={"width": 360, "height": 740})
    context.set_default_timeout(PATIENCE)
    context.set_default_navigation_timeout(PATIENCE)
    return context


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Fill the page and press its button; the answer has begun when this returns."""
    page.fill("#login", name)
    page.fill("#password", password)
    with page.expect_navigation(wait_until="commit"):
        page.click("button.main")
