"""How long signatures took, by thread. It stands apart, since whoever reads it need not be able to sign."""

from __future__ import annotations

import threading
import time
from typing import Any, NamedTuple


class Mark(NamedTuple):
    """Something that took time, for whoever traces: begin and end by `time.perf_counter`."""

    kind: str
    begun: float
    ended: float
    about: Any


class Signing(threading.local):
    """Seconds that this thread has signed; whoever measures a request sets it back.

    `marks`: a list that each signature is noted in, None while nobody traces.
    """

    seconds = 0.0
    marks: list[Mark] | None = None

    def took(self, begun: float, alg: str) -> None:
        """A signature began then and has ended now."""
        ended = time.perf_counter()
        self.seconds += ended - begun
        if self.marks is not None:
            self.marks.append(Mark("sign", begun, ended, alg))


SIGNING = Signing()
