"""Q1, E1: whatever is refused or found has an entry in the catalogue, and the documents are made from it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from idp import catalogue
from idp.catalogue.entry import BadEntry, parse

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "docs"))

import errors as errors_page
import raised

_WHOLE = """
title = "A thing"
side = "application"
means = "It is wrong."
read_by = ["admin"]
fix = "Put it right."
[[causes]]
what = "Because."
tell = "It looks so."
"""


def test_Q1_every_refusal_and_finding_has_a_kind_with_an_entry_and_every_entry_is_of_one() -> None:
    found = errors_page.problems()
    assert not found, "\n".join(found)


def test_Q1_the_code_is_read_at_all() -> None:
    """The kinds of a place each: a constructor, a factory, a table, and one of two."""
    kinds = {kind for one in raised.calls() for kind in one.kinds} | raised.of_tables()
    assert {
        "pkce_verifier",
        "secret_wrong",
        "code_missing",
        "no_access_by_rule",
        "api_not_found",
        "certificate",
    } <= kinds


def test_Q1_the_pages_of_the_documents_are_those_of_the_catalogue() -> None:
    there = {file.name: file.read_text("utf-8") for file in errors_page.PAGES.glob("*.md")}
    assert there == errors_page.made(), "run: python docs/errors.py"


def test_Q1_an_unknown_kind_has_neither_an_entry_nor_a_page() -> None:
    assert catalogue.find("no_such_kind_of_error") is None
    assert catalogue.find("../entry") is None
    assert catalogue.path_of("no_such_kind_of_error") == ""


def test_Q1_an_entry_says_all_that_it_must() -> None:
    assert not isinstance(parse("thing", _WHOLE), str)
    for left_out in ("title", "side", "means", "read_by", "fix"):
        text = "\n".join(line for line in _WHOLE.splitlines() if not line.startswith(left_out))
        with pytest.raises(BadEntry, match="thing"):
            parse("thing", text)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('side = "application"', 'side = "somebody"'),
        ('read_by = ["admin"]', 'read_by = ["dog"]'),
        ('tell = "It looks so."', ""),
        ('means = "It is wrong."', 'means = "It is wrong."\nmean = "It is wrong."'),
        ("[[causes]]", "[[causes"),
    ],
)
def test_Q1_an_entry_that_is_mistyped_is_refused_by_its_name(was: str, becomes: str) -> None:
    with pytest.raises(BadEntry, match="thing"):
        parse("thing", _WHOLE.replace(was, becomes))


def test_Q1_what_is_nobodys_fault_is_nobodys_on_its_page_too() -> None:
    """The page said “the person or their browser” of somebody who may not open an application."""
    kinds = set()
    for file in sorted((Path(__file__).parents[2] / "idp").rglob("*.py")):
        text = file.read_text("utf-8")
        for call in ast.walk(ast.parse(text)) if '"nobody"' in text else ():
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and _is_nobodys(call):
                kinds |= {one.value for one in call.args[:1] if isinstance(one, ast.Constant)}
    assert kinds >= {"no_access", "no_access_by_rule"}
    entries = {kind: catalogue.find(kind) for kind in kinds}
    assert {kind: entry.side for kind, entry in entries.items() if entry is not None} == dict.fromkeys(kinds, "nobody")


def _is_nobodys(call: ast.Call) -> bool:
    """A finding whose side it is, or a refusal with such an explanation."""
    inner = [one.value.args[:1] for one in call.keywords if isinstance(one.value, ast.Call)]
    sides = {"Finding": call.args[1:2], "Refused": next(iter(inner), [])}
    return any(isinstance(one, ast.Constant) and one.value == "nobody" for one in sides.get(call.func.id, ()))  # type: ignore[attr-defined]
