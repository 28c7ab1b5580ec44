"""What an application's traffic may look like: a page each beside those of errors. The rows are in `symptoms.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).parent / "symptoms.toml"


@dataclass(frozen=True, slots=True)
class Symptom:
    """One kind. `means`: what is seen, its likely causes and the fix; `code` in backticks is the only markup."""

    code: str
    title: str
    means: str


@cache
def symptoms() -> Mapping[str, Symptom]:
    """All of them by code, in the order of the file: the gravest first. Read when first asked for."""
    rows = tomllib.loads(FILE.read_text("utf-8"))
    return {code: Symptom(code, one["title"], " ".join(one["means"].split())) for code, one in rows.items()}
