"""Where the time of a request goes, in its thread: the store, a password's hash. (Signatures: `keys.spent`.)"""

from __future__ import annotations

import threading
from typing import Any

from keys.spent import Mark

MAX_MARKS = 500  # of one request


class Spent(threading.local):
    """Seconds since the thread's request began. Added up by whoever waits; taken and set back at the edge.

    `marks`: a list of what was waited for, None while nobody traces.
    """

    store = 0.0
    hashing = 0.0
    marks: list[Mark] | None = None

    def mark(self, kind: str, begun: float, ended: float, about: Any) -> None:
        """Note it for the trace, where there is one."""
        if self.marks is not None and len(self.marks) < MAX_MARKS:
            self.marks.append(Mark(kind, begun, ended, about))


SPENT = Spent()
