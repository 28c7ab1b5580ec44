"""Where the results of a plan are kept, of which the table of docs/conformance.md is made."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent


def path_of(plan: str) -> Path:
    """Of the plan's results, by its name in plans.json."""
    words = plan.lower().replace(",", "").replace(".", "").split()
    return HERE / "results" / ("-".join(words) + ".json")
