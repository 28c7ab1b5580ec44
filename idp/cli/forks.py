"""Processes that the supervisor forks and ends: where the system has no room for one, when it is tried again."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import Final

_HANDLED: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)


class BackOff:
    """When what failed is tried again: after `least` seconds, after twice as many each further time, up to `most`."""

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, most
        self._delay = self._due = 0.0

    def failed(self) -> float:
        """It went wrong once more; answers the seconds until the next try."""
        self._delay = min(max(self._least, self._delay * 2), self._most)
        self._due = time.monotonic() + self._delay
        return self._delay

    def worked(self) -> None:
        """What fails next has not failed before."""
        self._delay = self._due = 0.0

    @property
    def left(self) -> float:
        """Seconds until it may be tried."""
        return max(0.0, self._due - time.monotonic())


def fork() -> int:
    """As `os.fork`, but signals do in the child what they do by themselves. Errors: `OSError`, no room.

    One that comes meanwhile waits for both: the child must not take it as its parent does, nor lose it.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
    try:
        pid = os.fork()
        if not pid:
            for number in _HANDLED:
                if signal.getsignal(number) != signal.SIG_IGN:  # nohup
                    signal.signal(number, signal.SIG_DFL)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid


def send(pid: int, number: int) -> None:
    """Send a signal; to one that has ended it is none."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def kill(pid: int) -> None:
    """End it, whatever it is at."""
    send(pid, signal.SIGKILL)


def ending(code: int) -> str:
    """How one ended, by its exit code, in words."""
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def die_with(alive: int) -> None:
    """End this worker when its supervisor is gone, however that came about: nobody would start it anew, or stop it.

    `alive`: a pipe whose other end the supervisor holds.
    """
    import threading

    def wait() -> None:
        os.read(alive, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="supervisor", daemon=True).start()
