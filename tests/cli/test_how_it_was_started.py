"""A command depends on nothing that whoever starts it may have left out, and the tests on no luck. N39."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Folder

ROOT = Path(__file__).parents[2]


def started(site: Folder, line: str, **environ: str) -> tuple[int, str, str]:
    """One line of a shell, with `doorward` for the command."""
    text = line.replace("doorward", str(COMMAND))
    done = subprocess.run(
        ["sh", "-c", text], cwd=site.path, env=site.environment(**environ), capture_output=True, timeout=60, check=False
    )
    errors = done.stderr.decode()
    assert "Traceback" not in errors, errors
    return done.returncode, done.stdout.decode(), errors


@pytest.fixture(scope="module", autouse=True)
def people(site: Folder) -> None:
    site.run("user", "add", "--username", "äöü", "--name", "Jürgen Ä", "--email", "j@example.com")


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        "doorward user list <&-",
        "env -i doorward user list",
        "env -u HOME -u TERM doorward user list",
        "TERM= COLUMNS=x doorward user list",
        "LC_ALL=C LANG=C doorward user list",
        "LC_ALL=de_DE.ISO-8859-1 doorward user list",
        "TZ=No/Where doorward user list",
        "umask 077; doorward user list",
        "umask 000; doorward user list",
        "nice -n 12 doorward user list",
        "trap '' INT HUP QUIT PIPE; doorward user list",
    ],
)
def test_n39_a_command_says_the_same_however_it_was_started(site: Folder, line: str) -> None:
    code, out, _ = started(site, line)
    assert code == 0
    assert "Jürgen Ä" in out


@pytest.mark.slow
def test_n39_closed_streams_and_an_encoding_without_letters_are_no_crash(site: Folder) -> None:
    assert started(site, "doorward user list >&-")[0] == 0
    assert started(site, "doorward user list 2>&- | cat")[1]
    assert started(site, "doorward nonsense <&- >&- 2>&-")[0] == 2
    code, out, _ = started(site, "doorward user list", PYTHONIOENCODING="ascii")
    assert (code, "J\\xfcrgen" in out) == (0, True)
    code, out, _ = started(site, "doorward user show äöü --json", PYTHONIOENCODING="ascii")
    assert json.loads(out)["name"] == "Jürgen Ä"
    assert "password" in started(site, "doorward user add --username bob --password-stdin <&-")[2]


@pytest.mark.slow
def test_n39_a_full_disk_and_a_folder_that_is_gone_are_a_sentence(site: Folder) -> None:
    code, _, errors = started(site, "doorward user list > /dev/full")
    assert code == 1
    assert "cannot be written" in errors
    code, _, errors = started(site, 'mkdir gone && cd gone && rmdir "$PWD" && doorward user list')
    assert code == 1
    assert "is gone" in errors


@pytest.mark.slow
def test_n39_a_test_run_in_the_background_ends_what_it_started_by_the_signal_that_it_sends(tmp_path: Path) -> None:
    """As `make test &` starts it: SIGINT is ignored, and what a test starts would inherit that."""
    inner = tmp_path / "test_inner.py"
    inner.write_text(
        "import signal, subprocess, sys, time\n"
        "from tests.conftest import clock  # noqa: F401  as every test of the tree has it\n"
        "def test_inner():\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; print(1, flush=True); time.sleep(60)'],\n"
        "                             stdout=subprocess.PIPE)\n"
        "    child.stdout.readline()\n"
        "    child.send_signal(signal.SIGINT)\n"
        "    try:\n"
        "        assert child.wait(20) != 0\n"
        "    finally:\n"
        "        child.kill()\n"
    )
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(inner)]
    done = subprocess.run(
        ["sh", "-c", 'trap "" INT QUIT; exec "$@"', "sh", *words], cwd=ROOT, capture_output=True, text=True,
        timeout=120, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_n39_what_follows_the_audit_log_ends_with_the_terminal_and_with_a_closed_pipe(site: Folder) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        follower = subprocess.Popen(
            [COMMAND, "audit", "tail", "-n", "1", "--follow", "--json"], cwd=site.path, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=site.environment(),
        )  # fmt: skip
        try:
            assert follower.stdout is not None
            assert follower.stdout.readline()
            follower.send_signal(number)
            _, errors = follower.communicate(timeout=30)
            assert b"Traceback" not in errors
        finally:
            follower.kill()
            follower.wait()
    begun = time.monotonic()
    assert started(site, "doorward audit tail -n 500 | true")[2] == ""
    assert time.monotonic() - begun < 60
