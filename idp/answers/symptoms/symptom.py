"""One thing that an application's traffic looks like, with what may be behind it. A plain value, the same as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from idp import catalogue
from idp.answers.finding import Finding, Side, Weight


@dataclass(frozen=True, slots=True)
class Cause:
    """One that may be behind it. `tell`: how to know that it is this one; `fix`: what to do then."""

    what: str
    tell: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """What was counted, `times` since `since` (epoch seconds), and its causes, the likeliest first.

    `side` and `field` are those of the first cause. `proven`: no stranger could have made the numbers.
    """

    code: str
    side: Side
    field: str
    what: str
    causes: tuple[Cause, ...]
    times: int
    since: float
    last_at: float
    expected: str = ""
    got: str = ""
    weight: Weight = "wrong"
    proven: bool = True

    @property
    def docs(self) -> str:
        """Where more of it stands, below the issuer."""
        return catalogue.symptom_path(self.code)

    def to_finding(self) -> Finding:
        """Its likeliest cause, as every other thing to put right is told."""
        first, *others = self.causes
        also = f" Other causes, in this order: {' '.join(one.what for one in others[:3])}" if others else ""
        fix = f"{first.what} {first.fix}{also}"
        return Finding(
            self.code, self.side, self.field, fix, self.expected, self.got or self.what, self.weight,
            "app",
        )  # fmt: skip

    def to_json(self) -> Mapping[str, Any]:
        """As programs get it."""
        return {**asdict(self), "docs": self.docs}
