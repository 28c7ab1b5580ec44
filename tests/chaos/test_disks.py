"""H3: the disk is full, or takes no more writes."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.provider import Answer, App
from tests.server import HttpBrowser, Server, running, unique

pytestmark = pytest.mark.slow
MEGABYTE = 1 << 20


class Disk:
    """A small file system of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self._options = folder / "disk", options
        self.folder.mkdir()
        self.mount()

    def mount(self) -> None:
        """Errors: skips the test, with the reason."""
        done = subprocess.run(["mount", *self._options, self.folder], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")

    def unmount(self) -> None:
        """Nobody may have a file open there."""
        subprocess.run(["umount", self.folder], check=True)

    def abort(self) -> None:
        """What the kernel does where the device fails: from now on it is read-only, whoever has files open."""
        subprocess.run(["mount", "-o", "remount,abort", self.folder], check=True)

    def fill(self) -> Path:
        """Take what room there is; answers the file to remove."""
        ballast = self.folder / "ballast"
        with ballast.open("wb", buffering=0) as file:
            for size in (MEGABYTE, 4096):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue
        return ballast


@pytest.fixture
def disk_of() -> Iterator[Callable[[str], Disk]]:
    """Makes a disk of 24 MB: of `memory`, or a `device` that may fail."""
    if os.getuid() != 0:
        pytest.skip("only root may mount a disk")
    with tempfile.TemporaryDirectory(prefix="doorward-disk-") as folder:
        disks: list[Disk] = []

        def make(kind: str) -> Disk:
            options = ("-t", "tmpfs", "-o", "size=24m", "tmpfs")
            if kind == "device":
                image = Path(folder) / "image"
                with image.open("wb") as file:
                    file.truncate(24 * MEGABYTE)
                subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
                options = ("-o", "loop", str(image))  # type: ignore[assignment]
            disks.append(Disk(Path(folder), *options))
            return disks[-1]

        yield make
        for disk in disks:
            subprocess.run(["umount", "--lazy", disk.folder], check=False, capture_output=True)


def _refused(answer: Answer) -> bool:
    return answer.status == 503 and bool(answer.headers["Retry-After"])


def _until(ask: Callable[[], Answer], holds: Callable[[Answer], bool], many: int = 300) -> int:
    """Ask until it holds; answers how often. The write-ahead log has room of its own, which is used up first."""
    for asked in range(many):
        if holds(ask()):
            return asked
    raise AssertionError("it never came to that")


def _looks(server: Server, app: App, browser: HttpBrowser, tokens: dict[str, Any]) -> None:
    """Whatever only reads goes on."""
    assert server.introspect(app, tokens["access_token"])["active"] is True
    assert server.userinfo(tokens["access_token"]).status == 200
    assert server._machine.get("oauth/jwks").status == 200
    assert server._machine.get("healthz").status == 200
    assert server.authorize(server.browser(), app).is_login_page


def _check_all(server: Server, app: App, browser: HttpBrowser, told: list[dict[str, Any]]) -> None:
    """What was answered for is there, and signing in works."""
    assert server.authorize(browser, app, prompt="none").code
    for tokens in told:
        assert server.introspect(app, tokens["access_token"])["active"] is True
        assert server.refresh(app, tokens["refresh_token"]).status == 200
    assert server.tokens(app, server.browser(), "ann")["access_token"]
    assert server.cli("doctor").returncode in (0, 1)


@pytest.fixture
def on(run_pid: int) -> Iterator[Callable[[Disk], Server]]:
    """Starts a server whose data are on a disk, and which has to end before that."""
    open_ones = []

    def start(disk: Disk) -> Server:
        held = running(run_pid, storage={"data_dir": str(disk.folder / "var")})
        open_ones.append(held)
        return held.__enter__()

    yield start
    for held in open_ones:
        held.__exit__(None, None, None)


def test_H3_a_full_disk_refuses_changes_and_nothing_else(
    disk_of: Callable[[str], Disk], on: Callable[[Disk], Server]
) -> None:
    disk = disk_of("memory")
    server = on(disk)
    app, browser = server.add_client(unique("CRM")), server.browser()
    server.add_person("ann")
    told = [server.tokens(app, browser, "ann")]
    ballast = disk.fill()

    def sign_in() -> Answer:
        somebody = server.browser()
        page = server.authorize(somebody, app)
        answer = somebody.log_in(page, "ann")
        if answer.is_redirect:
            redeemed = server.redeem(app, answer.code)
            if redeemed.status == 200:
                told.append(redeemed.json)
            return redeemed
        return answer

    print("sign-ins until it was full:", _until(sign_in, _refused))
    _looks(server, app, browser, told[0])
    ballast.unlink()
    _until(sign_in, lambda answer: answer.status == 200, 20)
    _check_all(server, app, browser, told)


def test_H3_a_disk_that_fails_loses_nothing_that_waited_for_it(
    disk_of: Callable[[str], Disk], on: Callable[[Disk], Server]
) -> None:
    """It is read-only from one moment to the next; when it was mounted anew the service is started again."""
    disk = disk_of("device")
    server = on(disk)
    app, browser = server.add_client(unique("CRM")), server.browser()
    server.add_person("ann")
    told = [server.tokens(app, browser, "ann") for _ in range(3)]
    ended = told.pop()
    # A revocation is on the disk when it is answered, and all that was committed before it with it; a sign-in of the
    # last moment need not be (docs/security.md).
    assert server.revoke(app, ended["refresh_token"]).status == 200
    disk.abort()
    somebody = server.browser()
    _until(lambda: somebody.log_in(server.authorize(somebody, app), "ann"), _refused, 20)
    assert _refused(server.refresh(app, told[0]["refresh_token"]))
    assert _refused(server.revoke(app, told[0]["refresh_token"]))
    _looks(server, app, browser, told[0])
    server.let_go()
    server.stop()
    disk.unmount()
    disk.mount()
    server.start()
    assert server.introspect(app, ended["access_token"])["active"] is False
    _check_all(server, app, browser, told)
