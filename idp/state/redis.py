"""State in Redis or Valkey (6.2 or later): for several machines.

URLs: redis://[user:password@]host:6379/0, rediss:// for TLS, unix:///path?db=0 for a socket; several hosts by
redis+sentinel://host1,host2/service/0 and redis+cluster://host1,host2. Every verb and script touches one key, so a
Cluster needs no hash tags.
The server must not evict (`maxmemory-policy noeviction`): a forgotten "spent" mark would let a code be used twice.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import redis

from idp.config.several_hosts import place_of
from idp.meters.spent import SPENT
from idp.state import Observer, StateUnavailable, check_key, decode, encode, is_like
from idp.state.redis_clients import Cluster, connect
from idp.state.redis_direct import Direct, is_replaced

PREFIX = "doorward:"

# One script, so that a counter can never be left without its time to live. EXPIRE NX would need Redis 7.
# What is no number was not counted by us: it goes, and the count begins.
_COUNT = """
local total = redis.pcall('INCRBY', KEYS[1], ARGV[1])
if type(total) == 'table' then
  if not (string.find(total.err, 'not an integer') or string.find(total.err, 'WRONGTYPE')) then return total end
  redis.call('DEL', KEYS[1])
  total = redis.call('INCRBY', KEYS[1], ARGV[1])
end
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return total
"""


#: What means something in a pattern of Redis, but `*`.
_GLOB = re.compile(r"[\[\]?\\^]")


def _text(key: bytes) -> str:
    return key.decode("utf-8", "replace")


def _milliseconds(ttl: float) -> int:
    return max(1, int(ttl * 1000))


def _number(text: bytes | None) -> int:
    """A counter as it stands; 0 for what is no number."""
    try:
        return int(text or 0)
    except ValueError:
        return 0


def _told(server: redis.Redis) -> dict[str, object]:
    found: dict[str, object] = {}
    for ask in (_info, _saves, _time):
        with contextlib.suppress(redis.ResponseError):
            found |= ask(server)
    return found


def _info(server: redis.Redis) -> dict[str, object]:
    return dict(server.info())


def _saves(server: redis.Redis) -> dict[str, object]:
    return {"save": dict(server.config_get("save")).get("save")}


def _time(server: redis.Redis) -> dict[str, object]:
    seconds, micros = server.time()
    return {"time": seconds + micros / 1e6}


class RedisState:
    """See `idp.state.State`. Redis itself forgets what has expired."""

    def __init__(self, url: str) -> None:
        self._place = place_of(url)
        self._redis = connect(self._place)
        self._direct = Direct(self._redis) if isinstance(self._redis, redis.Redis) else None
        self._command = self._direct.ask if self._direct is not None else self._redis.execute_command
        self.observer: Observer | None = None

    def _ask(self, verb: str, key: str, *words: str | int) -> Any:
        check_key(key)
        if self.observer is not None:
            self.observer(verb)
        begun = perf_counter()
        try:
            return self._command(*words)
        except redis.ResponseError as error:
            if not str(error).startswith("WRONGTYPE"):
                raise StateUnavailable(f"Redis: {error}") from error
            return None  # a list or a set under a name of ours: somebody else's, and no value (N9)
        except redis.RedisError as error:
            raise StateUnavailable(f"Redis: {error}") from error
        finally:
            ended = perf_counter()
            SPENT.store += ended - begun
            SPENT.mark("redis", begun, ended, verb)

    def put(self, key: str, value: Any, ttl: float) -> None:
        self._ask("put", key, "SET", PREFIX + key, encode(value), "PX", _milliseconds(ttl))

    def get(self, key: str) -> Any:
        text = self._ask("get", key, "GET", PREFIX + key)
        return None if text is None else decode(text)

    def add(self, key: str, value: Any, ttl: float) -> bool:
        return bool(self._ask("add", key, "SET", PREFIX + key, encode(value), "PX", _milliseconds(ttl), "NX"))

    def take(self, key: str) -> Any:
        text = self._ask("take", key, "GETDEL", PREFIX + key)
        return None if text is None else decode(text)

    def count(self, key: str, ttl: float, by: int = 1) -> int:
        if by == 0:
            return _number(self._ask("count", key, "GET", PREFIX + key))
        return int(self._ask("count", key, "EVAL", _COUNT, 1, PREFIX + key, by, _milliseconds(ttl)))

    def forget(self, name: str, but: str = "") -> int:
        """By SCAN, which holds nobody up; what is written meanwhile may stay."""
        if self.observer is not None:
            self.observer("forget")
        try:
            found = self._redis.scan_iter(match=PREFIX + _GLOB.sub(r"\\\g<0>", name), count=1000)
            keys = [key for key in found if not (but and is_like(_text(key), PREFIX + but))]
            return sum(int(self._redis.delete(key)) for key in keys)
        except redis.RedisError as error:
            if self._direct is not None and is_replaced(error):
                self._redis.connection_pool.disconnect()
            raise StateUnavailable(f"Redis: {error}") from error

    def sweep(self, limit: int = 1000) -> int:
        if self.observer is not None:
            self.observer("sweep")
        return 0

    def facts(self) -> list[Mapping[str, object]]:
        """What each master tells of itself: INFO, what it saves, its clock (`time`, epoch seconds), and `kind`.

        Errors: `StateUnavailable`. What an ACL forbids is left out.
        """
        try:
            servers = self._redis.masters() if isinstance(self._redis, Cluster) else [self._redis]
            return [{"kind": self._place.kind, **_told(server)} for server in servers]
        except redis.RedisError as error:
            raise StateUnavailable(f"Redis: {error}") from error

    def close(self) -> None:
        if self._direct is not None:
            self._direct.close()
        self._redis.close()
