"""I12: the commands that are shown to whoever sets a provider up are commands that there are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.__main__ import parser
from idp.federation.templates import ROWS

DOCUMENT = Path(__file__).parents[2] / "docs" / "upstream.md"


def shown() -> Iterator[str]:
    for one in ROWS:
        yield from (step for text in one.there for step in re.findall(r"`(doorward [^`]*)`", text))
    text = DOCUMENT.read_text()
    yield from re.findall(r"`(doorward (?:client|provider) [^`]* --[^`]*)`", text)
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        lines = block.replace("\\\n", " ").splitlines()
        yield from (line for line in lines if line.startswith(("doorward client", "doorward provider")))


def test_i12_the_templates_of_a_doorward_show_commands() -> None:
    assert sum("`doorward client add " in text for one in ROWS for text in one.there) == 2


@pytest.mark.parametrize("command", sorted(set(shown())))
def test_i12_each_command_that_is_shown_is_one(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        parser().parse_args(shlex.split(command.replace("…", "x"))[1:])
    except SystemExit:
        pytest.fail(capsys.readouterr().err)
