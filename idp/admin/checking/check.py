"""A live check: which application, from when until when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

KEPT_FOR: Final = 86_400.0  # seconds after its end in which a check can be read


@dataclass(frozen=True, slots=True)
class Check:
    """A live check. Times are epoch seconds."""

    id: str
    client_id: str
    started_at: float
    ends_at: float

    def is_running(self, now: float) -> bool:
        """Whether requests are looked at."""
        return now < self.ends_at
