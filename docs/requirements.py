"""Fills the last column of `docs/requirements.md` from the tests: `python docs/requirements.py`.

A test shows a requirement when its name, its docstring, its module's docstring or a `spec` mark has the id.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "requirements.md"

_ID = re.compile(r"(?<![A-Za-z0-9.])(MD|[ABCDEFGHIJKLMNOPRSTUWXYZ])(\d{1,2})(?![A-Za-z0-9;/]|\.\d)")
_IN_NAME = re.compile(r"(?:^|_)(MD|[ABCDEFGHIJKLMNOPRSTUWXYZ]|n)(\d{1,2})(?=_|$)")
_ROW = re.compile(r"^\| ((?:MD|[A-Z])\d{1,2}) \| (.+?) \|.*$")
_RANGE = re.compile(r"(?<![A-Za-z0-9])(MD|[A-Z])(\d{1,2})–(?:\1)?(\d{1,2})")


def tests_by_id() -> dict[str, list[str]]:
    """The files under `tests/` that show each id, by id."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for one in _ids(ast.parse(path.read_text("utf-8"))):
            # The threats that docs/saml.md numbers T1 to T26 have their own table there.
            if not (one.startswith("T") and "saml" in str(path.relative_to(ROOT))):
                found[one].add(str(path.relative_to(ROOT / "tests")))
    return {one: sorted(files) for one, files in found.items()}


def filled(page: str) -> str:
    """The page with the column of tests as it is today."""
    tests = tests_by_id()
    lines = []
    for line in page.splitlines():
        row = _ROW.match(line)
        if row is not None:
            shown = ", ".join(f"`{name}`" for name in tests.get(row[1], ()))
            line = f"| {row[1]} | {row[2]} | {shown or 'none yet'} |"
        lines.append(line)
    return "\n".join(lines) + "\n"


def ids_of(page: str) -> set[str]:
    """The ids that have a row."""
    return {row[1] for row in map(_ROW.match, page.splitlines()) if row is not None}


def _ids(module: ast.Module) -> Iterator[str]:
    yield from _of_text(ast.get_docstring(module) or "")
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            named = _IN_NAME.findall(node.name)
            yield from (f"{kind.upper()}{number}" for kind, number in named if kind == "MD" or number[0] != "0")
            yield from _of_text(ast.get_docstring(node) or "")
            for mark in node.decorator_list:
                for part in ast.walk(mark):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield from (one for one in _of_text(part.value) if one.startswith("MD"))


def _of_text(text: str) -> Iterator[str]:
    for kind, first, last in _RANGE.findall(text):
        yield from (f"{kind}{number}" for number in range(int(first), int(last) + 1))
    yield from (kind + number for kind, number in _ID.findall(text) if kind == "MD" or number[0] != "0")


if __name__ == "__main__":
    before = PAGE.read_text("utf-8")
    after = filled(before)
    PAGE.write_text(after, "utf-8")
    sys.exit(0 if before == after else "docs/requirements.md is up to date now")
