"""What clients publish and we read: kept a while, and asked for by one thread at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ClassVar, Final, Generic, TypeVar

T = TypeVar("T")
MOST: Final = 10_000


class Fetched(Generic[T]):
    """Answers by key; bounded. `nothing`: it could not be had."""

    nothing: ClassVar[object]

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, T]] = {}
        self._fetching: set[str] = set()

    def kept(self, key: str) -> tuple[float, T]:
        """The last answer, fresh or not, and when it came; 0 before the first."""
        nothing: T = self.nothing  # type: ignore[assignment]
        return self._kept.get(key, (0.0, nothing))

    def find(self, key: str, now: float, fresh: float, retry: float) -> T | None:
        """What is younger than `fresh` seconds; a failure counts for `retry`."""
        kept = self._kept.get(key)
        if kept is None or kept[0] <= now - (fresh if kept[1] else min(fresh, retry)):
            return None
        return kept[1]

    def forget(self, key: str) -> None:
        """The next that asks has it read anew."""
        with self._lock:
            self._kept.pop(key, None)

    def fetch(self, key: str, now: float, get: Callable[[], T]) -> T:
        """Get and keep. One thread at a time asks one client's server; the others go on with what there is."""
        nothing: T = self.nothing  # type: ignore[assignment]
        with self._lock:
            if key in self._fetching:
                return self._kept.get(key, (0.0, nothing))[1]
            self._fetching.add(key)
        found = nothing
        try:
            found = get()
        finally:
            with self._lock:
                self._fetching.discard(key)
                if len(self._kept) >= MOST:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[key] = (now, found)
        return found
