"""The 36 cases of what goes wrong (Q5): what each of the three readers is told, kept as it was told.

A test of a case provokes it with a real client and calls `tells`. The texts stand in `told/NN.json` and are compared
with it; `WRITE_TOLD=1 pytest …` writes them anew. `docs/answers.py` makes the table of `docs/answers.md` from them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "told"
_CHANGES: Final = (
    (re.compile(r"\bE-[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}\b"), "E-…"),
    (re.compile(r"(?<=127\.0\.0\.1):\d+|(?<=localhost):\d+"), ""),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?( ?UTC|Z)?"), "<time>"),
    (re.compile(r"\b[0-9a-f]{40,}\b|\b([0-9A-F]{2}:){15,}[0-9A-F]{2}\b"), "<hash>"),
)


def tells(
    case: int, *, client: str, person: str, developer: str, finding: Mapping[str, Any],
    also: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """What was told. `client`: the real counterpart; `person`: the page's words, "" where nobody is at one.

    `developer`: what the protocol's own answer said, "" where there is none; `finding`: what an admin reads under the
    error's id (a `Finding` as plain values); `also`: values that change with each run, and what stands for them.
    """
    said = {
        "case": case, "client": client, "person": person, "developer": developer,
        "side": finding["side"], "field": finding["field"], "code": finding["code"],
        "expected": finding.get("expected", ""), "got": finding.get("got", ""), "fix": finding["fix"],
        "test": os.environ["PYTEST_CURRENT_TEST"].partition(" ")[0].partition("[")[0],
    }  # fmt: skip
    told = {name: _without_chance(value, also or {}) for name, value in said.items()}
    assert told["side"] in ("application", "person", "doorward", "upstream", "nobody")
    assert told["field"]
    assert len(told["fix"]) > 20
    file = FOLDER / f"{case:02}.json"
    if os.environ.get("WRITE_TOLD"):
        file.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    assert json.loads(file.read_text()) == told


def _without_chance(value: Any, also: Mapping[str, str]) -> Any:
    if not isinstance(value, str):
        return value
    for one, instead in also.items():
        value = value.replace(one, instead)
    for pattern, instead in _CHANGES:
        value = pattern.sub(instead, value)
    return " ".join(value.split())
