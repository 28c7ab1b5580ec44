"""G4: SIGHUP at a server that has no terminal: it says what is different, and new workers take it up."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from idp.cli.hangup import SettingsFile
from tests.backends import find_free_port
from tests.cli.conftest import CHEAP, COMMAND, Folder
from tests.server import HttpBrowser


@pytest.mark.slow
def test_G4_SIGHUP_says_what_is_taken_up_and_ends_nothing(site: Folder) -> None:
    file, port = site.path / "doorward.toml", find_free_port()
    with (site.path / "log").open("w") as log:
        server = subprocess.Popen(
            [COMMAND, "serve", "--port", str(port)], cwd=site.path, env=site.environment(), start_new_session=True,
            stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    try:
        assert server.stdout is not None
        assert "listens on" in server.stdout.readline()
        for text, said in (
            (CHEAP, "says what it said before; new workers take the place of these"),
            (
                CHEAP + '[mail]\nhost = "mail.example"\npassword = "hunter2"\n',
                "mail.host, mail.password; new workers take",
            ),
            (CHEAP + "[server]\nprot = 1\n", "doorward.toml:5: unknown key server.prot"),
        ):
            file.write_text(text)
            server.send_signal(signal.SIGHUP)
            waiting_for(site.path / "log", said)
        assert "hunter2" not in (site.path / "log").read_text()
        assert HttpBrowser(f"http://127.0.0.1:{port}").get("/healthz").status == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
    finally:
        server.kill()
        server.wait()
        server.stdout.close()  # type: ignore[union-attr]
        file.write_text(CHEAP)


def waiting_for(log: Path, said: str) -> None:
    """Until the line is there; the run's own limit ends what never comes."""
    until = time.monotonic() + 60
    while said not in log.read_text():
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)


def test_G4_what_was_changed_is_told_by_name_alone(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.path)
    for name in ("DOORWARD_CONFIG", "DOORWARD_MAIL_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    file = folder.path / "doorward.toml"
    file.write_text('[mail]\nhost = "a.example"\n[brand]\ncompany = "A"\n')
    began = SettingsFile(None)
    file.write_text('[mail]\nhost = "b.example"\n[brand]\ncompany = "A"\n[log]\nlevel = "debug"\n')
    (said,) = began.told({})
    assert said == "SIGHUP: changed: log.level, mail.host; new workers take it up, one after the other"
    file.unlink()
    before_it = SettingsFile(None)
    file.write_text('[brand]\ncompany = "A"\n')
    assert "changed: brand.company" in before_it.told({})[0]
    file.unlink()
    assert "changed: brand.company, mail.host" in began.told({})[0]
