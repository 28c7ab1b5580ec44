"""State in this process's memory: for unit tests, and the plainest statement of what the five verbs mean."""

from __future__ import annotations

import threading
import time
from typing import Any

from idp.state import Clock, Observer, check_key, decode, encode, is_like


class MemoryState:
    """See `idp.state.State`."""

    def __init__(self, clock: Clock = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: dict[str, tuple[str, float]] = {}  # key: (JSON text, expires at)
        self.observer: Observer | None = None

    def _begin(self, verb: str, key: str) -> None:
        check_key(key)
        if self.observer is not None:
            self.observer(verb)

    def _live(self, key: str) -> str | None:
        text, expires_at = self._entries.get(key, ("", 0.0))
        return text if text and expires_at > self._clock() else None

    def put(self, key: str, value: Any, ttl: float) -> None:
        self._begin("put", key)
        text = encode(value)
        with self._lock:
            self._entries[key] = (text, self._clock() + ttl)

    def get(self, key: str) -> Any:
        self._begin("get", key)
        text = self._live(key)
        return None if text is None else decode(text)

    def add(self, key: str, value: Any, ttl: float) -> bool:
        self._begin("add", key)
        text = encode(value)
        with self._lock:
            if self._live(key) is not None:
                return False
            self._entries[key] = (text, self._clock() + ttl)
            return True

    def take(self, key: str) -> Any:
        self._begin("take", key)
        with self._lock:
            text = self._live(key)
            if text is not None:
                del self._entries[key]
        return None if text is None else decode(text)

    def count(self, key: str, ttl: float, by: int = 1) -> int:
        self._begin("count", key)
        with self._lock:
            text = self._live(key)
            if by == 0 or text is not None:
                expires_at = self._entries[key][1] if text is not None else 0.0
            else:
                expires_at = self._clock() + ttl
            total = int(text or 0) + by
            if by:
                self._entries[key] = (str(total), expires_at)
            return total

    def forget(self, name: str, but: str = "") -> int:
        self._begin("forget", name)
        with self._lock:
            gone = [key for key in self._entries if is_like(key, name) and not is_like(key, but)]
            for key in gone:
                del self._entries[key]
        return len(gone)

    def sweep(self, limit: int = 1000) -> int:
        if self.observer is not None:
            self.observer("sweep")
        now = self._clock()
        with self._lock:
            expired = [key for key, (_, expires_at) in self._entries.items() if expires_at <= now][:limit]
            for key in expired:
                del self._entries[key]
        return len(expired)

    def close(self) -> None:
        """Nothing to let go of."""
