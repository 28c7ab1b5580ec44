"""The same name and the same wrong password, faster than anybody types: answered before anything is asked of a store.

Counted in this process's memory, by what was typed and from where, so that nobody else is held up: not another name,
not another password, not another network. It says "wait", never "wrong"; after some seconds one is looked at again.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator

from idp.login.throttle import address_range

AFTER = 50  # times within the window
WINDOW = 10.0  # seconds
AT_ONCE = 16  # of one kind that are looked at side by side: a double click, all tabs of a browser
_MAX_KEPT = 10_000


class Flood:
    """One process's count. Keys are digests under a key of its own: nothing that was typed is kept."""

    def __init__(self) -> None:
        self._secret, self._lock = secrets.token_bytes(32), threading.Lock()
        self._under_way: Counter[bytes] = Counter()
        self._counts: OrderedDict[bytes, tuple[float, int]] = OrderedDict()  # since when, how often

    def key(self, address: str, login: str, password: str) -> bytes:
        """What is counted under."""
        message = "\0".join((address_range(address), login, password)).encode("utf-8", "surrogatepass")
        return hmac.digest(self._secret, message, "sha256")[:16]

    @contextlib.contextmanager
    def one_of_few(self, key: bytes) -> Iterator[bool]:
        """Whether few of its kind are being looked at, this one then among them: the first verdict is good for all."""
        with self._lock:
            is_one = self._under_way[key] < AT_ONCE
            self._under_way[key] += is_one
        try:
            yield is_one
        finally:
            with self._lock:
                self._under_way[key] -= is_one
                if not self._under_way[key]:
                    del self._under_way[key]

    def is_on(self, key: bytes, now: float) -> bool:
        """Whether this was in vain so often that it is not worth a look."""
        since, times = self._counts.get(key, (0.0, 0))
        return times >= AFTER and now - since < WINDOW

    def in_vain(self, key: bytes, now: float) -> None:
        """It led to nothing once more."""
        with self._lock:
            since, times = self._counts.pop(key, (now, 0))
            self._counts[key] = (since, times + 1) if now - since < WINDOW else (now, 1)
            if len(self._counts) > _MAX_KEPT:
                self._counts.popitem(last=False)
