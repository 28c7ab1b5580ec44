"""One thing that needs an admin's attention, and the bounds of looking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DAY: Final = 86400.0
MONTH: Final = 30 * DAY
SOON: Final = 60 * DAY  # before a certificate's end
MANY: Final = 50  # findings of one kind


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at. `path`: the page of the console that has more of it; '' where none has.

    `detail`: what an admin reads beside it, in English, such as what a check said; `fix`: what to do, the same.
    """

    kind: str
    text: str
    path: str = ""
    detail: str = ""
    fix: str = ""
