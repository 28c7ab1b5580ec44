"""How fast one caller may go: a bucket that fills again, kept by each process."""

from __future__ import annotations

import math
import threading
from typing import Final

from idp.api.problems import Problem
from idp.protocols import Services

BURST: Final = 600.0  # calls at once
PER_SECOND: Final = 20.0
MOST: Final = 10_000  # callers that are remembered; only who has proven themselves is


class Pace:
    """Of each caller what is left, and when that was."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def wait(self, caller: str, now: float) -> float:
        """Count a call; answers the seconds to wait where there are too many."""
        with self._lock:
            left, at = self._left.pop(caller, (BURST, now))
            left = min(BURST, left + max(0.0, now - at) * PER_SECOND)
            allowed = left >= 1
            self._left[caller] = (left - 1 if allowed else left, now)
            if len(self._left) > MOST:
                del self._left[next(iter(self._left))]  # whoever has been silent the longest
        return 0.0 if allowed else (1 - left) / PER_SECOND


def check(services: Services, caller: str) -> None:
    """Errors: `Problem` (429), with when to go on."""
    seconds = services.part(Pace).wait(caller, services.clock())
    if seconds:
        detail = f"Slow down: {PER_SECOND:.0f} calls a second, and at most {BURST:.0f} at once."
        raise Problem("too-many", detail, headers=(("Retry-After", str(max(1, math.ceil(seconds)))),))
