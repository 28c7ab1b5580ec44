"""G1: the wheel is all of the product: installed into an empty environment, it serves from an empty folder."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from idp.catalogue import codes, own_path_of
from tests.backends import find_free_port
from tests.provider import PASSWORD
from tests.server import HttpBrowser
from tests.shipping.environment import ROOT, Environment, install

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with it."""
    return install(built[0], tmp_path_factory.mktemp("environment") / "venv")


def run(environment: Environment, folder: Path, *words: str, input: str = "") -> str:
    done = subprocess.run(
        [environment.command, *words], cwd=folder, env=environment.variables(), input=input, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def serving(environment: Environment, folder: Path, port: int) -> Iterator[None]:
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [environment.command, "serve", "--port", str(port)], cwd=folder, env=environment.variables(),
            stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    try:
        assert server.stdout is not None
        assert "listens on" in server.stdout.readline(), (folder / "log").read_text()
        yield
    finally:
        server.terminate()
        server.wait(60)
        server.stdout.close()  # type: ignore[union-attr]


def test_g1_two_commands_and_a_person_signs_in(environment: Environment, tmp_path: Path) -> None:
    assert "doorward 0" in run(environment, tmp_path, "--version")
    assert "Doorward is set up" in run(environment, tmp_path, "init")
    run(environment, tmp_path, "user", "add", "--username", "ann", "--name", "Ann", "--password-stdin", input=PASSWORD)
    port = find_free_port()
    with serving(environment, tmp_path, port):
        browser = HttpBrowser(f"http://127.0.0.1:{port}")
        page = browser.get("/")
        while page.is_redirect:
            page = browser.follow(page)
        assert "Anmelden" in browser.get(page.url, headers={"Accept-Language": "de"}).text, "the catalogues are there"
        sheet = page.dom.find("link", rel="stylesheet")[0]["href"]
        assert browser.get(sheet).status == 200
        done = browser.log_in(page)
        while done.is_redirect:
            done = browser.follow(done)
        assert done.status == 200
        assert "Ann" in done.text
        assert browser.get(own_path_of(codes()[0])).status == 200, "the entries of the catalogue are there"
        assert browser.get("/oauth/jwks").json["keys"]
    assert "schema is current" in run(environment, tmp_path, "migrate")


def test_g1_nothing_of_this_repository_is_used_by_it(environment: Environment, tmp_path: Path) -> None:
    told = subprocess.run(
        [environment.folder / "bin" / "python", "-c", "import idp, clients; print(idp.__file__, clients.__file__)"],
        cwd=tmp_path, env=environment.variables(), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert str(ROOT) not in told
    assert told.count(str(environment.folder)) == 2


def test_g1_every_file_that_the_product_reads_is_in_the_wheel_and_nothing_else(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[0]) as wheel:
        names = set(wheel.namelist())
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    wanted = {name for name in tracked if name.split("/")[0] in ("idp", "clients", "keys")}
    wanted |= {f"idp/{name}" for name in tracked if name.startswith("templates/")}
    assert len(wanted) > 1000
    assert wanted - names == set()
    extra = {name for name in names - wanted if ".dist-info/" not in name}
    assert extra == set()
    assert not [name for name in names if name.startswith("tests") or name.endswith((".key", ".db", ".pyc"))]


def test_g1_the_sdist_has_what_is_built_from_it_and_no_secret_of_this_folder(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[1]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"pyproject.toml", "LICENSE", "README.md", "templates/base.html", "idp/py.typed"} <= names
    assert not [name for name in names if name.startswith(("var/", ".venv", "doorward.toml")) or name.endswith(".key")]
