"""Which job a thread leaves to the others: a mail server that hangs must not hold up sign-outs, sweeps and keys."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

SLOW_S: Final = 1.0  # seconds after which a run is one that waits for somebody


class Patience:
    """What the threads of one process are at. Where all others wait for jobs of one name, that name is left to them.

    A name whose last run was slow counts as slow from its beginning, so that not all threads begin with it at once.
    """

    def __init__(self, threads: int) -> None:
        self._others = threads - 1
        self._running: dict[int, tuple[str, float]] = {}
        self._slow: set[str] = set()

    @contextmanager
    def at(self, name: str) -> Iterator[None]:
        """This thread runs a job of this name."""
        me, begun = threading.get_ident(), monotonic()
        self._running[me] = name, begun
        try:
            yield
        finally:
            (self._slow.add if monotonic() - begun > SLOW_S else self._slow.discard)(name)
            del self._running[me]

    def besides(self) -> str:
        """The name of the jobs that this thread leaves alone; '' for none."""
        now, me = monotonic(), threading.get_ident()
        slow = [
            name for thread, (name, begun) in list(self._running.items())
            if thread != me and (name in self._slow or now - begun > SLOW_S)
        ]  # fmt: skip
        return slow[0] if slow and len(slow) >= self._others and len(set(slow)) == 1 else ""
