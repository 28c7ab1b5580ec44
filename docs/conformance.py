"""Makes the table of `docs/conformance.md` from what the suite said last: `python docs/conformance.py`."""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.conformance.kept import HERE, path_of  # noqa: E402

PAGE = ROOT / "docs" / "conformance.md"
BEGIN, END = "<!-- plans: python docs/conformance.py -->", "<!-- end of plans -->"
COUNTED = ("PASSED", "SEEN", "SKIPPED")


def table() -> str:
    """One row for each plan that was run, and a line for each module that neither passed nor was seen."""
    rows = ["| Plan | The suite's name of it, and the variant | Suite | Modules | Passed | Seen | Skipped | Other |"]
    rows.append("| --- | --- | --- | --- | --- | --- | --- | --- |")
    others: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for plan in json.loads((HERE / "plans.json").read_text("utf-8")):
        file = path_of(plan["name"])
        if not file.exists():
            continue
        said = json.loads(file.read_text("utf-8"))
        rows.append(f"| {' | '.join(_cells(plan['name'], said))} |")
        for module, result in said["modules"].items():
            if result not in ("PASSED", "SEEN"):
                why = said.get("why", {}).get(module, "").rpartition("The test was skipped: ")[2]
                others[module.partition(" ")[2], result.lower(), why][plan["name"]] += 1
    lines = [f"- `{module}` ({_plans(plans)}), {result}: {why}" for (module, result, why), plans in others.items()]
    return "\n".join([*rows, "", *lines]).rstrip()


def _plans(plans: Counter[str]) -> str:
    return ", ".join(f"{name}, {times} times" if times > 1 else name for name, times in plans.items())


def _cells(name: str, said: dict[str, Any]) -> tuple[str, ...]:
    counted = Counter(said["modules"].values())
    variant = ", ".join(f"{key}={value}" for key, value in said["variant"].items())
    numbers = [counted[one] for one in COUNTED]
    everything = len(said["modules"])
    return (name, f"`{said['plan']}` {variant}".strip(), said["suite"], str(everything), *map(str, numbers),
            str(everything - sum(numbers)))  # fmt: skip


def filled(page: str) -> str:
    """The page with the table of the results that are kept."""
    head, _, rest = page.partition(BEGIN)
    return f"{head}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    before = PAGE.read_text("utf-8")
    after = filled(before)
    PAGE.write_text(after, "utf-8")
    sys.exit(0 if before == after else "docs/conformance.md is up to date now")
