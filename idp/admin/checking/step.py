"""A step of a live check. Plain values, and the same as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from idp.answers.finding import Finding


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
