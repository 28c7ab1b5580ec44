"""Makes the table of `docs/answers.md` from what tests saw being told: `python docs/answers.py`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "answers.md"
TOLD = ROOT / "tests" / "answers" / "told"
BEGIN, END = "<!-- cases: python docs/answers.py -->", "<!-- end of cases -->"
_SIDES = {
    "application": "the application", "person": "the person", "doorward": "Doorward or its operator",
    "upstream": "the other provider", "nobody": "nobody",
}  # fmt: skip


def table() -> str:
    """One row for each case that a test has provoked."""
    rows = ["| # | With | The person reads | The developer reads | The admin reads, under the id | Test |"]
    rows.append("| --- | --- | --- | --- | --- | --- |")
    for file in sorted(TOLD.glob("*.json")):
        one = json.loads(file.read_text())
        admin = [f"*{_SIDES[one['side']]}*, `{one['field']}` (`{one['code']}`)"]
        admin += [f"expected {one['expected']}"] if one["expected"] else []
        admin += [f"came {one['got']}"] if one["got"] else []
        admin += [one["fix"]]
        cells = (str(one["case"]), one["client"], one["person"] or "–", one["developer"] or "–", "; ".join(admin))
        test = one["test"].rpartition("::")
        rows.append(f"| {' | '.join(map(_cell, cells))} | `{test[0].removeprefix('tests/')}` `{test[2]}` |")
    return "\n".join(rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def filled(page: str) -> str:
    """The page with the table of today."""
    head, _, rest = page.partition(BEGIN)
    return f"{head}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    before = PAGE.read_text("utf-8")
    after = filled(before)
    PAGE.write_text(after, "utf-8")
    sys.exit(0 if before == after else "docs/answers.md is up to date now")
