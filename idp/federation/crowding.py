"""So many requests of people may wait for providers at once: one that hangs holds no thread that others need (I10).

A process has few threads. Each sign-in through a provider asks it while the browser waits, and a server that trickles
answers before any limit of time is over: it never fails, so the circuit of `health` never opens. One thread at least is
left to everybody who has nothing to do with providers, and one provider that is slow keeps half of them at most.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from idp.federation import failures
from idp.federation.provider import Provider
from idp.services import Services

#: Seconds that one more waits for a place while those before it are quick: the rush at nine o'clock.
WAITS: Final = 0.5
#: Seconds after which a request is taken to hang. An answer takes tenths of one.
HANGS_AFTER: Final = 2.0


@dataclass(eq=False, slots=True)
class _Turn:
    provider_id: str
    began: float

    def hangs(self, now: float) -> bool:
        return now - self.began > HANGS_AFTER


class Crowd:
    """Who asks a provider just now, in this process."""

    def __init__(self, now: Callable[[], float] = time.monotonic, waits: float = WAITS) -> None:
        self._changed, self._now, self._waits = threading.Condition(), now, waits
        self._turns: set[_Turn] = set()
        self._mine = threading.local()

    def enter(self, provider_id: str, threads: int) -> _Turn | None:
        """A place among those who ask; None where there is none."""
        until = self._now() + self._waits
        with self._changed:
            while True:
                now = self._now()
                hanging = [one for one in self._turns if one.hangs(now)]
                if sum(one.provider_id == provider_id for one in hanging) >= max(1, threads // 2):
                    return None
                if len(self._turns) < max(1, threads - 1):
                    turn = _Turn(provider_id, now)
                    self._turns.add(turn)
                    return turn
                if hanging or now >= until:
                    return None
                self._changed.wait(until - now)

    @property
    def is_in(self) -> bool:
        """Whether this thread has a place already."""
        return bool(getattr(self._mine, "is_in", False))

    @is_in.setter
    def is_in(self, value: bool) -> None:
        self._mine.is_in = value

    def leave(self, turn: _Turn) -> None:
        """It has been answered, or given up."""
        with self._changed:
            self._turns.discard(turn)
            self._changed.notify()


@contextmanager
def turn(services: Services, provider: Provider) -> Iterator[None]:
    """Around all that is asked of a provider while a browser waits. Errors: `Refused` where too many do.

    One within another takes no second place.
    """
    crowd = services.part(Crowd)
    if crowd.is_in:
        yield
        return
    mine = crowd.enter(provider.id, services.settings.server.threads)
    if mine is None:
        services.log.warning("upstream_crowded", provider=provider.id, name=provider.name)
        raise failures.crowded(provider)
    crowd.is_in = True
    try:
        yield
    finally:
        crowd.is_in = False
        crowd.leave(mine)
