"""URLs of stores that name several hosts, taken apart: Redis by Sentinel or as a Cluster, PostgreSQL with standbys. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Host = tuple[str, int]
Kind = Literal["one", "sentinel", "cluster"]

_URL: Final = re.compile(
    r"(?P<scheme>rediss?)\+(?P<kind>sentinel|cluster)://(?P<who>[^/?#]*@)?(?P<hosts>[^/?#@]+)(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?"
)
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\[\]:,\s]+)(?::(\d{1,5}))?")
_PORTS: Final = {"sentinel": 26379, "cluster": 6379}
SENTINEL: Final = "redis+sentinel://host1:26379,host2:26379,host3:26379/service/0"
CLUSTER: Final = "redis+cluster://host1:6379,host2:6379,host3:6379"


@dataclass(frozen=True)
class Place:
    """Where Redis is. `hosts`: the Sentinels, or nodes of the Cluster; of a server of its own none.

    `service`: what the Sentinels call the master. `url`: of one host, with what opens it and its options.
    """

    kind: Kind
    url: str
    hosts: tuple[Host, ...] = ()
    service: str = ""


def place_of(url: str) -> Place:
    """Take apart what `storage.state_url` says. Errors: `ValueError` with what was expected."""
    if not re.match(r"rediss?\+", url):
        return Place("one", url)
    found = _URL.fullmatch(url)
    if found is None:
        raise ValueError(f"expected {SENTINEL} or {CLUSTER} (rediss+… for TLS)")
    kind: Kind = "sentinel" if found["kind"] == "sentinel" else "cluster"
    hosts = _hosts(found["hosts"], _PORTS[kind])
    service, database = _service(found["path"] or "") if kind == "sentinel" else ("", _none(found["path"] or ""))
    host, port = hosts[0]
    first = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    plain = f"{found['scheme']}://{found['who'] or ''}{first}/{database}{found['query'] or ''}"
    return Place(kind, plain, hosts, service)


def _hosts(text: str, port: int) -> tuple[Host, ...]:
    hosts = []
    for part in text.split(","):
        found = _HOST.fullmatch(part)
        if found is None or not 0 < int(found[2] or port) < 65536:
            raise ValueError("expected hosts as host:port, with commas between them")
        hosts.append((found[1].strip("[]"), int(found[2] or port)))
    return tuple(hosts)


def _service(path: str) -> tuple[str, str]:
    found = re.fullmatch(r"/([^/]+)(?:/(\d+))?", path)
    if found is None:
        raise ValueError(f"expected the name that the Sentinels have for the master behind their hosts: {SENTINEL}")
    return found[1], found[2] or "0"


def _none(path: str) -> str:
    if path not in ("", "/", "/0"):
        raise ValueError(f"expected no database, as a Cluster has 0 alone: {CLUSTER}")
    return "0"


def hosts_in(url: str) -> str:
    """The hosts and ports that a URL names, as it has them: without what opens the store."""
    return url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2]
