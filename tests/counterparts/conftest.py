"""Applications and libraries of others, as people run them, against `doorward serve`: `make counterparts`.

What is not ours is installed into `.counterparts/`, which git ignores. Without it these tests are skipped.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from idp.accounts.person import Person
from tests.backends import find_free_port
from tests.browser.windows import ARGUMENTS
from tests.provider import PASSWORD
from tests.server import REPOSITORY, Server, unique

HERE = Path(__file__).parent
TOOLS = REPOSITORY / ".counterparts"
CHROMIUM = Path("/usr/bin/chromium")
MADE = "DOORWARD_COUNTERPARTS"  # set by `make counterparts`: then what is missing is a failure


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them need what only `make counterparts` installs."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.counterpart)


@pytest.fixture(scope="session")
def tool() -> Callable[[str], Path]:
    """The path of something installed, by its place in `.counterparts/`."""

    def find(name: str) -> Path:
        found = sorted(TOOLS.glob(name))
        if found:
            return found[-1]
        message = f"{name} is not installed: run `make counterparts`"
        if os.environ.get(MADE):
            pytest.fail(message)
        pytest.skip(message)

    return find


@pytest.fixture(scope="package")
def ports() -> list[int]:
    """Where applications of these tests may live; what they are told of by the back channel goes there."""
    return [find_free_port() for _ in range(6)]


@pytest.fixture(scope="package")
def server(run_pid: int, ports: list[int]) -> Iterator[Server]:
    """A provider that may tell applications on this machine of a sign-out."""
    allow = [f"http://{host}:{port}" for port in ports for host in ("127.0.0.1", "localhost")]
    made = Server(run_pid, outbound={"allow": allow}, log={"level": "info", "format": "json"})
    yield made
    made.close()


@pytest.fixture
def ann(server: Server) -> Person:
    """Somebody with an account, a verified address and a group."""
    name = unique("ann")
    claims = {"given_name": "Ann", "family_name": "Example"}
    return server.add_person(name, name="Ann Example", email_verified=True, claims=claims)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A window of a fresh profile."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def sign_in(page: Page, person: Person) -> None:
    """Name and password on our page."""
    page.fill("#login", person.username)
    page.fill("#password", PASSWORD)
    page.click("form button[type=submit].main")


class Program:
    """A process of somebody else's, its output in a file; all that it started ends with it."""

    def __init__(self, words: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> None:
        self._log = folder / "output"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DOORWARD_")}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                list(words), cwd=folder, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env={**kept, **(env or {})}, start_new_session=True,
            )  # fmt: skip

    @property
    def output(self) -> str:
        """What it has said so far."""
        return self._log.read_text(errors="replace")

    def wait_for(self, url: str, seconds: float = 60) -> None:
        """Wait until something answers at `url`, whatever it answers."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self.output[-4000:]
            try:
                urllib.request.urlopen(url, timeout=2).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.2)
        raise AssertionError(f"nothing answers at {url}: {self.output[-4000:]}")

    def wait_until_it_says(self, text: str, seconds: float = 60) -> None:
        """Wait for a line of its own: some answer before they are ready."""
        deadline = time.monotonic() + seconds
        while text not in self.output:
            assert self._process.poll() is None, self.output[-4000:]
            assert time.monotonic() < deadline, self.output[-4000:]
            time.sleep(0.2)

    def stop(self) -> None:
        """End it and what it started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                break
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                continue


def run(words: Sequence[str], folder: Path, env: Mapping[str, str] | None = None, seconds: float = 120) -> str:
    """What a program prints; it must end well."""
    done = subprocess.run(
        list(words), cwd=folder, capture_output=True, text=True, timeout=seconds, check=False,
        env={**os.environ, **(env or {})},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
