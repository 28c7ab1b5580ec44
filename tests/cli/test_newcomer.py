"""Looking after people and applications as a newcomer types it: slips are named, pipes get lines.

N29, N36, N39: what is wrong is said in a line, with what was probably meant; nothing is changed by a slip.
"""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios

import pytest

from tests.cli.conftest import COMMAND, Folder

SCREENS = ("user show johanna.fischer", "client show Payroll", "client access Payroll", "audit list", "user list")


@pytest.fixture(scope="module", autouse=True)
def office(site: Folder) -> None:
    site.run(
        "user", "add", "--username", "johanna.fischer", "--name", "Johanna Fischer", "--new-group", "--group", "hr"
    )
    for name in ("Payroll", "Wiki"):
        site.run("client", "add", "oidc", "--name", name, "--redirect-uri", f"https://{name}.example/cb".lower())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("user show johana.fischer", "did you mean johanna.fischer?"),
        ("user set fischer --name X", "did you mean johanna.fischer?"),
        ("client show Payrol", "did you mean “Payroll”?"),
        ("client show payroll", "did you mean “Payroll”?"),
        ("client access Wikki --everyone", "did you mean “Wiki”?"),
        ("client access Payroll --why johana.fischer", "did you mean johanna.fischer?"),
        ("audit list --app Wikki", "did you mean “Wiki”?"),
        ("audit list --person johana.fischer", "did you mean johanna.fischer?"),
        ("user shwo johanna.fischer", "did you mean show?"),
        ("client acess Payroll", "did you mean access?"),
        ("audit sohw E-59VST-5V34C", "did you mean show?"),
    ],
)
def test_n29_a_slip_brings_what_was_probably_meant(site: Folder, line: str, said: str) -> None:
    assert said in site.refusal(*line.split())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("user show", "required: LOGIN"),
        ("user set", "required: LOGIN"),
        ("user set johanna.fischer", "doorward user set --help"),
        ("client show", "required: ID"),
        ("client access Payroll --everyone --nobody", "not allowed with argument --everyone"),
        ("client access Payroll --only", "--only: say who"),
        ("client access Payroll --add-group hr", "--only"),
        ("client access Payroll --everyone --add-group hr", "is the whole rule"),
        ("client access Payroll --everyone --why johanna.fischer", "--why: only asks"),
        ("audit show", "required: ERROR_ID"),
        ("audit list --since yesterday", "expected 30m, 12h, 7d"),
    ],
)
def test_n36_wrong_usage_is_said_with_what_to_give(site: Folder, line: str, said: str) -> None:
    before = site.run("client", "access", "Payroll").out
    assert said in site.refusal(*line.split())
    assert site.run("client", "access", "Payroll").out == before


def test_n36_an_id_that_nothing_is_recorded_under_is_said_so(site: Folder) -> None:
    assert "nothing is recorded under E-59VST-5V34C: check the id" in site.refusal(
        "audit", "show", "E-59VST-5V34C", code=1
    )


@pytest.mark.parametrize("line", SCREENS)
def test_n29_a_program_gets_tabs_or_one_json_object(site: Folder, line: str) -> None:
    first, *rows = site.run(*line.split(), env={"COLUMNS": "40"}).out.splitlines()
    assert rows
    assert first == first.lower()
    assert {row.count("\t") for row in rows} == {first.count("\t")}  # however narrow the screen, a row is a line
    assert "\x1b" not in "".join(rows)
    assert site.run(*line.split(), "--json", env={"COLUMNS": "40"}).json


@pytest.mark.slow
@pytest.mark.parametrize("line", SCREENS)
def test_n39_a_reader_that_has_seen_enough_is_no_failure(site: Folder, line: str) -> None:
    for reader in ("head -1", "true"):
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; '{COMMAND}' {line} | {reader}"], cwd=site.path, env=site.environment(),
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.count("\n") == (reader == "head -1")


@pytest.mark.slow
def test_n39_a_narrow_screen_without_colours_cuts_nothing_off(site: Folder) -> None:
    about = site.run("user", "show", "johanna.fischer", "--json").json
    for more in ({"COLUMNS": "40"}, {}):
        shown = on_a_terminal(site, "user", "show", "johanna.fischer", env={"NO_COLOR": "1", "TERM": "xterm", **more})
        lines = shown.replace("\r", "").splitlines()
        assert all(len(line) <= 40 for line in lines[1:]), shown
        assert about["id"] in shown.replace("\r", "").replace("\n", "").replace(" ", "")
        assert "\x1b[3" not in shown  # no colour; a heading may be bold


def on_a_terminal(site: Folder, *words: str, env: dict[str, str]) -> str:
    """What a terminal of 40 columns gets."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    kept = {name: value for name, value in site.environment().items() if name not in ("COLUMNS", "LINES")}
    child = subprocess.Popen(
        [COMMAND, *words], cwd=site.path, stdin=theirs, stdout=theirs, stderr=theirs, env={**kept, **env}
    )
    os.close(theirs)
    got = b""
    try:
        while part := os.read(ours, 65536):
            got += part
    except OSError:  # EIO: the terminal's other side is closed
        pass
    os.close(ours)
    assert child.wait(60) == 0, got
    return got.decode()
