"""State whose values only this installation can write and read, whoever can write to the store (N9).

What stands in State opens something: one-time links, codes, pending sign-ins, challenges. Each value is sealed for
its own name, with the moment at which it ends: one that was forged, changed, moved to another key, or put back
after its time is no value. A counter cannot be sealed, since the store itself adds to it; none of them opens anything.
Names have a prefix, so that this release and the one before, while both serve, each see nothing of the other's.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from idp.state import MAX_KEY, Clock, Observer, State, check_key, decode, encode
from keys.sealing import BrokenSeal, Sealer

PREFIX = "~"
PURPOSE = "state"
#: Values that end in one such time share a key: a random nonce allows 2^32 seals under one (NIST SP 800-38D §8.3).
MONTH = 30 * 86400.0  # seconds
SLACK = 5.0  # seconds that the clocks of two machines may differ
logger = logging.getLogger(__name__)


class SealedState:
    """See `idp.state.State`; one look at the store for each verb. `get` and `take` read no counter."""

    def __init__(self, inner: State, sealer: Sealer, clock: Clock) -> None:
        self._inner, self._sealer, self._clock = inner, sealer, clock

    @property
    def observer(self) -> Observer | None:
        """Told each verb, as the store is asked it."""
        return self._inner.observer

    @observer.setter
    def observer(self, told: Observer | None) -> None:
        self._inner.observer = told

    def put(self, key: str, value: Any, ttl: float) -> None:
        """Keep a value."""
        self._inner.put(_name(key), self._seal(key, value, ttl), ttl)

    def get(self, key: str) -> Any:
        """The value, or None."""
        return self._open(key, self._inner.get(_name(key)))

    def add(self, key: str, value: Any, ttl: float) -> bool:
        """Put only where nothing is."""
        return self._inner.add(_name(key), self._seal(key, value, ttl), ttl)

    def take(self, key: str) -> Any:
        """Get and delete; of a counter only delete."""
        return self._open(key, self._inner.take(_name(key)))

    def count(self, key: str, ttl: float, by: int = 1) -> int:
        """Add to a counter."""
        return self._inner.count(_name(key), ttl, by)

    @property
    def board(self) -> State:
        """The store itself, for what another installation is to read, and is no secret."""
        return self._inner

    def facts(self) -> list[Mapping[str, object]]:
        """What each server of the store tells of itself; nothing where they say nothing. Errors: `StateUnavailable`."""
        told = getattr(self._inner, "facts", None)
        return told() if told is not None else []

    def forget(self, name: str, but: str = "") -> int:
        """Delete what has such a name; those that are too long to be kept as they are stay."""
        return self._inner.forget(PREFIX + name, but and PREFIX + but)

    def sweep(self, limit: int = 1000) -> int:
        """Delete what expired."""
        return self._inner.sweep(limit)

    def close(self) -> None:
        """Let go of this thread's connections."""
        self._inner.close()

    def _seal(self, key: str, value: Any, ttl: float) -> str:
        until = self._clock() + ttl
        month = int(until // MONTH)
        return f"{month}.{self._sealer.seal(f'{PURPOSE} {month}', encode([until, value]).encode(), key.encode())}"

    def _open(self, key: str, sealed: Any) -> Any:
        if not isinstance(sealed, str):  # nothing, or a counter
            return None
        month, _, text = sealed.partition(".")
        try:
            if not self._is_near(month):
                raise BrokenSeal
            until, value = decode(self._sealer.open(f"{PURPOSE} {month}", text, key.encode()).decode())
        except BrokenSeal:
            logger.warning("a value of State was not written by this installation: %s", key.partition(":")[0])
            return None
        return value if self._clock() < until + SLACK else None

    def _is_near(self, month: str) -> bool:
        """Whether a value that is good now may end in it: a made-up one makes no key."""
        return month.isascii() and month.isdigit() and -2 < int(month[:9]) - int(self._clock() // MONTH) < 14


def _name(key: str) -> str:
    check_key(key)
    return PREFIX + (key if len(key) < MAX_KEY else sha256(key.encode()).hexdigest())
