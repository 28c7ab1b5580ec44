"""Which application calls from an origin that nobody registered: the one whose addresses are nearest to it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from clients.client import Client
from idp.normal_forms import taken_apart
from idp.protocols import Services
from idp.public_suffixes import is_public_suffix

MAX_ORIGIN: Final = 200  # characters
_MANY: Final = 20  # applications that are compared
MAX_NEW: Final = 10  # origins that are looked up in one go: anybody may send any
_KEPT, _KEPT_FOR = 500, 300.0  # lookups, seconds


class Origins:
    """Of one process: what was looked up stays for a while."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], tuple[str, float]] = OrderedDict()
        self._new = 0

    def begin(self) -> None:
        """The next notes are taken."""
        self._new = 0

    def owner(self, services: Services, origin: str, client_id: str, now: float) -> str:
        """The id of the application; '' where none is near, or too many origins came at once."""
        key = (origin, client_id)
        found, until = self._known.get(key, ("", 0.0))
        if now < until:
            return found
        if self._new >= MAX_NEW:
            return ""
        self._new += 1
        client = nearest(services, origin, client_id)
        self._known[key] = (client.id if client is not None else "", now + _KEPT_FOR)
        self._known.move_to_end(key)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return self._known[key][0]


def nearest(services: Services, origin: str, client_id: str = "") -> Client | None:
    """`client_id`: the application that the request named. Two searches by index at most."""
    named = services.registry.find(client_id) if client_id else None
    if named is not None:
        return named
    host, port = _place(origin)
    if not host:
        return None
    found = [(_likeness(client, host, port), client.id, client) for client in _candidates(services, host)]
    best = max(found, default=None, key=lambda one: one[:2])
    return best[2] if best is not None and best[0] else None


def _candidates(services: Services, host: str) -> Iterator[Client]:
    """Those that live on this host, or on one of the same domain."""
    for part in dict.fromkeys((host, _domain(host))):
        for entry in services.registry.search(part, limit=_MANY) if part else ():
            client = services.registry.find(entry.id)
            if client is not None and client.enabled and client.saml is None:
                yield client


def _likeness(client: Client, host: str, port: int | None) -> int:
    """0: nothing speaks for it; greater: more does."""
    score = 0
    for address in (*client.oidc.allowed_origins, *client.oidc.redirect_uris):
        mine, my_port = _place(address)
        if mine == host:
            score = max(score, 3 + (my_port == port))
        elif mine and {mine, _domain(mine)} & {host, _domain(host)} - {""}:
            score = max(score, 2)
    return 2 * score + client.oidc.is_public if score else 0


def _domain(host: str) -> str:
    """The host without its first label; '' where anybody may have a name below that, or it is a number."""
    rest = host.partition(".")[2]
    is_address = host.replace(".", "").isdigit() or ":" in host
    return "" if is_address or not rest or is_public_suffix(rest) else rest


def _place(address: str) -> tuple[str, int | None]:
    try:
        parts = taken_apart(address)
        return parts.hostname or "", parts.port
    except ValueError:
        return "", None
