"""CONTRIBUTING.md as a contributor reads it."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "CONTRIBUTING.md"


def blocks(title: str) -> list[str]:
    """The Python blocks of one recipe."""
    section = GUIDE.read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return [textwrap.dedent(found) for found in re.findall(r"^ *```python\n(.*?)^ *```$", section, re.M | re.S)]
