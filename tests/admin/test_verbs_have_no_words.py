"""Verbs are for every door: none of them speaks of the options of a command or of a page."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ADMIN = Path(__file__).parents[2] / "idp" / "admin"
OF_A_COMMAND = re.compile(r"(^|\s)--[a-z]|`doorward ")


def texts(file: Path) -> list[str]:
    """Every text of a file that somebody may read at run time: all but docstrings."""
    tree = ast.parse(file.read_text())
    documents = {
        id(node.body[0].value) for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None
        and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    return [
        node.value for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents
    ]  # fmt: skip


@pytest.mark.parametrize("file", sorted(ADMIN.rglob("*.py")), ids=lambda file: file.relative_to(ADMIN).as_posix())
def test_no_verb_speaks_of_a_command(file: Path) -> None:
    assert not [text for text in texts(file) if OF_A_COMMAND.search(text)]
