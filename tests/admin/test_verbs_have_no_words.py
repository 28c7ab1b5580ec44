"""Verbs are for every door: none of them speaks of the options of a command or of a page."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ADMIN = Path(__file__).parents[2] / "idp" / "admin"
OF_A_COMMAND = re.compile(r"(^|\s)--[a-z]|`doorward ")


def texts(file: Path) -> list[str]:
    """Every text of a file that is said at run time, but docstrings, and the fix of an error, which says what helps."""
    tree = ast.parse(file.read_text())
    apart = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            apart.add(id(node.body[0].value))  # type: ignore[attr-defined]
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            apart |= {id(value) for key, value in pairs if isinstance(key, ast.Constant) and key.value == "fix"}
        if isinstance(node, ast.keyword) and node.arg == "fix":
            apart |= {id(part) for part in ast.walk(node.value)}  # an f-string has its texts within
    said = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in apart)
    return [node.value for node in said if isinstance(node.value, str)]


@pytest.mark.parametrize("file", sorted(ADMIN.rglob("*.py")), ids=lambda file: file.relative_to(ADMIN).as_posix())
def test_no_verb_speaks_of_a_command(file: Path) -> None:
    assert not [text for text in texts(file) if OF_A_COMMAND.search(text)]
