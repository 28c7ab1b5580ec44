"""What a live check keeps: steps that came, each with its findings. Plain values, and the same as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

Side = Literal["application", "doorward", "person"]
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


@dataclass(frozen=True, slots=True)
class Step:
    """A request that came, and what was found. `facts`: what it asked for, by name; `outcome`: of its answer.

    `server`: stands for the address of whoever asked, where that was a program; `guessed`: nothing in the request says
    that it was this application's; `near`: it came from whoever watches, or from where the application proved itself;
    `order`: of its first coming.
    """

    kind: str
    outcome: Literal["ok", "wrong"]
    at: float
    facts: Mapping[str, str]
    findings: tuple[Finding, ...] = ()
    server: str = ""
    guessed: bool = False
    times: int = 1
    last_at: float = 0.0
    near: bool = True
    order: int = 0

    def to_json(self) -> dict[str, Any]:
        """As it is kept in State, and as programs get it."""
        return {**asdict(self), "facts": dict(self.facts), "findings": [asdict(one) for one in self.findings]}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Step:
        """The step of a check."""
        return cls(**{**plain, "findings": tuple(Finding(**one) for one in plain["findings"])})
