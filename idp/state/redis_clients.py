"""A client for Redis as each way of running it needs: one server, a master that Sentinels know, a Cluster.

All of them: short timeouts, and no command is sent twice. One that timed out may have been done, and a second `take`
or `count` would be another one; what may be repeated, whoever asked repeats. (What a server refused as it takes no
changes is sent to the one that took its place: `redis_direct`.)
"""

from __future__ import annotations

import copy
import threading
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import SSLConnection, parse_url
from redis.exceptions import RedisClusterException
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from idp.config.several_hosts import Place

CONNECT_TIMEOUT: Final = 0.05  # seconds
COMMAND_TIMEOUT: Final = 0.25  # seconds
_OF_SENTINEL: Final = "sentinel_"  # before the name of an option: it is for the Sentinels


def connect(place: Place) -> Any:
    """A client, which connects when it is first used. A connection that was closed while idle is noticed before a
    command is sent on it."""
    if place.kind == "sentinel":
        return _by_sentinel(place)
    if place.kind == "cluster":
        return Cluster(place)
    return redis.Redis.from_url(place.url, **_limits(), retry=_never(), protocol=2)


def _limits() -> dict[str, Any]:
    return {"socket_connect_timeout": CONNECT_TIMEOUT, "socket_timeout": COMMAND_TIMEOUT}


def _never() -> Retry:
    return Retry(NoBackoff(), 0)


def _options(place: Place) -> dict[str, Any]:
    """User, password, database and what stands behind the question mark; the hosts are named elsewhere."""
    found = dict(parse_url(place.url))
    for name in ("host", "port"):
        found.pop(name, None)
    if issubclass(found.pop("connection_class", redis.Connection), SSLConnection):
        found["ssl"] = True
    return {**found, **_limits()}


def _by_sentinel(place: Place) -> redis.Redis:
    """The master of this moment: each new connection asks the Sentinels who it is, and never a replica."""
    options = _options(place)
    own = {name: value for name, value in options.items() if name.startswith("ssl")}
    own |= {name.removeprefix(_OF_SENTINEL): options.pop(name) for name in [*options] if name.startswith(_OF_SENTINEL)}
    sentinels = _Sentinels(place.hosts, sentinel_kwargs={**own, **_limits(), "retry": _never(), "protocol": 2})
    pool = SentinelConnectionPool(place.service, sentinels, retry=_never(), protocol=2, **options)
    return redis.Redis.from_pool(pool)


class _Sentinels(Sentinel):
    """Two threads that ask at once must not lose one: the library moves who answered to the front, in place."""

    def discover_master(self, service_name: str) -> Any:
        """Its host and port. Errors: `MasterNotFoundError`."""
        asked = copy.copy(self)
        asked.sentinels = [*self.sentinels]
        found = Sentinel.discover_master(asked, service_name)
        self.sentinels = asked.sentinels
        return found


class Cluster:
    """A Cluster that need not be there yet: the library's own client looks for it when it is made."""

    def __init__(self, place: Place) -> None:
        self._place, self._lock = place, threading.Lock()
        self._client: RedisCluster | None = None

    def __getattr__(self, name: str) -> Any:
        """A command of the client's. Errors: those of redis-py, all of them a `RedisError`."""

        def run(*args: Any, **options: Any) -> Any:
            try:
                return getattr(self._opened(), name)(*args, **options)
            except RedisClusterException as error:  # which is no RedisError: the nodes are gone, or do not agree
                raise redis.ConnectionError(str(error)) from error

        return run

    def scan_iter(self, match: str, count: int) -> Any:
        """Keys of all masters."""
        try:
            yield from self._opened().scan_iter(match=match, count=count)
        except RedisClusterException as error:
            raise redis.ConnectionError(str(error)) from error

    def masters(self) -> list[redis.Redis]:
        """A client for each of the nodes that take writes."""
        try:
            client = self._opened()
            return [client.get_redis_connection(node) for node in client.get_primaries()]
        except RedisClusterException as error:
            raise redis.ConnectionError(str(error)) from error

    def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            self._client.close()

    def _opened(self) -> RedisCluster:
        with self._lock:
            if self._client is None:
                nodes = [ClusterNode(host, port) for host, port in self._place.hosts]
                options = _options(self._place)
                options.pop("db", None)
                self._client = RedisCluster(
                    startup_nodes=nodes, retry=_never(), require_full_coverage=False, protocol=2, **options
                )
            return self._client
