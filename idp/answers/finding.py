"""One thing to put right, as every reader gets it. A plain value, and the same as JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

Side = Literal["application", "doorward", "person", "upstream", "nobody"]
#: `wrong` keeps people from signing in, or will; `note` is worth a look; `done` is what could be proven right.
Weight = Literal["wrong", "note"]
#: Who may see it: whoever has the link, who looks after the application, who may read the settings. See `readers`.
Reader = Literal["stranger", "app", "house"]
MAX_VALUE: Final = 300  # characters of one value that is kept


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to put right. `code` names its kind for programs; the rest is told to people.

    `expected`, `got`: the two values that do not fit, where they may be shown; `fix`: what to do, on `side`; `reader`:
    who sees the two at least, and where it is "house" also the third.
    """

    code: str
    side: Side
    field: str
    fix: str
    expected: str = ""
    got: str = ""
    weight: Weight = "wrong"
    reader: Reader = "stranger"

    def short(self) -> Finding:
        """With values of a length that is kept."""
        return replace(
            self, expected=self.expected[:MAX_VALUE], got=self.got[:MAX_VALUE], fix=self.fix[: 3 * MAX_VALUE]
        )
