"""Which job a thread leaves to the others: a mail server that hangs must not hold up sign-outs, sweeps and keys."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

SLOW_S: Final = 1.0  # seconds after which a run is one that waits for somebody


class Patience:
    """What the threads of one process are at. Where all others wait for somebody, their jobs' names are left to them.

    A name whose last run was slow counts as slow from its beginning, so that not all threads begin with it at once.
    """

    def __init__(self) -> None:
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

    def besides(self, others: int) -> frozenset[str]:
        """The names of the jobs that this thread leaves alone: of all slow ones, where so many other threads wait."""
        slow = self._slow_ones()
        return frozenset(slow) if slow and len(slow) >= others else frozenset()

    def is_needed(self, others: int) -> bool:
        """Whether so many other threads wait for somebody, each for longer than a moment."""
        return len(self._slow_ones()) >= others

    def _slow_ones(self) -> list[str]:
        now, me = monotonic(), threading.get_ident()
        return [
            name for thread, (name, begun) in list(self._running.items())
            if thread != me and (name in self._slow or now - begun > SLOW_S)
        ]  # fmt: skip
