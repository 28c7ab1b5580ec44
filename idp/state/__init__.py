"""Short-lived state: codes, pending sign-ins, counters. Losing it makes someone click "sign in" again.

Door: `open_state` and the five verbs of `State`; `sealed` stands before every store.
Backends: `sql` (the same database), `redis`, `memory` (unit tests).
Rule: every verb is atomic and one round trip, and is called before a transaction, never inside one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

from idp.db import Database

MAX_KEY = 512  # characters

Clock = Callable[[], float]
Observer = Callable[[str], None]


class StateUnavailable(Exception):
    """The state store cannot be reached or did not answer in time. Callers refuse; they never guess."""


class State(Protocol):
    """Values are JSON values, a ttl is in seconds, a key has 1 to 512 characters and no NUL.

    A key holds a value (`put`, `add`) or a counter (`count`), not both; `take` forgets either, and whoever wants to
    know a counter adds 0 to it.
    What has expired is never answered, swept or not. Errors: `StateUnavailable`; `ValueError` for a bad key or value.
    """

    observer: Observer | None  # told each verb; tests count round trips with it

    def put(self, key: str, value: Any, ttl: float) -> None:
        """Keep `value` for `ttl` seconds, in place of what was there."""

    def get(self, key: str) -> Any:
        """The value, or None."""

    def add(self, key: str, value: Any, ttl: float) -> bool:
        """Put only where nothing is; of any number of racing callers one hears True."""

    def take(self, key: str) -> Any:
        """Get and delete; of any number of racing callers one gets the value, the others None."""

    def count(self, key: str, ttl: float, by: int = 1) -> int:
        """Add to a counter and answer its new value. The first addition starts the ttl; `by=0` only reads."""

    def forget(self, name: str, but: str = "") -> int:
        """Delete what has such a name, and none like `but`, `*` standing for any characters; answers how many went.

        For work by hand: it looks at every key, in as many steps as it takes.
        """

    def sweep(self, limit: int = 1000) -> int:
        """Delete up to `limit` expired entries; answers how many went."""

    def close(self) -> None:
        """Let go of this thread's connections."""


def open_state(url: str, db: Database, clock: Clock) -> State:
    """The state store of the settings: empty is the database, redis://, rediss:// or unix:// Redis (several_hosts)."""
    if url:
        from idp.state.redis import RedisState  # only when grown

        return RedisState(url)
    from idp.state.sql import SqlState

    return SqlState(db, clock)


def check_key(key: str) -> None:
    """Errors: `ValueError` where a backend could not keep the key as it is."""
    if not 0 < len(key) <= MAX_KEY or "\0" in key:
        raise ValueError(f"a state key has 1 to {MAX_KEY} characters and no NUL; digest what people type")


def is_like(key: str, name: str) -> bool:
    """Whether a key has a name in which `*` stands for any characters."""
    first, *parts = name.split("*")
    if not parts:
        return key == name
    at = len(first)
    for part in parts[:-1]:
        if (found := key.find(part, at)) < 0:
            return False
        at = found + len(part)
    return key.startswith(first) and key.endswith(parts[-1]) and len(key) - len(parts[-1]) >= at


#: Compact JSON. The encoder is made once: `json.dumps` with separators makes one per call.
encode: Callable[[Any], str] = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def decode(text: str | bytes) -> Any:
    """The value; None for what cannot be one of ours, whoever wrote it there: it is no value (N9)."""
    try:
        return json.loads(text if isinstance(text, str) else text.decode())
    except (ValueError, RecursionError):  # not UTF-8, not JSON, thousands of brackets
        return None
