"""One Chromium and one site per test process; windows of its own for every test."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from idp.accounts.person import Person
from tests.backends import find_free_port
from tests.browser import landing
from tests.browser.site import Served, Site
from tests.browser.windows import ARGUMENTS, Windows
from tests.server import Server

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
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A certificate for everything on https."""
    return landing.make_tls(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="package")
def https_ports() -> dict[str, int]:
    """Where hosts of the wide world are found on this machine."""
    return {"login.example": find_free_port(), "*.example": find_free_port()}


@pytest.fixture(scope="package")
def wide_world(https_ports: dict[str, int], tls: ssl.SSLContext) -> Iterator[None]:
    """The landing place on https, under many names."""
    served = Served(landing.create_app(), https_ports["*.example"], tls)
    yield
    served.stop()


@pytest.fixture(scope="package")
def secure(run_pid: int, https_ports: dict[str, int], tls: ssl.SSLContext, wide_world: None) -> Iterator[Server]:
    """A provider at https://login.example, behind a proxy that takes https off."""
    server = Server(run_pid, server={"issuer": "https://login.example"})
    proxy = landing.TlsProxy(https_ports["login.example"], server.port, tls)
    yield server
    proxy.stop()
    server.close()


@pytest.fixture(scope="package")
def chromium(https_ports: dict[str, int], wide_world: None) -> Iterator[Browser]:
    """Debian's Chromium. Of the package, not the session: its event loop would be in the way of other tests."""
    with sync_playwright() as playwright:
        rules = ",".join(f"MAP {host}:443 127.0.0.1:{port}" for host, port in https_ports.items())
        arguments = [*ARGUMENTS, f"--host-resolver-rules={rules}"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
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
