"""What a check of `doorward doctor` found."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

CLOCK_SLACK = 2.0  # seconds that two clocks may differ


@dataclass(frozen=True)
class Finding:
    """What one check found. `fix`: what to do, '' where nothing is."""

    check: str
    status: Literal["ok", "warning", "error"]
    text: str
    fix: str = ""


Found = Iterator[Finding]


def mode_of(path: Path) -> int:
    """Who may do what with a file, as `chmod` has it."""
    return stat.S_IMODE(path.stat().st_mode)
