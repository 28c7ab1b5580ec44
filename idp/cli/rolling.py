"""Workers replaced one after the other, while all the time somebody serves: new settings, a new certificate."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

START_S: Final = 60.0  # seconds that a new worker may take until people can connect
#: Seconds that one which is replaced may take to finish what it has begun: the longest file (`Limits.stream_seconds`),
#: and a minute. One that has nothing to finish goes at once.
LEAVE_S: Final = 3660.0


class Rolling:
    """Which workers are to be replaced, which one is starting in the place of one, and which ones leave."""

    def __init__(self, start: Callable[[int], int], end: Callable[[int], None], kill: Callable[[int], None]) -> None:
        """`start`: forks one in the stead of another, answers its process, 0 where it cannot now and is asked again.

        `end`, `kill`: by process.
        """
        self._start, self._end, self._kill = start, end, kill
        self._waiting: list[int] = []
        self._leaving: dict[int, float] = {}
        self._fresh, self._until = 0, 0.0
        self.failed = False  # the last one did not come to its end

    @property
    def is_on(self) -> bool:
        """Whether somebody is to be replaced yet."""
        return bool(self._fresh or self._waiting)

    def begin(self, living: Iterable[int]) -> None:
        """Replace all of these, and whoever was to be replaced."""
        self._waiting = [pid for pid in living if pid not in self._leaving and pid != self._fresh]
        if self._fresh:  # it may have read the settings before they changed once more
            self._waiting.append(self._fresh)
        self.failed = False

    def leaves(self, pid: int) -> bool:
        """Whether this one was asked to end."""
        return pid in self._leaving

    def leave(self, pid: int) -> None:
        """One has been asked to finish what it has begun."""
        self._leaving[pid] = time.monotonic() + LEAVE_S

    def step(self, is_ready: Callable[[int], bool]) -> bool:
        """One step, each second or so; whether it was the last one of a whole round."""
        now = time.monotonic()
        for pid, until in list(self._leaving.items()):
            if now > until:
                self._kill(pid)
        if self._fresh and is_ready(self._fresh):
            self._fresh = 0
            if self._waiting:
                old = self._waiting.pop(0)
                self.leave(old)
                self._end(old)
            if not self._waiting:
                return True
        elif self._fresh:
            if now > self._until:
                self._kill(self._fresh)  # `gone` hears of it
            return False
        if self._waiting:
            self._fresh, self._until = self._start(self._waiting[0]), now + START_S
        return False

    def gone(self, pid: int) -> bool:
        """A worker has ended; whether it was one that was to: nobody has to be started in its stead."""
        if pid == self._fresh:  # it could not start as things are now: those of before go on
            self._fresh, self._waiting, self.failed = 0, [], True
            return True
        if pid in self._waiting:
            self._waiting.remove(pid)
        return self._leaving.pop(pid, None) is not None
