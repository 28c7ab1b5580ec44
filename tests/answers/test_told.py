"""Q4, Q5: what was told in all 36 cases, looked at together."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.answers.telling import FOLDER

CASES = range(1, 37)
#: What is expected is no secret there: our own addresses and rules, what a browser's console says of itself, and what
#: the request sent itself with a slash more.
OPEN = {12, 17, 21, 26, 30}


def _of(case: int) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((FOLDER / f"{case:02}.json").read_text())
    return told


def test_Q5_each_of_the_36_cases_was_provoked() -> None:
    assert sorted(file.stem for file in FOLDER.glob("*.json")) == [f"{case:02}" for case in CASES]


@pytest.mark.parametrize("case", CASES)
def test_Q4_who_is_no_admin_reads_neither_the_fix_nor_what_is_registered(case: int) -> None:
    told = _of(case)
    read = f"{told['person']} {told['developer']}"
    assert told["fix"][:60] not in read
    assert "doorward client" not in read
    assert case in OPEN or not told["expected"] or told["expected"] not in read
