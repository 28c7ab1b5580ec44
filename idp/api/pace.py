"""How fast one caller may go, counted over all server processes in State.

Calls are counted by windows. In each there are as many as have refilled by then, and on top what the window before has
left of `SPARE`: at most `BURST` at once, `PER_SECOND` in the long run. A process takes them `LEASE` at a time: one
addition in State for so many calls, and none while a caller is known to be too fast.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, replace
from typing import Final

from idp.api.problems import Problem
from idp.ids import digest
from idp.protocols import Services
from idp.state import State, StateUnavailable

PER_SECOND: Final = 20.0
SPARE: Final = 300  # calls at once, for whoever was slow before
WINDOW: Final = SPARE / PER_SECOND  # seconds
BURST: Final = 2 * SPARE  # calls at once at most: what is spare, and a whole window that nobody used
LEASE: Final = 5  # calls; what is left of them when the window ends is lost
MOST: Final = 10_000  # callers that a process remembers; only who has proven themselves is


@dataclass(frozen=True, slots=True)
class _Share:
    """What this process knows of a caller in a window.

    `left`: calls that it has taken from State and not given yet; `taken`: all that it took; `shut_until`: epoch
    seconds before which there is nothing to be had.
    """

    window: int
    left: int = 0
    taken: int = 0
    shut_until: float = 0.0


class Pace:
    """This process's share of each caller's calls."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shares: dict[str, _Share] = {}

    def wait(self, state: State, caller: str, now: float) -> float:
        """Count a call; answers the seconds to wait where there are too many. One addition in State at most, or none.

        Where State is silent a process goes by what it counted itself.
        """
        window = int(now // WINDOW)
        with self._lock:
            share = self._shares.get(caller, _Share(window))
            if share.window != window:
                share = _Share(window)
            if share.left:
                self._keep(caller, replace(share, left=share.left - 1))
                return 0.0
        if now < share.shut_until:
            return share.shut_until - now
        had = _taken(state, caller, share, now)
        with self._lock:
            other = self._shares.get(caller, share)  # another thread may have been to State at the same time
            more = other.left if other.window == window else 0
            after = replace(share, taken=share.taken + had, left=more + max(0, had - 1))
            if not had:
                # For a whole share: whoever tries again sooner is told so without a look at State.
                after = replace(after, shut_until=now + LEASE / PER_SECOND)
            self._keep(caller, after)
        return 0.0 if had else LEASE / PER_SECOND

    def _keep(self, caller: str, share: _Share) -> None:
        self._shares.pop(caller, None)
        self._shares[caller] = share
        if len(self._shares) > MOST:
            del self._shares[next(iter(self._shares))]  # whoever has been silent the longest


def _taken(state: State, caller: str, share: _Share, now: float) -> int:
    """How many calls of a lease there are to be had."""
    at = now - share.window * WINDOW
    refilled = math.floor(at * PER_SECOND)
    try:
        total = state.count(_key(caller, share.window), 2 * WINDOW, LEASE)
    except StateUnavailable:
        return min(LEASE, max(0, SPARE + refilled - share.taken))
    spare = 0
    if total > refilled:  # nobody who is slower than what refills needs to know what was before
        spare = min(SPARE, max(0, SPARE - state.count(_key(caller, share.window - 1), 2 * WINDOW, 0)))
    had = min(LEASE, max(0, refilled + spare - (total - LEASE)))
    if had < LEASE:
        state.count(_key(caller, share.window), 2 * WINDOW, had - LEASE)  # what was not given is not used up
    return had


def _key(caller: str, window: int) -> str:
    return f"api:pace:{digest(caller)}:{window}"


def check(services: Services, caller: str) -> None:
    """Errors: `Problem` (429), with when to go on."""
    seconds = services.part(Pace).wait(services.state, caller, services.clock())
    if seconds:
        detail = f"Slow down: {PER_SECOND:.0f} calls a second, and at most {BURST} at once."
        raise Problem("too-many", detail, headers=(("Retry-After", str(max(1, math.ceil(seconds)))),))
