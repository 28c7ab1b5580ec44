"""Snapshots in the process: the least recently used go first, and all go when the version moves on."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Cache(Generic[Value]):
    """A bounded map from text to immutable values. Not locked: its owner does that."""

    __slots__ = ("_items", "_size")

    def __init__(self, size: int) -> None:
        self._size = max(1, size)
        self._items: OrderedDict[str, Value] = OrderedDict()

    def find(self, key: str) -> Value | None:
        """The value, now the most recently used; or None."""
        value = self._items.get(key)
        if value is not None:
            self._items.move_to_end(key)
        return value

    def put(self, key: str, value: Value) -> None:
        """Keep a value; the least recently used one goes where there are too many."""
        self._items[key] = value
        self._items.move_to_end(key)
        while len(self._items) > self._size:
            self._items.popitem(last=False)

    def clear(self) -> None:
        """Forget all."""
        self._items.clear()

    def __len__(self) -> int:
        return len(self._items)


class Freshness:
    """Under which version the caches were filled, and when the store was last asked for it."""

    __slots__ = ("_caches", "checked_at", "lock", "version")

    def __init__(self, *caches: Cache[object]) -> None:
        self.lock = threading.Lock()
        self.version = 0
        self.checked_at = float("-inf")
        self._caches = caches

    def is_stale(self, now: float, limit: float) -> bool:
        """Whether the store must be asked again; also when the clock was set back."""
        return not 0 <= now - self.checked_at < limit

    def adopt(self, version: int, asked_at: float | None = None) -> None:
        """Take over a version, seen in the store when asked at a time (None: seen on the way, as part of other work).

        An answer that comes late is older than what is known and changes nothing; a lower version asked for after the
        last one means that the store was restored, and is taken.
        """
        if version > self.version or (version < self.version and asked_at is not None and asked_at > self.checked_at):
            self.version = version
            for cache in self._caches:
                cache.clear()
        if asked_at is not None and version >= self.version:
            self.checked_at = asked_at
