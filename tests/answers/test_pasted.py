"""Q1: what stands in a fix is copied as it stands: nothing is glued to the end of a command or an address."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.answers import persons
from idp.answers.finding import Finding
from idp.cli import found
from tests.answers.telling import FOLDER

ROOT = Path(__file__).parents[2]
#: A command with its verbs, options, placeholders and values (§ stands for what is put in), or an address.
_GLUED = re.compile(
    r"(?:doorward(?: [a-z][a-z-]*){1,2}(?: (?:--[a-z][a-z-]*|[A-Z][A-Z_|]*|§|[^\s.;]*[=§]\S*?))*"
    r"|https?://\S*?)[.;](?=\s|$)"
)
_ROOMS = ("answers", "federation", "login", "oidc", "saml", "signals", "web")


def _texts(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text())
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else "§" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.value


@pytest.mark.parametrize("room", _ROOMS)
def test_Q1_no_text_glues_a_full_stop_to_a_command(room: str) -> None:
    texts = [text for file in (ROOT / "idp" / room).rglob("*.py") for text in _texts(file) if "doorward " in text]
    assert [one[0] for text in texts for one in _GLUED.finditer(text) if one[0].startswith("doorward")] == []


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_Q1_no_fix_that_was_told_glues_anything_to_what_is_copied(file: Path) -> None:
    fix = json.loads(file.read_text())["fix"]
    assert [one[0] for one in _GLUED.finditer(fix) if one[0].startswith("doorward") or "+=" in fix] == []


def test_Q1_a_blank_at_an_end_is_seen() -> None:
    lines = found.lines(Finding("client_id", "application", "client_id", "Correct it.", "c1", "c1 "))
    assert lines[1:3] == ["  expected  “c1”", "  came      “c1␣”"]
    assert "  came      “␤c1”" in found.lines(Finding("x", "application", "x", "Correct it.", "c1", "\nc1"))
    assert "  came      c2" in found.lines(Finding("x", "application", "x", "Correct it.", "c1", "c2"))


def test_Q1_who_is_known_stands_in_the_command() -> None:
    one = Finding("name_id_of_person", "person", "NameID", "Do: doorward user set LOGIN --email ADDRESS", "", "none")
    assert persons.named(one, "b e").fix == "Do: doorward user set 'b e' --email ADDRESS"
    assert persons.named(one, "b").got == "none"


def test_Q1_what_nobody_has_done_wrong_is_not_called_wrong() -> None:
    assert found.lines(Finding("no_access", "nobody", "access", "Nothing."))[0] == "Nobody’s fault: access"
