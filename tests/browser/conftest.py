"""One Chromium and one site per test process; windows of its own for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from idp.accounts.person import Person
from tests.backends import find_free_port
from tests.browser import landing
from tests.browser.site import Served, Site
from tests.browser.windows import ARGUMENTS, Windows

CHROMIUM = Path("/usr/bin/chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here needs a browser and a server."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="package")
def site(run_pid: int) -> Iterator[Site]:
    """A provider with the CRM and the desk, and the landing place."""
    made = Site(run_pid)
    yield made
    made.close()


@pytest.fixture(scope="package")
def tls_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where the landing place answers on https."""
    port = find_free_port()
    served = Served(landing.create_app(), port, landing.make_tls(tmp_path_factory.mktemp("tls")))
    yield port
    served.stop()


@pytest.fixture(scope="package")
def chromium(tls_port: int) -> Iterator[Browser]:
    """Debian's Chromium. Of the package, not the session: its event loop would be in the way of other tests."""
    with sync_playwright() as playwright:
        # https://app.example and https://home.example are the landing place.
        rules = f"--host-resolver-rules=MAP *.example:443 127.0.0.1:{tls_port}"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, rules])
        yield browser
        browser.close()


@pytest.fixture
def windows(chromium: Browser, site: Site, request: pytest.FixtureRequest) -> Iterator[Windows]:
    """Windows for one test; what any of them complains about fails it."""
    opened = Windows(chromium, site, request.node.name.removeprefix("test_"))
    yield opened
    opened.close()
    opened.check()


@pytest.fixture
def ann(site: Site) -> Person:
    """Somebody with an account."""
    return site.someone("Ann Example")
