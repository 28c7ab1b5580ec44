"""What every test may ask for: a clock, and fresh databases on real servers."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.backends import Clock, PostgreSQL, Redis, share_postgresql
from tests.provider import Browser, Provider, make_template

# A job in the background of a shell without job control (`make test &`, nohup, many CI systems) ignores these, and so
# would every process that a test starts: an ignored signal is inherited, a handled one is not.
for _number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL)
# Names and dates of files and pages do not depend on where the run was started, nor do the rights of what it makes.
os.umask(0o022)
# A run starts hundreds of Python processes. Where none may keep what it compiled, as in many a container, each server
# would compile all of idp twice, a second of work, and pytest all tests anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# How long an example takes is the machine's affair: a loaded one would fail a property that holds.
hypothesis.settings.register_profile("doorward", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("doorward")


@pytest.fixture
def clock() -> Clock:
    """A clock that only the test moves."""
    return Clock()


@pytest.fixture(scope="session")
def run_pid() -> int:
    """The process whose end is the end of the test run: the one that started the workers, under pytest-xdist."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory, run_pid: int) -> PostgreSQL:
    """The test run's PostgreSQL cluster, one for all workers."""
    folder = tmp_path_factory.getbasetemp()
    return share_postgresql(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder, run_pid)


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL) -> Iterator[str]:
    """An empty PostgreSQL database of the test's own."""
    name = postgresql.create()
    yield postgresql.url(name)
    postgresql.drop(name)


@pytest.fixture(scope="session")
def redis_server(run_pid: int) -> Redis:
    """This worker's redis-server."""
    return Redis(run_pid)


@pytest.fixture
def redis_url(redis_server: Redis) -> str:
    """An empty Redis of the test's own."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of the test's own; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/doorward.db"
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An initialised installation, made once per test process; tests work on copies."""
    return make_template(tmp_path_factory.mktemp("installation"))


@pytest.fixture
def open_provider(tmp_path: Path, clock: Clock, template: Path) -> Iterator[Callable[..., Provider]]:
    """Opens providers with settings of the test's own: `open_provider(server={"issuer": "https://…"})`."""
    opened: list[Provider] = []

    def open_one(**sections: object) -> Provider:
        sections.setdefault("server", {"issuer": "https://login.example"})
        opened.append(Provider.open(tmp_path / f"provider{len(opened)}", clock, template, **sections))
        return opened[-1]

    yield open_one
    for provider in opened:
        provider.close()


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    """A provider at https://login.example on SQLite."""
    return open_provider()


@pytest.fixture
def browser(provider: Provider) -> Browser:
    """Somebody's browser, without any cookie."""
    return provider.browser()
